import type { ScanResult } from "./full_scan.ts";

/** Where lists cost more than they show, one is tried so often. */
const PROBE_MS = 60_000;
/** Where lists are filtered late, a poll for changes is tried so often: that may have been a passing fault. */
const TRIAL_MS = 8 * 60_000;
/** A poll that was complete, but had as many pages as a scan since so much has changed, is tried again after this. */
const INCONCLUSIVE_MS = 10_000;
/** What each page takes, at one list a second. */
const PAGE_MS = 1_000;
/** A poll is taken to cost what the cheapest of so many did. */
const REMEMBERED_POLLS = 5;

/** What lists cost, in calls: whether to use them at all, and which kind. Times are milliseconds of the monotonic clock. */
export class ListCost {
  /** What the last scan went through, and what of it was worth while. */
  #scanPages = 1;
  #usefulPages = 1;
  #isNarrow = false;
  #trialAt = -Infinity;
  /** Trials in a row that were given up since so much had changed. */
  #busyTrials = 0;
  #pollPages: number[] = [];
  /** Lists were not worth it for so many jobs; a list is tried again then. Absent where the last list says otherwise, or nothing. */
  #dear: { jobs: number; probeAt: number } | undefined;

  /** A poll for changes costs less than a scan of all jobs. */
  get usesPolls(): boolean {
    return this.#isNarrow && this.#scanPages > 1;
  }

  /** How many pages a scan has. */
  get scanPages(): number {
    return this.#scanPages;
  }

  /** Whether it is time to find out what a poll for changes costs. It misses nothing that a scan of as many pages shows. */
  wantsTrial(now: number): boolean {
    return !this.#isNarrow && this.#scanPages > 1 && now >= this.#trialAt;
  }

  /** Whether lists cost less than to describe each job, where `distant` of the jobs are described in any case. */
  isWorthwhile(jobs: number, distant: number, now: number): boolean {
    if (jobs <= 1) return false;
    if (this.#dear !== undefined && jobs <= this.#dear.jobs) return false;
    const [shown, pages] = this.usesPolls ? [jobs, Math.min(...this.#pollPages)] : [jobs - distant, this.#usefulPages];
    if (shown > pages) return true;
    this.#dear = { jobs, probeAt: now + PROBE_MS };
    return false;
  }

  /** When a list is to be tried, where lists are not worth it; infinite where they are. */
  get probeAt(): number {
    const trialAt = this.#isNarrow || this.#scanPages <= 1 ? Infinity : this.#trialAt;
    return Math.min(this.#dear?.probeAt ?? Infinity, trialAt);
  }

  /** A scan is over. If none of it was worth while, lists are not for so few jobs. */
  scanned({ jobs, pages, usefulPages, distant }: ScanResult): void {
    this.#dear = undefined;
    this.#scanPages = pages;
    // Jobs that are neither shown nor distant are behind the list's lag: the pages may yet be worth it for them.
    const isJudged = usefulPages > 0 || distant.length >= jobs;
    this.#usefulPages = distant.length === 0 || !isJudged ? pages : usefulPages > 0 ? usefulPages : jobs;
  }

  /**
   * Whether a poll with so many pages that led on though they were not full is as long as a scan. One that `hasMore` pages goes on to
   * the last page of a scan: the jobs there would not be seen until the next scan ends.
   */
  isLate(partialPages: number, { hasMore }: { hasMore: boolean }): boolean {
    return partialPages >= Math.max(1, hasMore ? this.#scanPages : this.#scanPages - 1);
  }

  /** A poll was as long as a scan since it was filtered late. */
  late(now: number): void {
    this.#isNarrow = false;
    this.#busyTrials = 0;
    this.#trialAt = now + TRIAL_MS;
  }

  /** So much has changed that a poll was given up, after more pages than a scan has. */
  tooManyChanges(pages: number, now: number): void {
    this.polled(pages, now);
    if (this.#isNarrow) return;
    // A burst is soon over. Where so much changes all the time, such polls would cost as much as the scans.
    this.#trialAt = now + Math.min(PROBE_MS, Math.max(INCONCLUSIVE_MS, 2 * pages * PAGE_MS) * 2 ** this.#busyTrials++);
  }

  /** A poll has shown all changes on so many pages. If there are as many as a scan has, nothing is known about late lists. */
  polled(pages: number, now: number): void {
    this.#dear = undefined;
    if (!this.#isNarrow && pages >= this.#scanPages) return void (this.#trialAt = now + INCONCLUSIVE_MS);
    this.#pollPages = this.#isNarrow ? [...this.#pollPages.slice(1 - REMEMBERED_POLLS), pages] : [pages];
    this.#isNarrow = true;
  }
}
