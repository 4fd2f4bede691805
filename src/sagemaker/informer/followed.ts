import type { Entry } from "./entry.ts";

/** The jobs of one lane that are followed and have not ended; whom nobody has described longest comes first. */
export class Followed {
  readonly #byName = new Map<string, Entry>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Entry | undefined {
    return this.#byName.get(name);
  }

  has(entry: Entry): boolean {
    return this.#byName.get(entry.ref.name) === entry;
  }

  add(entry: Entry): void {
    this.#byName.set(entry.ref.name, entry);
  }

  delete(entry: Entry): void {
    if (this.has(entry)) this.#byName.delete(entry.ref.name);
  }

  /** Those that `isWanted`; while this goes through them it must not change which there are. */
  filter(isWanted: (entry: Entry) => boolean): Entry[] {
    return this.#byName.values().filter(isWanted).toArray();
  }

  values(): Iterable<Entry> {
    return this.#byName.values();
  }

  /** Puts the job behind all others, since it is described now. */
  moveBack(entry: Entry): void {
    if (!this.has(entry)) return;
    this.delete(entry);
    this.add(entry);
  }

  /** The first that `isWanted`, which goes behind all others, as do those before it. */
  takeTurn(isWanted: (entry: Entry) => boolean): Entry | undefined {
    for (let count = this.size; count > 0; count--) {
      const first: Entry = this.#byName.values().next().value!;
      this.moveBack(first);
      if (isWanted(first)) return first;
    }
    return undefined;
  }
}
