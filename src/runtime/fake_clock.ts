import { setImmediate } from "node:timers/promises";
import type { Clock } from "./clock.ts";

interface Timer {
  due: number;
  callback: () => void;
}

/**
 * A clock for tests: time stands still until the test moves it. Real I/O doesn't follow it, so a test that uses a socket
 * must await the socket, not `advance`.
 */
export class FakeClock implements Clock {
  readonly #start: number;
  #elapsed = 0;
  /** In the order they were set, so that timers due at the same moment fire in that order. */
  readonly #timers = new Set<Timer>();

  /** @param start wall-clock time at which this clock begins, in milliseconds since the epoch */
  constructor(start = Date.UTC(2024, 0, 1)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + Math.floor(this.#elapsed);
  }

  monotonic(): number {
    return this.#elapsed;
  }

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { due: this.#elapsed + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait to fire; 0 shows that nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on by `ms` milliseconds. Fires the timers that fall due, in order, each at its own moment; promises settle
   * before the first, after each and at the end, so that a timer set by what a timer woke fires too if it falls due.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#elapsed = Math.max(this.#elapsed, next.due);
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#elapsed = Math.max(this.#elapsed, end);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (!first || timer.due < first.due)) first = timer;
    }
    return first;
  }
}

/** Lets every promise that can settle without I/O do so: the microtask queue is empty when the next macrotask runs. */
export async function settle(): Promise<void> {
  await setImmediate();
}
