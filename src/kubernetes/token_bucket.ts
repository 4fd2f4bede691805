import type { Clock } from "../runtime/clock.ts";

/** Lets `burst` through at once, and one more every `refillMs`. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #refillMs: number;
  #tokens: number;
  #countedAt: number;

  constructor({ clock, burst, refillMs }: { clock: Clock; burst: number; refillMs: number }) {
    this.#clock = clock;
    this.#burst = burst;
    this.#refillMs = refillMs;
    this.#tokens = burst;
    this.#countedAt = clock.monotonic();
  }

  /** Takes a token if there is one. Returns 0 then, else how long there will be none, in milliseconds. */
  take(): number {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#countedAt) / this.#refillMs);
    this.#countedAt = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) * this.#refillMs);
    this.#tokens--;
    return 0;
  }
}
