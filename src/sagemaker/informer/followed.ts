import type { Entry } from "./entry.ts";

/** The jobs of one lane that are followed and have not ended; whichever was described longest ago comes first. */
export class Followed {
  readonly #byName = new Map<string, Entry>();
  /** Those that lists have not shown for too long, or are not asked to show. Ordered in the same way. */
  readonly unlisted = new Set<Entry>();
  /** Those of them that are not worth the pages up to them. */
  readonly distant = new Set<Entry>();

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
    if (!this.has(entry)) return;
    this.#byName.delete(entry.ref.name);
    this.listed(entry);
  }

  /** Lists show the job. */
  listed(entry: Entry): void {
    this.unlisted.delete(entry);
    this.distant.delete(entry);
  }

  /** Lists show all jobs, or none is used. */
  allListed(): void {
    this.unlisted.clear();
    this.distant.clear();
  }

  /** Has the job described by turn from now on; a distant one is not looked for in lists either. */
  notListed(entry: Entry, { isDistant }: { isDistant: boolean }): void {
    this.unlisted.add(entry);
    if (isDistant) this.distant.add(entry);
  }

  /** Those that `isWanted`; while this goes through them it must not change which there are. */
  filter(isWanted: (entry: Entry) => boolean): Entry[] {
    return this.#byName.values().filter(isWanted).toArray();
  }

  values(): Iterable<Entry> {
    return this.#byName.values();
  }

  /** Has those described first that were looked at longest ago. */
  sortBy(lookOf: (entry: Entry) => number): void {
    for (const entry of this.#byName.values().toArray().sort((a, b) => lookOf(a) - lookOf(b))) this.moveBack(entry);
  }

  /** Puts the job behind all others, since it is described now. */
  moveBack(entry: Entry): void {
    if (!this.has(entry)) return;
    this.#byName.delete(entry.ref.name);
    this.#byName.set(entry.ref.name, entry);
    if (this.unlisted.delete(entry)) this.unlisted.add(entry);
  }

  /** The first, or the first that is not listed, that `isWanted`; it goes behind all others, as do those before it. */
  takeTurn(from: "all" | "unlisted", isWanted: (entry: Entry) => boolean): Entry | undefined {
    for (let count = from === "all" ? this.size : this.unlisted.size; count > 0; count--) {
      const first: Entry = (from === "all" ? this.#byName : this.unlisted).values().next().value!;
      this.moveBack(first);
      if (isWanted(first)) return first;
    }
    return undefined;
  }
}
