import type { Clock } from "../runtime/clock.ts";

const FIRST_MS = 800;
const MAX_MS = 30_000;
const QUIET_MS = 120_000;

/**
 * How long to wait before the next attempt: 0.8 s doubling to 30 s, of which half is jitter; from the start again after two
 * minutes without a failure. The numbers are those of client-go's reflector.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #lastFailure = -Infinity;

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts a failure; returns the wait in whole milliseconds, as logs show it. */
  next(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastFailure > QUIET_MS) this.#failures = 0;
    this.#lastFailure = now;
    const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(this.#failures++, 16));
    return Math.round(full * (1 - this.#random() / 2));
  }
}
