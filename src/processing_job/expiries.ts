import type { Clock } from "../runtime/clock.ts";

/** For so long after an expiry a resource of the same name is taken for a repetition. */
const WINDOW_MS = 10 * 60_000;
/** The earliest expiries are forgotten beyond so many. */
const MOST = 1_000;

/**
 * Remembers which resources `ttlSecondsAfterFinished` has deleted lately. A GitOps tool makes such a resource again, and each time
 * its job runs and is paid for again.
 */
export class Expiries {
  readonly #clock: Clock;
  /** When each expired (monotonic), by its key, in that order. */
  readonly #at = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#at.size;
  }

  /** Notes that the resource `key` has expired now. */
  note(key: string): void {
    const now = this.#clock.monotonic();
    this.#at.delete(key);
    this.#at.set(key, now);
    for (const [oldest, at] of this.#at) {
      if (this.#at.size <= MOST && now - at <= WINDOW_MS) break;
      this.#at.delete(oldest);
    }
  }

  /** How many milliseconds ago a resource `key` expired, if that was a few minutes ago. Each expiry is given once. */
  take(key: string): number | undefined {
    const at = this.#at.get(key);
    this.#at.delete(key);
    if (at === undefined) return undefined;
    const agoMs = this.#clock.monotonic() - at;
    return agoMs <= WINDOW_MS ? agoMs : undefined;
  }
}
