import type { Failure, Job } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { failureOf, isThrottled, type LaneCalls, type Sending } from "./calls.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { ListCost } from "./list_cost.ts";
import { ListFailures } from "./list_failures.ts";
import { Polls } from "./polls.ts";
import { Routine } from "./routine.ts";
import { Scans } from "./scans.ts";
import { Unseen } from "./unseen.ts";
import { ChangeWindow } from "./window.ts";

/** Beside polls, a scan that failed is tried again after this. */
const AFTER_FAILURE_MS = 60_000;
/** Jobs that no list has shown for long are looked for so often. */
const OVERDUE_MS = 1_000;
const PAGE_SIZE = 100;
/** Beside polls, a page of a scan lets polls go first for so long. */
const YIELDS_MS = 10_000;
/** What each page takes of the time, at one list a second. */
const PAGE_MS = 1_000;

export interface ListsOptions {
  clock: Clock;
  calls: LaneCalls;
  pollIntervalMs: number;
  stalenessMs: number;
  followed: Followed;
  /** When the job was looked at last, by whatever means, on the monotonic clock. */
  lookOf: (entry: Entry) => number;
  /** Told of each job that a page shows; says whether that was news of a job that is followed. */
  onListed: (job: Job, sending: Sending) => boolean;
  /** A page has come. */
  onPage: () => void;
  /** A poll has shown all changes. */
  onPolled: () => void;
  onFailed: (failure: Failure) => void;
  /** These jobs have to be described. */
  onMissing: (entries: Entry[]) => void;
  /** There are other jobs than before that lists do not show. */
  onUnlisted: () => void;
  /** Whether lists are used is about to change, or polls cease to cover the jobs. */
  onSwitch: (isListing: boolean) => void;
}

/**
 * Lists jobs, where that costs less than to describe each, at one call a second at most.
 *
 * Where SageMaker filters a list after it was cut into pages ("late"), a poll for changes has as many pages as a scan of all jobs, so
 * scans follow each other without a pause. Where it filters before ("narrow"), there is a poll at each interval, and a slow scan
 * beside it. Which of the two it is shows in the pages of a poll.
 */
export class Lists {
  /** When the last scan or poll began that is complete, on the monotonic clock. */
  lastBegun = -Infinity;
  readonly #options: ListsOptions;
  readonly #window: ChangeWindow;
  readonly #unseen: Unseen;
  readonly #cost = new ListCost();
  readonly #failures = new ListFailures();
  readonly #polls: Polls;
  readonly #scans: Scans;
  readonly #routine: Routine;
  #isListing = false;
  #overdueAt = -Infinity;

  constructor(options: ListsOptions) {
    const { clock } = options;
    this.#options = options;
    this.#window = new ChangeWindow(clock.now(), clock.monotonic());
    this.#unseen = new Unseen(clock);
    const createdFrom = ({ sighting, createdFrom }: Entry) =>
      sighting.job?.creationTime ?? this.#window.stampAt(createdFrom, clock.monotonic());
    const common = { ...options, cost: this.#cost, window: this.#window, createdFrom };
    this.#polls = new Polls(common);
    const isPolling = () => this.lastPoll !== undefined;
    this.#scans = new Scans({ ...common, isPolling });
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
    return this.#failures.isBroken;
  }

  /** The last poll that has shown all changes before it; absent while there are none. */
  get lastPoll(): Sending | undefined {
    return this.#polls.last;
  }

  /** One more job is followed, last looked at `lookedAt`. Says whether the next list shows what has changed since. */
  cover(lookedAt: number): boolean {
    if (!this.#isListing) this.#routine.wake();
    return this.#polls.covers(lookedAt);
  }

  /** A job is followed of which nothing is known. */
  find(entry: Entry): void {
    this.#unseen.add(entry);
    this.#routine.wake(this.#unseen.waitMs);
  }

  /** The job is not followed any more. */
  drop(entry: Entry): void {
    this.#unseen.drop(entry);
    this.#scans.drop(entry);
  }

  /** A list was seen to lag by so many milliseconds: polls have to go back further. */
  noteLag(ms: number): void {
    this.#window.observeLag(ms, this.#options.clock.monotonic());
  }

  /** A job was changed at that time of SageMaker's clock, and since the last poll by ours, but no poll has shown it. */
  correct(lastModifiedTime: number): void {
    if (this.lastPoll === undefined) return;
    this.#window.correct(lastModifiedTime, this.lastPoll.sent, this.#options.clock.monotonic());
  }

  /** At most one call; says when there may be another. */
  async #step(signal: AbortSignal): Promise<number> {
    const { clock, calls, followed } = this.#options;
    const now = clock.monotonic();
    this.#choose(now);
    if (this.#unseen.waitMs === 0) this.#findUnseen();
    this.#markOverdue(now);
    const isPoll = this.#isPollNext(now);
    // Nothing is cheaper than one Describe.
    const dueAt = followed.size <= 1 ? Infinity : isPoll ? this.#polls.dueAt : this.#nextScanAt(now);
    const wait = dueAt > now ? dueAt - now : calls.listWaitMs();
    if (wait > 0) return Math.min(wait, this.#unseen.waitMs, this.#isListing ? OVERDUE_MS : Infinity);
    await this.#takePage(now, isPoll, signal);
    return 0;
  }

  /** Decides whether to list, and whether polls do. */
  #choose(now: number): void {
    const { followed, pollIntervalMs, onSwitch } = this.#options;
    const isListing = !this.isBroken && this.#cost.isWorthwhile(followed.size, followed.distant.size, now);
    const isSwitched = isListing !== this.#isListing;
    if (isSwitched || (this.lastPoll !== undefined && !(isListing && this.#cost.usesPolls))) {
      onSwitch(isListing);
      this.#polls.reset(now);
      this.#scans.dueAt = Math.min(this.#scans.dueAt, now + pollIntervalMs);
    }
    // A list that is only tried ends with the jobs that it is for.
    if (isSwitched || followed.size <= 1) this.#scans.reset(isListing ? now : this.#scans.dueAt);
    if (!isSwitched) return;
    this.#isListing = isListing;
    followed.allListed();
  }

  #isPollNext(now: number): boolean {
    if (this.isBroken || this.#scans.isHurried) return false;
    if (this.#cost.usesPolls) {
      const isTried = this.#polls.isUnderWay || this.#cost.probeAt <= now;
      return this.#isListing ? this.#isPollBeforeScan(now) : isTried && this.#polls.dueAt <= now;
    }
    // A trial takes the place of a scan.
    const isTrial = !this.#scans.isUnderWay && this.#polls.dueAt <= now && this.#cost.wantsTrial(now);
    return this.#polls.isUnderWay || isTrial;
  }

  /** A page of a scan comes between two polls when both can be had: a poll that waits for it shows what has changed later. */
  #isPollBeforeScan(now: number): boolean {
    const [pollAt, scanAt] = [this.#polls.dueAt, this.#nextScanAt(now)];
    return pollAt <= scanAt || (now - scanAt < YIELDS_MS && !this.#options.calls.leavesListAt(pollAt));
  }

  /** When the next page of a scan is due. Where lists are not used it only shows whether they should be. */
  #nextScanAt(now: number): number {
    const { dueAt, isUnderWay } = this.#scans;
    if (!this.#isListing) return isUnderWay || this.isBroken ? dueAt : this.#cost.probeAt;
    const { waitMs } = this.#unseen;
    // A new scan waits until all unseen jobs have come.
    return isUnderWay || waitMs === Infinity ? dueAt : Math.max(dueAt, now + waitMs);
  }

  /** A few are described at once, many are looked for in a list. */
  #findUnseen(): void {
    const { followed, onMissing } = this.#options;
    const unseen = this.#unseen.take();
    const pages = Math.max(this.#cost.scanPages, Math.ceil(followed.size / PAGE_SIZE) + 1);
    if (!this.#isListing || unseen.length <= pages) return onMissing(unseen);
    // A scan that is under way may have passed them by.
    if (this.#cost.usesPolls) this.#scans.hurry();
  }

  /** Has jobs described by turn that no list has shown for longer than two scans take. */
  #markOverdue(now: number): void {
    const { followed, lookOf, pollIntervalMs, stalenessMs, onUnlisted } = this.#options;
    if (!this.#isListing || now < this.#overdueAt) return;
    this.#overdueAt = now + OVERDUE_MS;
    const scanMs = Math.max(this.#scans.lastMs, followed.size / PAGE_SIZE * PAGE_MS, pollIntervalMs);
    // A poll that is tried between two scans has a page more than a scan.
    const since = now - Math.max(stalenessMs, 2 * scanMs + 2 * PAGE_MS);
    const overdue = followed.filter((entry) => lookOf(entry) < since && !followed.unlisted.has(entry));
    for (const entry of overdue) followed.notListed(entry, { isDistant: false });
    if (overdue.length > 0) onUnlisted();
  }

  async #takePage(now: number, isPoll: boolean, signal: AbortSignal): Promise<void> {
    const { calls, clock, onUnlisted, onPolled } = this.#options;
    try {
      const { query } = isPoll ? this.#polls.get(now) : this.#scans.get(now);
      const { page, ...sending } = await calls.list(query, signal);
      this.#takeJobs(page.jobs, sending, isPoll);
      if (!isPoll) {
        const scan = this.#scans.take(page);
        if (scan === undefined) return;
        this.#ended(scan.startedAt);
        return onUnlisted();
      }
      const outcome = this.#polls.take(page, sending);
      if (outcome === "many" && this.#isListing) this.#scans.hurry();
      // Beside polls the next scan may have been minutes away.
      if (outcome === "late") this.#scans.dueAt = Math.min(this.#scans.dueAt, clock.monotonic());
      if (outcome !== "done") return;
      this.#ended(this.lastPoll!.sent);
      onPolled();
    } catch (error) {
      if (signal.aborted) throw error;
      this.#fail(error, isPoll);
    }
  }

  #takeJobs(jobs: readonly Job[], sending: Sending, isPoll: boolean): void {
    const { clock, onPage, onListed } = this.#options;
    const now = clock.monotonic();
    if (this.#isListing) onPage();
    for (const job of jobs) {
      if (job.lastModifiedTime !== undefined) this.#window.observe(job.lastModifiedTime, now);
      if (!onListed(job, sending)) continue;
      if (isPoll) this.#polls.observeNews(job);
      // Polls ought to have shown it, unless it has changed since the last one.
      else if (job.lastModifiedTime !== undefined) this.correct(job.lastModifiedTime);
    }
  }

  /** A scan or a poll that began then is complete. */
  #ended(begunAt: number): void {
    this.#failures.ended();
    this.lastBegun = begunAt;
  }

  /** Where calls are only too many their budget makes them fewer, and the list goes on. */
  #fail(error: unknown, isPoll: boolean): void {
    const { clock, followed, onFailed, onMissing } = this.#options;
    const failure = failureOf(error);
    if (this.#isListing || isThrottled(error)) onFailed(failure);
    if (isThrottled(error)) return;
    const dueAt = clock.monotonic() + this.#failures.failed(failure);
    if (isPoll) this.#polls.failed(dueAt);
    if (isPoll && !this.isBroken) return;
    this.#scans.reset(this.isBroken || this.lastPoll === undefined ? dueAt : clock.monotonic() + AFTER_FAILURE_MS);
    onMissing(followed.filter(({ isUnseen }) => isUnseen));
  }
}
