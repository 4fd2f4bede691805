import type { Job, JobStatus } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { failureOf, isThrottled, type LaneCalls, type Sending } from "./calls.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { Paging } from "./paging.ts";
import { Routine } from "./routine.ts";

/** Every job is seen so often, whatever the polls for changes miss; that leaves room below ten minutes. */
export const SWEEP_MS = 8 * 60_000;
const PAGE_SIZE = 100;
/** Many jobs that are followed at once come one after another: a sweep for them waits until none has come for so long … */
const GATHER_MS = 200;
/** … but no longer than this. */
const MAX_GATHER_MS = 2_000;
const SOONEST_PAGE_MS = 250;
/** A sweep of few pages isn't stretched: what it misses is known at its end. */
const LATEST_PAGE_MS = 15_000;
const AFTER_THROTTLE_MS = 5_000;
const AFTER_FAILURE_MS = 60_000;
/** A list leaves out the moment itself that it is asked to begin after. */
const MARGIN_MS = 1_000;

/** Those of jobs that run, as they follow each other in a life: so none slips past between the two lists. */
const STATUSES: readonly JobStatus[] = ["InProgress", "Stopping"];

export interface SweepOptions {
  clock: Clock;
  calls: LaneCalls;
  followed: Followed;
  /** Whether polls show what changes at present. */
  isListing: () => boolean;
  /** Whether lists do not work at present. */
  isBroken: () => boolean;
  onListed: (job: Job, sending: Sending) => void;
  /** These have to be described. */
  onMissing: (entries: Entry[]) => void;
}

/** One pass over all jobs that run. */
interface Pass {
  startedAt: number;
  /** Its pages follow each other at once. */
  isHurried: boolean;
  query: { createdAfter?: number };
  /** Index in `STATUSES`. */
  status: number;
  paging: Paging;
  pages: number;
  /** When the last job that was listed was created, as long as they come in that order; milliseconds since the epoch. */
  createdUpTo: number | undefined;
}

/**
 * Lists the jobs that run, slowly, again and again: who is followed and not among them is described. Also finds the jobs of which
 * nothing is known, as at the start; for many of them it hurries.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #routine: Routine;
  /** Followed, and unknown. */
  readonly #arrivals = new Set<Entry>();
  #firstArrivalAt = 0;
  #lastArrivalAt = 0;
  #pass: Pass | undefined;
  /** On the monotonic clock. */
  #nextPassAt = -Infinity;
  /** Of the last pass. */
  #pages = 0;
  #failures = 0;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#routine = new Routine(options.clock, (signal) => this.#step(signal));
  }

  start(signal: AbortSignal): void {
    this.#routine.start(signal);
  }

  settled(): Promise<void> {
    return this.#routine.settled();
  }

  /** Considers anew what is to be done, since lists are used from now on, or no longer. */
  wake(): void {
    this.#routine.wake();
  }

  /** Whether there are no sweeps, since they do not work or cost more than to describe each job. */
  get isIdle(): boolean {
    return this.#failures > 1 || this.#isDear;
  }

  /** A job is followed of which nothing is known. */
  find(entry: Entry): void {
    this.#lastArrivalAt = this.#options.clock.monotonic();
    if (this.#arrivals.size === 0) this.#firstArrivalAt = this.#lastArrivalAt;
    this.#arrivals.add(entry);
    this.#routine.wake(GATHER_MS);
  }

  drop(entry: Entry): void {
    this.#arrivals.delete(entry);
  }

  async #step(signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    const untilPass = this.#findPass(clock.monotonic());
    if (this.#pass === undefined) return Math.min(untilPass, this.#untilGathered());
    return Math.min(await this.#takePage(this.#pass, signal), this.#untilGathered());
  }

  #untilGathered(): number {
    if (this.#arrivals.size === 0 || this.#pass?.isHurried) return Infinity;
    const at = Math.min(this.#lastArrivalAt + GATHER_MS, this.#firstArrivalAt + MAX_GATHER_MS);
    return Math.max(0, at - this.#options.clock.monotonic());
  }

  /** Sees to it that there is a pass if there should be one; otherwise says in how many milliseconds there may be one. */
  #findPass(now: number): number {
    const { followed, isListing } = this.#options;
    if (followed.size === 0) this.#pass = undefined;
    if (this.#untilGathered() === 0) this.#findArrivals(now);
    if (this.#pass?.isHurried) return 0;
    if (!isListing() || followed.size === 0) {
      this.#pass = undefined;
      return Infinity;
    }
    if (this.#pass !== undefined) return 0;
    if (now < this.#nextPassAt) return this.#nextPassAt - now;
    if (!this.#isDear) {
      this.#pass = this.#newPass(now, false);
      return 0;
    }
    // What made sweeps dear may pass.
    this.#pages >>= 1;
    this.#nextPassAt = now + SWEEP_MS;
    return SWEEP_MS;
  }

  #findArrivals(now: number): void {
    const { isBroken, onMissing } = this.#options;
    const unknown = this.#arrivals.values().filter((entry) => entry.isUnseen).toArray();
    this.#arrivals.clear();
    if (isBroken() || unknown.length <= this.#expectedPages) onMissing(unknown);
    else this.#pass = this.#newPass(now, true);
  }

  #newPass(now: number, isHurried: boolean): Pass {
    return {
      startedAt: now,
      isHurried,
      query: this.#oldestCreation(),
      status: 0,
      paging: new Paging(),
      pages: 0,
      createdUpTo: 0,
    };
  }

  /** Says when the next page is due. */
  async #takePage(pass: Pass, signal: AbortSignal): Promise<number> {
    const { clock, calls, onListed } = this.#options;
    try {
      const query = { status: STATUSES[pass.status]!, ...pass.query, ...pass.paging.next };
      const { page, ...sending } = await calls.list(query, signal);
      for (const job of page.jobs) onListed(job, sending);
      pass.pages++;
      if (pass.status === 0 && !pass.isHurried) this.#findMissing(pass, page.jobs);
      if (!pass.paging.take(page)) {
        pass.status++;
        pass.paging = new Paging();
      }
    } catch (error) {
      if (signal.aborted) throw error;
      if (isThrottled(error)) return AFTER_THROTTLE_MS;
      failureOf(error);
      return this.#abandon();
    }
    if (pass.status === STATUSES.length) return this.#finish(pass);
    return pass.isHurried ? 0 : this.#pause(pass, clock.monotonic());
  }

  /** Spreads the pages that are still to come evenly over the time that is left. */
  #pause(pass: Pass, now: number): number {
    // Past what was expected, the estimate grows with what has come.
    const rest = Math.max(this.#expectedPages - pass.pages, pass.pages / 2, 1);
    return Math.min(LATEST_PAGE_MS, Math.max(SOONEST_PAGE_MS, (pass.startedAt + SWEEP_MS - now) / rest));
  }

  /** Jobs are listed in the order of their creation: who should have come by now and hasn't needn't wait for the end. */
  #findMissing(pass: Pass, jobs: readonly Job[]): void {
    const { followed, onMissing } = this.#options;
    for (const { creationTime } of jobs) {
      if (creationTime === undefined || pass.createdUpTo === undefined) continue;
      pass.createdUpTo = creationTime < pass.createdUpTo ? undefined : creationTime;
    }
    const upTo = pass.createdUpTo;
    if (upTo === undefined || jobs.length === 0) return;
    onMissing(followed.filter((entry) => {
      const created = entry.sighting.job?.creationTime;
      return created !== undefined && created < upTo && isMissing(entry, pass);
    }));
  }

  #finish(pass: Pass): number {
    const { clock, followed, onMissing } = this.#options;
    this.#pass = undefined;
    this.#failures = 0;
    this.#pages = pass.pages;
    this.#nextPassAt = pass.startedAt + SWEEP_MS;
    onMissing(followed.filter((entry) => isMissing(entry, pass)));
    return Math.max(0, this.#nextPassAt - clock.monotonic());
  }

  #abandon(): number {
    const { clock, followed, onMissing } = this.#options;
    this.#pass = undefined;
    this.#failures++;
    const wait = Math.min(SWEEP_MS, AFTER_FAILURE_MS * 2 ** (this.#failures - 1));
    this.#nextPassAt = clock.monotonic() + wait;
    onMissing(followed.filter((entry) => entry.isUnseen && !this.#arrivals.has(entry)));
    return wait;
  }

  get #isDear(): boolean {
    return this.#expectedPages >= this.#options.followed.size;
  }

  get #expectedPages(): number {
    return Math.max(this.#pages, Math.ceil(this.#options.followed.size / PAGE_SIZE) + 1);
  }

  /** Older jobs are none of ours. */
  #oldestCreation(): { createdAfter?: number } {
    let oldest = Infinity;
    for (const { sighting } of this.#options.followed.values()) {
      const created = sighting.job?.creationTime;
      if (created === undefined) return {};
      oldest = Math.min(oldest, created);
    }
    return oldest === Infinity ? {} : { createdAfter: oldest - MARGIN_MS };
  }
}

/** Nobody has seen the job since the pass began, though it was followed by then. */
function isMissing({ followedAt, lookedAt }: Entry, { startedAt }: Pass): boolean {
  return followedAt < startedAt && lookedAt < startedAt;
}
