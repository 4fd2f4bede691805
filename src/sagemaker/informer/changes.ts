import { getLogger } from "@logtape/logtape";
import type { Failure, Job } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { failureOf, isThrottled, type LaneCalls, type Sending } from "./calls.ts";
import { Paging } from "./paging.ts";
import { Routine } from "./routine.ts";
import { ChangeWindow, type Window } from "./window.ts";

/** After so many polls in a row that failed, or one that was denied, jobs are described one by one. */
const MAX_FAILURES = 3;
/** Meanwhile, and while that is cheaper, a poll is tried so often. */
const PROBE_MS = 60_000;
/** What is broken by the network or a fault of the service may be well again sooner. */
const FIRST_PROBE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
/** A poll is taken to cost what the cheapest of so many did. */
const REMEMBERED_POLLS = 5;
/** Where a poll has more pages than these, polls are as much rarer. */
const PAGES_AN_INTERVAL = 10;
/** A poll never goes back further than this for one job. */
const MAX_COVERED_MS = 60_000;

const log = getLogger(["operator", "sagemaker-informer"]);

export interface ChangesOptions {
  clock: Clock;
  calls: LaneCalls;
  pollIntervalMs: number;
  stalenessMs: number;
  /** How many jobs are followed. */
  followed: () => number;
  /** On the monotonic clock, when that job was looked at that nobody has looked at longest. */
  oldestLook: () => number;
  /** Told of each job that a page shows; says whether that was news of a job that is followed. */
  onListed: (job: Job, sending: Sending) => boolean;
  /** A poll has shown all changes. */
  onComplete: () => void;
  onFailed: (failure: Failure) => void;
  /** Polls are about to begin, or to end. */
  onSwitch: (isListing: boolean) => void;
}

/** Lists what has changed since the last time, where that costs less than describing each job that is followed. */
export class ChangesPoll {
  /** The last poll that has shown all changes before it; absent while there are none. */
  lastComplete: Sending | undefined;
  readonly #options: ChangesOptions;
  readonly #window: ChangeWindow;
  readonly #routine: Routine;
  /** On the monotonic clock: the next poll must show the changes after this. */
  #anchor = 0;
  /** And the changes after this too, for jobs that are followed only now. */
  #owed = Infinity;
  #isListing = false;
  /** Of the last polls, how many pages they had. */
  #pages = [1];
  #failures = 0;
  #isDenied = false;
  /** On the monotonic clock. */
  #probeAt = -Infinity;

  constructor(options: ChangesOptions) {
    const { clock } = options;
    this.#options = options;
    this.#window = new ChangeWindow(clock.now(), clock.monotonic());
    this.#routine = new Routine(clock, (signal) => this.#step(signal));
  }

  start(signal: AbortSignal): void {
    this.#routine.start(signal);
  }

  settled(): Promise<void> {
    return this.#routine.settled();
  }

  /** Whether lists show what changes; otherwise each job has to be described. */
  get isListing(): boolean {
    return this.#isListing;
  }

  /** Lists do not work at present. */
  get isBroken(): boolean {
    return this.#isDenied || this.#failures >= MAX_FAILURES;
  }

  /** One more job is followed, last looked at `lookedAt`. Says whether the next poll shows what has changed since. */
  cover(lookedAt: number): boolean {
    if (!this.#isListing) {
      this.#routine.wake();
      return true;
    }
    if (lookedAt < this.#anchor - MAX_COVERED_MS) return false;
    // A poll that is under way may have passed it by.
    this.#owed = Math.min(this.#owed, lookedAt);
    return true;
  }

  /** A list that has just come shows this job. */
  observe({ lastModifiedTime }: Job): void {
    if (lastModifiedTime !== undefined) this.#window.observe(lastModifiedTime, this.#options.clock.monotonic());
  }

  /** A job was changed at that time of SageMaker's clock, and since the last poll by ours, but no poll has shown it. */
  correct(lastModifiedTime: number): void {
    if (this.lastComplete === undefined) return;
    this.#window.correct(lastModifiedTime, this.lastComplete.sent, this.#options.clock.monotonic());
  }

  async #step(signal: AbortSignal): Promise<number> {
    const { clock, followed, oldestLook } = this.#options;
    this.#choose();
    const now = clock.monotonic();
    if (!this.#isListing) {
      // Nothing is cheaper than one Describe.
      if (followed() <= 1) return Infinity;
      if (now < this.#probeAt) return this.#probeAt - now;
      this.#anchor = oldestLook();
      this.#probeAt = now + this.#probeMs();
    }
    const pages = await this.#poll(signal);
    this.#choose();
    const dueAt = this.#isListing ? now + this.#pause(pages) : this.#probeAt;
    return Math.max(0, dueAt - clock.monotonic());
  }

  /** How long it is from one poll to the next. */
  #pause(pages: number): number {
    const { pollIntervalMs, stalenessMs } = this.#options;
    const [factor, longest] = this.#failures > 0
      ? [2 ** this.#failures, MAX_PAUSE_MS]
      : [Math.max(1, pages / PAGES_AN_INTERVAL), stalenessMs / 2];
    return Math.max(pollIntervalMs, Math.min(longest, pollIntervalMs * factor));
  }

  #probeMs(): number {
    if (!this.isBroken || this.#isDenied) return PROBE_MS;
    return Math.min(PROBE_MS, FIRST_PROBE_MS * 2 ** (this.#failures - MAX_FAILURES));
  }

  /** Decides whether to list. */
  #choose(): void {
    const { clock, followed, oldestLook, onSwitch } = this.#options;
    const isListing = !this.isBroken && followed() > Math.min(...this.#pages);
    if (isListing === this.#isListing) return;
    onSwitch(isListing);
    this.#isListing = isListing;
    this.lastComplete = undefined;
    // What was looked at one by one until now needs no list of what came before.
    if (isListing) this.#anchor = oldestLook();
    else this.#probeAt = clock.monotonic() + this.#probeMs();
  }

  /** Says how many pages there were. */
  async #poll(signal: AbortSignal): Promise<number> {
    const { clock, calls, onListed } = this.#options;
    this.#anchor = Math.min(this.#anchor, this.#owed);
    this.#owed = Infinity;
    const window = this.#window.open(this.#anchor, clock.monotonic());
    const paging = new Paging();
    let first: Sending | undefined;
    try {
      for (let more = true; more;) {
        const { page, ...sending } = await calls.list({ modifiedAfter: window.since, ...paging.next }, signal);
        first ??= sending;
        for (const job of page.jobs) this.#take(job, onListed(job, sending), window);
        more = paging.take(page);
      }
      this.#onComplete(first!, window, paging.pages);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#onFailed(error);
    }
    return paging.pages;
  }

  #take(job: Job, isNews: boolean, window: Window): void {
    this.observe(job);
    if (isNews && job.lastModifiedTime !== undefined) {
      this.#window.observeNews(job.lastModifiedTime, window, this.#options.clock.monotonic());
    }
  }

  #onComplete(first: Sending, window: Window, pages: number): void {
    const { clock, onComplete } = this.#options;
    this.#window.close(window, pages, clock.monotonic());
    this.#pages = this.#isListing ? [...this.#pages.slice(1 - REMEMBERED_POLLS), pages] : [pages];
    if (this.isBroken) log.info("Processing jobs can be listed again");
    this.#failures = 0;
    this.#isDenied = false;
    this.#anchor = first.sent;
    if (!this.#isListing) return;
    this.lastComplete = first;
    onComplete();
  }

  /** Where calls are only too many, their budget makes them fewer. */
  #onFailed(error: unknown): void {
    const failure = failureOf(error);
    const wasBroken = this.isBroken;
    if (!isThrottled(error)) this.#failures++;
    if (failure.reason === "AccessDenied") this.#isDenied = true;
    if (this.isBroken && !wasBroken) {
      log.warn("Cannot list the processing jobs; they are described one by one", { failure });
    }
    if (this.#isListing) this.#options.onFailed(failure);
  }
}
