/** Texts that are remembered at once, and the longest of them: what is longer is hardly ever the same in two objects. */
const MAX_TEXTS = 1_000;
const MAX_LENGTH = 200;

/**
 * Gives equal texts one place in memory. Objects of one kind say much the same: their image, their role, their conditions. Each
 * parsed object brings copies of its own, and in ten thousand small objects those are a quarter of the memory.
 */
export class SharedTexts {
  readonly #known = new Map<string, string>();

  /** Puts, throughout `value` and in place, a text that was seen lately for each that equals it. */
  shareWithin(value: object): void {
    const members = value as Record<string, unknown>;
    // Of `for … in` the stores would be several times slower.
    for (const key of Object.keys(members)) {
      const member = members[key];
      if (typeof member === "string") {
        const known = this.#known.get(member);
        if (known !== undefined) members[key] = known;
        else if (member.length <= MAX_LENGTH) this.#remember(member);
      } else if (typeof member === "object" && member !== null) this.shareWithin(member);
    }
  }

  #remember(text: string): void {
    // What is common is soon known again, so that a count of uses would gain nothing.
    if (this.#known.size === MAX_TEXTS) this.#known.clear();
    this.#known.set(text, text);
  }
}
