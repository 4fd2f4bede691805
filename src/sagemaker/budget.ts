import { quotaSiteKey, type Site } from "../api/job.ts";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { IdleMap } from "./idle_map.ts";

/** What a throttled operation is left with of the rate that it is believed to allow. */
const DECREASE = 0.85;
/** How long it takes from there back to that rate: at least so long, and at least so many calls. */
const RETURN_MS = 10_000;
const RETURN_CALLS = 40;
/** Fewer successes than these between two throttles measure nothing. */
const MEASURED = 5;
const MEASURED_FIRST = 4;
/** How much a bucket holds, in milliseconds of its rate; one call at least. That of a service is taken for as large. */
const BURST_MS = 1_000;
const SLOWEST_PER_SECOND = 1 / 30;
/** Nobody calls faster than this. */
const FASTEST_PER_SECOND = 1_000;
/** Before the first throttle, what has succeeded is counted over this long and no longer. */
const LOOK_BACK_MS = 10_000;
/** Where calls hang during the slow start, the next one waits no longer than this for them. */
const HANGS_MS = 500;

/**
 * Calls a second that AWS grants an account in a region, by operation; not adjustable. CreateProcessingJob: AWS's quota page for
 * SageMaker. ListProcessingJobs: that page has ListTrainingJobs only; the same is assumed.
 */
export const PUBLISHED_PER_SECOND = { CreateProcessingJob: 1, ListProcessingJobs: 2 } as const;
/** The part of a published rate that is used, so that jitter between two calls does not exceed it; less after each throttle. */
const HELD = 0.985;
const STEP_DOWN = 0.97;
const HELD_AT_LEAST = 0.9;
/** So many throttles in a row with little in between are still taken for jitter. */
const STRAYS = 3;
/** Less than this part of a published rate, measured between two throttles, means that others in the account use the rest. */
const SHARED = 0.8;
/** A rate measured above this multiple of the published one shows that the published one does not apply here. */
const REFUTED = 1.5;
/** How long calls go at the published rate before a higher one is tried. */
const PROBE_MS = 5 * 60_000;

/** One operation at one site. */
export interface Place extends Site {
  /** The API's name, as in `CreateProcessingJob`. */
  operation: string;
}

/**
 * The budgets of all places, each the same one for every caller. Ask for a budget before each call and do not keep it: one that
 * nothing has asked for during `IDLE_MS` is dropped, and what it has learned is forgotten.
 */
export class CallBudgets {
  readonly #random: () => number;
  readonly #budgets: IdleMap<CallBudget>;

  /** @param options.random from 0 to below 1; keeps several operators in one account from probing together */
  constructor({ clock = systemClock, random = Math.random }: { clock?: Clock; random?: () => number } = {}) {
    this.#random = random;
    this.#budgets = new IdleMap(clock);
  }

  /** How many places have a budget. */
  get size(): number {
    return this.#budgets.size;
  }

  /** The budget of a place. */
  of(place: Place): CallBudget {
    // Lists are sent at half of their published rate anyway, so that throttling means that others use the rest.
    const published = place.operation === "CreateProcessingJob" ? PUBLISHED_PER_SECOND.CreateProcessingJob : undefined;
    return this.#budgets.of(`${place.operation} ${quotaSiteKey(place)}`, () => new CallBudget(this.#random, published));
  }

  /** Drops the budgets of places that no call went to lately. */
  dropIdle(): void {
    this.#budgets.dropIdle((budget) => budget.isInUse);
  }
}

/**
 * How fast one operation may be called in one region at one endpoint. AWS publishes the rates of few operations, so this learns from
 * throttling. All times are milliseconds of one monotonic clock.
 *
 * - Before the first throttle there is no rate, but a slow start: 1 call under way, then 2, 4, 8 … as they succeed.
 * - From then on there is a token bucket. Between two throttles, at both of which the service's own bucket was empty, as many calls
 *   have succeeded as the service allows: that is the limit. The rate falls to a part of it, returns to it along the curve of CUBIC
 *   (RFC 9438), which is flat there, and goes beyond it ever faster. Time in which nobody calls does not count.
 * - Where not one call has succeeded since the last throttle the rate halves, and afterwards doubles with each success.
 * - Where AWS publishes a rate, the first throttle sets that one, unless clearly more has been measured. It is held, and a higher one
 *   is tried only after five minutes without a throttle.
 */
export class CallBudget {
  readonly #random: () => number;
  #underWay = 0;
  /** The most that ever were. */
  #mostUnderWay = 0;
  /** How many calls may be under way before anything is known. */
  #window = 1;
  #takenAt = -Infinity;
  #countedFrom = -Infinity;

  #rate = Infinity;
  /** What the service is believed to allow, per second; infinite where nothing is known. */
  #limit = Infinity;
  #tokens = 0;
  #refilledAt = 0;
  /** How long it takes from the last decrease back to the limit. */
  #returnMs = 0;
  /** The part of the time since then in which the budget was made use of. */
  #usedMs = 0;
  #throttledAt = -Infinity;
  /** Successes of what was sent since, and the time made use of. */
  #successes = 0;
  #measuredMs = 0;
  /** Until when tokens are for those who wait for one. */
  #awaitedUntil = -Infinity;

  /** The most that is used while the published rate is believed; infinite otherwise. */
  #ceiling = Infinity;
  /** Throttles in a row at the ceiling between which little has succeeded. */
  #strays = 0;
  /** The time made use of at the ceiling. */
  #atCeilingMs = 0;
  readonly #published: number;

  /** @param published calls a second that AWS says it grants; infinite where it says nothing */
  constructor(random: () => number = Math.random, published = Infinity) {
    this.#random = random;
    this.#published = published;
  }

  /** Whether a call is under way. */
  get isInUse(): boolean {
    return this.#underWay > 0;
  }

  /** How many calls a second are believed to succeed just now. */
  get perSecond(): number {
    return this.#rate;
  }

  /** How many calls a second the service is believed to grant, for people; `undefined` before it has throttled any. */
  get limitPerSecond(): number | undefined {
    const limit = this.#limit === Infinity ? this.#rate : this.#limit;
    return limit === Infinity ? undefined : limit;
  }

  /**
   * How long the next call has to wait if `ahead` others go before it; 0: it may go now. Background calls leave room for the
   * others: they need a quarter of a full bucket, and that nobody else waits.
   */
  waitMs(now: number, { background = false, ahead = 0 }: { background?: boolean; ahead?: number } = {}): number {
    if (this.#rate === Infinity) return this.#slowStartMs(now, background, ahead);
    this.#refill(now);
    const needed = ahead + (background ? Math.max(1, this.#capacity / 4) : 1);
    const waitMs = Math.max(0, Math.ceil((needed - this.#tokens) / this.#rate * 1000));
    if (background) return Math.max(waitMs, this.#awaitedUntil - now);
    if (waitMs > 0) this.#awaitedUntil = now + 2 * 1000 / this.#rate;
    return waitMs;
  }

  /** Counts a call that is sent now; `report` must follow. */
  take(now: number): void {
    this.#refill(now);
    this.#underWay++;
    this.#mostUnderWay = Math.max(this.#mostUnderWay, this.#underWay);
    if (this.#rate === Infinity) {
      if (now - this.#countedFrom > LOOK_BACK_MS) [this.#countedFrom, this.#successes] = [now, 0];
    } else {
      this.#tokens = Math.max(this.#tokens - 1, -this.#capacity);
      const usedMs = Math.min(now - this.#takenAt, 2 * 1000 / this.#rate);
      this.#measuredMs += usedMs;
      if (this.#rate >= DECREASE * this.#limit) this.#grow(usedMs);
    }
    this.#takenAt = now;
  }

  /** Takes in how a call ended that was sent at `sentAt`; `unknown` where the service did not say whether it was too much. */
  report(outcome: "ok" | "throttled" | "unknown", sentAt: number, now: number): void {
    // Where AWS publishes a rate, a second call goes alone too: the service may take one call at a time, and refuses two at once.
    const isAlone = this.#published !== Infinity && this.#window === 1 && this.#successes === 0;
    if (outcome === "ok" && this.#window < 2 * this.#mostUnderWay && !isAlone) this.#window++;
    this.#underWay = Math.max(0, this.#underWay - 1);
    // Calls that were under way together are throttled together: that counts once.
    if (outcome === "unknown" || sentAt <= this.#throttledAt) return;
    if (outcome === "throttled") return this.#throttle(now);
    this.#successes++;
    const start = DECREASE * this.#limit;
    if (this.#rate < start) this.#setRate(Math.min(2 * this.#rate, start), now);
  }

  #slowStartMs(now: number, background: boolean, ahead: number): number {
    const room = background ? Math.max(1, this.#window / 2) : this.#window;
    if (this.#underWay + ahead < room) return 0;
    return Math.max(0, this.#takenAt + (1 + ahead) * HANGS_MS - now);
  }

  #throttle(now: number): void {
    const successes = this.#successes;
    const isFirst = this.#rate === Infinity;
    const rate = isFirst ? 2 * Math.max(1, successes) : this.#rate;
    // A first burst that was not refused is a bucket of the service's: as much as it is believed to grant a second.
    if (successes >= (isFirst ? MEASURED_FIRST : MEASURED)) this.#limit = this.#measuredLimit(now);
    else if (successes > 0 && !isFirst) this.#limit = rate / 2;
    const published = this.#publishedRate(successes, isFirst);
    const isUnknown = successes === 0 || this.#limit === Infinity;
    this.#setRate(published ?? (isUnknown ? rate / 2 : DECREASE * this.#limit), now);
    this.#tokens = 0;
    this.#returnMs = Math.max(RETURN_MS, RETURN_CALLS / this.#limit * 1000) * (0.9 + 0.2 * this.#random());
    this.#usedMs = 0;
    this.#throttledAt = now;
    this.#successes = 0;
    this.#measuredMs = 0;
  }

  /**
   * The rate to go on with after a throttle where AWS publishes one, and nothing speaks against it: that rate, or a little less with
   * each throttle, since jitter alone brings two calls too close together. `undefined` where what was measured decides.
   */
  #publishedRate(successes: number, isFirst: boolean): number | undefined {
    if (this.#published === Infinity) return undefined;
    const wasHeld = this.#ceiling !== Infinity;
    this.#atCeilingMs = 0;
    if (this.#limit !== Infinity && this.#limit > REFUTED * this.#published) {
      this.#ceiling = Infinity;
      return undefined;
    }
    if (!wasHeld) this.#ceiling = HELD * this.#published;
    if (successes === 0 && !isFirst) return undefined;
    if (wasHeld) {
      this.#strays = successes >= MEASURED ? 0 : this.#strays + 1;
      const isShared = this.#strays > STRAYS || successes >= MEASURED && this.#limit < SHARED * this.#published;
      if (isShared) return undefined;
      this.#ceiling = Math.max(HELD_AT_LEAST * this.#published, STEP_DOWN * this.#ceiling);
    }
    this.#limit = this.#published;
    return this.#ceiling;
  }

  #measuredLimit(now: number): number {
    // The first calls have emptied a bucket that was full.
    if (this.#rate === Infinity) return 1000 * this.#successes / Math.max(BURST_MS, now - this.#countedFrom);
    const seen = 1000 * this.#successes / this.#measuredMs;
    // A service whose bucket is small has had no use for the calls that were held back: it allows more than was seen.
    return Math.max(seen, (seen + this.#rate) / 2);
  }

  /** Moves on along the curve. */
  #grow(ms: number): void {
    if (this.#rate >= this.#ceiling) {
      this.#atCeilingMs += ms;
      if (this.#atCeilingMs < PROBE_MS) return;
      this.#ceiling = Infinity;
      this.#usedMs = this.#returnMs;
    }
    this.#usedMs += ms;
    const distance = this.#usedMs / this.#returnMs - 1;
    this.#rate = Math.min(this.#ceiling, bounded(this.#limit * (1 + (1 - DECREASE) * distance ** 3)));
  }

  #setRate(rate: number, now: number): void {
    this.#refill(now);
    this.#rate = bounded(rate);
  }

  get #capacity(): number {
    return Math.max(1, this.#rate * BURST_MS / 1000);
  }

  #refill(now: number): void {
    if (this.#rate !== Infinity) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#refilledAt) / 1000 * this.#rate);
    }
    this.#refilledAt = now;
  }
}

function bounded(rate: number): number {
  return Math.min(FASTEST_PER_SECOND, Math.max(SLOWEST_PER_SECOND, rate));
}
