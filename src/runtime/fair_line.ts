/**
 * Keys that wait: of one group first come first served, and of several groups one key of each in turn. A group that comes
 * joins at the end of the turns. What a step costs does not depend on how many keys or groups there are.
 */
export class FairLine {
  readonly #groupOf: (key: string) => string;
  /** Those groups of which somebody waits. */
  readonly #groups = new Map<string, Fifo>();
  /** The names of the same groups, in the order of their turns. */
  readonly #turns = new Fifo();
  #length = 0;

  constructor(groupOf: (key: string) => string) {
    this.#groupOf = groupOf;
  }

  get length(): number {
    return this.#length;
  }

  push(key: string): void {
    const name = this.#groupOf(key);
    let group = this.#groups.get(name);
    if (group === undefined) {
      this.#groups.set(name, group = new Fifo());
      this.#turns.push(name);
    }
    group.push(key);
    this.#length++;
  }

  /** Takes out who is next; `undefined` where nobody waits. */
  shift(): string | undefined {
    const name = this.#turns.shift();
    if (name === undefined) return undefined;
    const group = this.#groups.get(name)!;
    const key = group.shift();
    if (group.length > 0) this.#turns.push(name);
    else this.#groups.delete(name);
    this.#length--;
    return key;
  }
}

/** First in, first out. Two arrays, since `shift` of a long one moves all of it. */
class Fifo {
  #entering: string[] = [];
  /** Those before them, in reverse. */
  #leaving: string[] = [];

  get length(): number {
    return this.#entering.length + this.#leaving.length;
  }

  push(text: string): void {
    this.#entering.push(text);
  }

  shift(): string | undefined {
    if (this.#leaving.length === 0) {
      this.#leaving = this.#entering.reverse();
      this.#entering = [];
    }
    return this.#leaving.pop();
  }
}
