import type { Clock } from "../../runtime/clock.ts";

/** A token bucket: full at first, refilled evenly. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #refilledAt: number;

  /**
   * @param perSecond how many tokens are added in a second
   * @param burst how many it holds. @default a second's worth, and 1 at least
   */
  constructor(clock: Clock, perSecond: number, burst = Math.max(1, perSecond)) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#refilledAt = clock.monotonic();
  }

  /** Takes one token, if there is one. */
  take(): boolean {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#refilledAt) / 1000 * this.#perSecond);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
