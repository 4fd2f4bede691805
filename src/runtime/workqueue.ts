import type { Clock } from "./clock.ts";
import { Delays } from "./delays.ts";
import { FairLine } from "./fair_line.ts";
import type { RateLimiter } from "./rate_limiter.ts";

/** The longest that a system timer can wait; for a longer delay it is set again. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Is told what a queue does with its keys. */
export interface QueueObserver {
  /** The key has come to need work; it waits, or will as soon as it is done. */
  add(key: string): void;
  /** The key was taken. */
  get(key: string): void;
  done(key: string): void;
  /** The key failed, and comes back after the rate limiter's wait. */
  retry(key: string): void;
}

/**
 * A queue of keys with the semantics of client-go's work queue:
 *
 * - a key that waits is there once, however often it was added; keys of one group come out in the order in which they went in;
 * - a key that was taken is in nobody else's hands until `done`; added meanwhile, it waits again from `done` on, once;
 * - `addAfter` and `addRateLimited` add it later; of several delays of one key the earliest counts.
 *
 * It differs in two points. Groups take turns, so that one of them, however long, does not keep another waiting; without a
 * `groupOf` all keys are one group, in client-go's order. And after a shutdown the keys that still wait are dropped, not handed out: the next
 * process lists everything again, and a stop must not take as long as the queue.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #rateLimiter: RateLimiter;
  readonly #observer: QueueObserver | undefined;
  readonly #groupOf: (key: string) => string;
  /** Keys that wait. */
  #line: FairLine;
  /** Keys that need work: those in the queue, and those in processing that were added again. */
  readonly #dirty = new Set<string>();
  /** Keys taken and not yet done. */
  readonly #processing = new Set<string>();
  readonly #delays = new Delays();
  /** The one timer, for the first of the delays. */
  #timer: { due: number; cancel: () => void } | undefined;
  #waiters: ((key: string | undefined) => void)[] = [];
  #drained: (() => void)[] = [];
  #shuttingDown = false;

  /** @param options.groupOf what a key shares with those that it takes turns together with */
  constructor(
    { clock, rateLimiter, observer, groupOf = () => "" }: {
      clock: Clock;
      rateLimiter: RateLimiter;
      observer?: QueueObserver;
      groupOf?: (key: string) => string;
    },
  ) {
    this.#clock = clock;
    this.#rateLimiter = rateLimiter;
    this.#observer = observer;
    this.#groupOf = groupOf;
    this.#line = new FairLine(groupOf);
  }

  /** How many keys wait to be taken; neither delayed ones nor those in processing. */
  get length(): number {
    return this.#line.length;
  }

  /** How many keys wait, are worked on, or have a delay pending. */
  get size(): number {
    return new Set([...this.#dirty, ...this.#processing]).size + this.#delays.size;
  }

  /** Marks `key` as in need of work. Ignored after a shutdown. */
  add(key: string): void {
    if (this.#shuttingDown || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#observer?.add(key);
    if (!this.#processing.has(key)) this.#enqueue(key);
  }

  /** Adds `key` in `ms` milliseconds, or earlier if an earlier delay of it is pending. Ignored after a shutdown. */
  addAfter(key: string, ms: number): void {
    if (this.#shuttingDown) return;
    if (ms <= 0) return this.add(key);
    this.#delays.set(key, this.#clock.monotonic() + ms);
    this.#setTimer();
  }

  /** Counts a failure of `key` and adds it after the rate limiter's wait; gives that wait in milliseconds. */
  addRateLimited(key: string): number {
    const ms = this.#rateLimiter.when(key);
    this.#observer?.retry(key);
    this.addAfter(key, ms);
    return ms;
  }

  /** Ends the delay of `key` that is pending, if there is one. */
  cancelDelay(key: string): void {
    this.#delays.delete(key);
    this.#setTimer();
  }

  /** Ends the rate limiter's count for `key`; a delay that is pending stays. */
  forget(key: string): void {
    this.#rateLimiter.forget(key);
  }

  /** How many failures of `key` the rate limiter has counted. */
  retries(key: string): number {
    return this.#rateLimiter.retries(key);
  }

  /** Takes the next key, waiting for one if need be; `undefined` after a shutdown. The caller must call `done` for it. */
  get(): Promise<string | undefined> {
    if (this.#shuttingDown) return Promise.resolve(undefined);
    const key = this.#take();
    if (key !== undefined) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Says that the work on `key` has ended. If the key was added meanwhile, it waits again. */
  done(key: string): void {
    this.#processing.delete(key);
    this.#observer?.done(key);
    if (this.#dirty.has(key)) this.#enqueue(key);
    if (this.#processing.size === 0) this.#drained.forEach((resolve) => resolve());
  }

  /** Takes no more keys, drops those that wait, and gives `undefined` to everyone who waits in `get`. */
  shutDown(): void {
    this.#shuttingDown = true;
    this.#delays.clear();
    this.#setTimer();
    this.#line = new FairLine(this.#groupOf);
    this.#dirty.clear();
    const waiters = this.#waiters;
    this.#waiters = [];
    waiters.forEach((resolve) => resolve(undefined));
  }

  /**
   * Shuts down and waits until every key that was taken is done.
   *
   * @throws the signal's reason when `signal` is aborted first
   */
  async shutDownWithDrain(signal?: AbortSignal): Promise<void> {
    this.shutDown();
    if (this.#processing.size === 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#drained.push(resolve);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#drained = this.#drained.filter((other) => other !== resolve);
    }
  }

  #setTimer(): void {
    const due = this.#delays.nextDue;
    if (this.#timer?.due === due) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (due === undefined) return;
    const ms = Math.ceil(due - this.#clock.monotonic());
    const cancel = this.#clock.setTimer(Math.min(ms, LONGEST_TIMER_MS), () => {
      this.#timer = undefined;
      const now = this.#clock.monotonic();
      for (let key = this.#delays.take(now); key !== undefined; key = this.#delays.take(now)) this.add(key);
      this.#setTimer();
    });
    this.#timer = { due, cancel };
  }

  #enqueue(key: string): void {
    this.#line.push(key);
    const waiter = this.#waiters.shift();
    waiter?.(this.#take());
  }

  #take(): string | undefined {
    const key = this.#line.shift();
    if (key === undefined) return undefined;
    this.#dirty.delete(key);
    this.#processing.add(key);
    this.#observer?.get(key);
    return key;
  }
}
