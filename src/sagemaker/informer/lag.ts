import type { Clock } from "../../runtime/clock.ts";

const REMEMBER_MS = 5 * 60_000;

/** How far SageMaker's lists are behind, as far as that is known: the most that was seen lately. */
export class ListLag {
  readonly #clock: Clock;
  #seen = { ms: 0, at: -Infinity };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds. */
  get ms(): number {
    return this.#clock.monotonic() - this.#seen.at <= REMEMBER_MS ? this.#seen.ms : 0;
  }

  /** A list was seen to be so far behind; nothing if that is negative. */
  note(ms: number): void {
    if (ms > 0 && ms >= this.ms) this.#seen = { ms, at: this.#clock.monotonic() };
  }
}
