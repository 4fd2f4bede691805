import type { Failure } from "../api/job.ts";
import { type Arrival, ByTurn } from "./arrivals.ts";
import type { CallBudget } from "./budget.ts";

/** Who was called goes first for this long; then whoever comes does, since the queue that its key is in may be a long one. */
const GOES_FIRST_MS = 1_000;
/** Who was called and does not come within this time is called no more. It may come all the same. */
const COMES_WITHIN_MS = 60_000;
/** More than this many are not called at a time. */
const MOST_CALLED = 64;
/** Who comes first and would come later than it may go, by more than this, is told anew. */
const LATE_MS = 100;

interface Waiter {
  readonly key: string;
  readonly arrival: Arrival;
  /** When it will come by itself. */
  dueAt: number;
  /** Its own last failure. */
  failure?: Failure;
}

/**
 * Those whose calls of one operation have to wait for its budget, or because as many are under way as may be. Tenants
 * take turns, and of one tenant they go in the order of arrival, as far as they come when they are called. Like `WaitingLine` it has no timers: who waits is told how long, or
 * is called. All moments are those of one monotonic clock.
 */
export class BudgetLine {
  readonly budget: CallBudget;
  readonly #mostUnderWay: number;
  readonly #call: (key: string) => void;
  readonly #waiting = new ByTurn<Waiter>(true);
  /** Those who were called and have not come yet, in the order in which they were. */
  readonly #called = new Map<string, Waiter & { at: number }>();
  /** When the calls under way were sent. */
  readonly #sentAt = new Map<string, number>();
  /** Why calls are held back, in words that stay the same. */
  #failure: Failure | undefined;

  /** @param call told of who may go now, and does not know it yet */
  constructor(budget: CallBudget, mostUnderWay: number, call: (key: string) => void) {
    this.budget = budget;
    this.#mostUnderWay = mostUnderWay;
    this.#call = call;
  }

  /** Whether nothing waits here, and no call is under way. */
  get isIdle(): boolean {
    return this.#waiting.size === 0 && this.#called.size === 0 && this.#sentAt.size === 0;
  }

  /** Whether `key` waits here, or has a call under way. */
  has(key: string): boolean {
    return this.#sentAt.has(key) || this.#find(key) !== undefined;
  }

  /** Gives 0 if `key` may go now. Otherwise it waits here, for about as long as this gives; infinite: until it is called. */
  ask(key: string, arrival: Arrival, now: number): number {
    this.#callNext(now);
    if (this.#isFree(this.#goingBefore(key, now), now)) return 0;
    return this.#tell(this.#join(key, arrival), now);
  }

  /** The call of `key` is sent now; `ended` must follow. */
  begin(key: string, now: number): void {
    this.ended(key, "unknown", now);
    this.#waiting.served(key);
    this.#remove(key);
    this.#sentAt.set(key, now);
    this.budget.take(now);
  }

  /** Takes in how a call ended; `unknown` where the service did not say whether it was too much. */
  ended(key: string, outcome: "ok" | "throttled" | "unknown", now: number): void {
    const sentAt = this.#sentAt.get(key);
    if (sentAt === undefined) return;
    this.#sentAt.delete(key);
    this.budget.report(outcome, sentAt, now);
    this.#callNext(now);
  }

  /** The call of `key` was throttled; gives how long it has to wait. */
  throttled(key: string, arrival: Arrival, failure: Failure, now: number): number {
    // Each request has another id, and all who wait show this text.
    if (failure.code !== this.#failure?.code) this.#failure = failure;
    const waiter = this.#join(key, arrival);
    waiter.failure = failure;
    return this.#tell(waiter, now);
  }

  /** Why `key` waits here: its own last failure or, where it has none, that of the others; `undefined` if none was throttled. */
  failureFor(key: string): Failure | undefined {
    if (this.budget.perSecond === Infinity || this.#failure === undefined) return undefined;
    return this.#find(key)?.failure ?? this.#failure;
  }

  /** `key` is gone, and so is what it has under way. */
  leave(key: string, now: number): void {
    if (!this.has(key)) return;
    this.#remove(key);
    this.ended(key, "unknown", now);
    this.#callNext(now);
  }

  #find(key: string): Waiter | undefined {
    return this.#waiting.get(key) ?? this.#called.get(key);
  }

  #join(key: string, arrival: Arrival): Waiter {
    const waiting = this.#waiting.get(key);
    if (waiting) return waiting;
    const waiter = this.#called.get(key) ?? { key, arrival, dueAt: Infinity };
    this.#called.delete(key);
    this.#waiting.add(waiter);
    return waiter;
  }

  #remove(key: string): void {
    this.#waiting.delete(key);
    this.#called.delete(key);
  }

  #isFree(ahead: number, now: number): boolean {
    return this.#sentAt.size + ahead < this.#mostUnderWay && this.budget.waitMs(now, { ahead }) === 0;
  }

  /** How many go before `key` since they were called and it was not, or later. Before the first throttle there is no order. */
  #goingBefore(key: string, now: number): number {
    if (this.budget.perSecond === Infinity) return 0;
    let count = 0;
    for (const [other, { at }] of this.#called) {
      if (other === key) return count;
      if (now - at < GOES_FIRST_MS) count++;
    }
    return count;
  }

  #tell(waiter: Waiter, now: number): number {
    const ahead = this.#called.size + this.#waiting.countBefore(waiter);
    // The end of a call calls the next one.
    const isFull = this.#sentAt.size >= this.#mostUnderWay;
    const waitMs = isFull ? Infinity : Math.max(1, this.budget.waitMs(now, { ahead }));
    waiter.dueAt = now + waitMs;
    return waitMs;
  }

  /** Calls those who may go, and the one after them if it has been told too late a time: the rate has changed since. */
  #callNext(now: number): void {
    this.#forgetTheMissing(now);
    while (this.#called.size < MOST_CALLED && this.#waiting.first && this.#isFree(this.#called.size, now)) {
      const next = this.#waiting.first;
      this.#waiting.served(next.key);
      this.#waiting.delete(next.key);
      this.#called.set(next.key, { ...next, at: now });
      this.#call(next.key);
    }
    const first = this.#waiting.first;
    if (first === undefined || this.#sentAt.size >= this.#mostUnderWay) return;
    const dueAt = now + this.budget.waitMs(now, { ahead: this.#called.size });
    if (first.dueAt <= dueAt + LATE_MS) return;
    first.dueAt = dueAt;
    this.#call(first.key);
  }

  #forgetTheMissing(now: number): void {
    for (const [key, { at }] of this.#called) {
      if (now - at < COMES_WITHIN_MS) return;
      this.#called.delete(key);
    }
  }
}
