/** One call in four seconds: 15 a minute for each operation, so that the four which the operator makes stay at 60. */
const EVERY_MS = 4_000;
/** What failed unasked is made up for over at most this long. */
const MOST_DEBT_MS = 60_000;

/** What the calls that will probably fail again may cost: at most one every four seconds, in the order of asking. */
export class RetryBudget {
  #next = -Infinity;

  /** The moment for one more retry, at or after `now`; nobody else gets the same. */
  reserve(now: number): number {
    const at = Math.max(now, this.#next);
    this.#next = at + EVERY_MS;
    return at;
  }

  /** Counts a failure that no moment was reserved for. */
  charge(now: number): void {
    const next = Math.max(now, this.#next);
    if (next - now < MOST_DEBT_MS) this.#next = next + EVERY_MS;
  }
}
