import type { JobPage } from "../client.ts";
import type { Entry } from "./entry.ts";
import { Paging } from "./paging.ts";

/** What one DescribeProcessingJob costs, where a page of a list costs 1: a page is worth its call if it shows more than one job. */
const DESCRIBE_COST = 0.9;
/** Creation times known to be SageMaker's need a margin only because a list leaves out the moment itself. */
const MARGIN_MS = 1_000;
/** A creation time that is estimated by our clock may be off by as much. */
const SKEW_MS = 15 * 60_000;

/** What a scan has found, once it is over. */
export interface ScanResult {
  /** How many jobs it looked for. */
  jobs: number;
  /** How many pages it went through. */
  pages: number;
  /** How many of these were worth their calls. */
  usefulPages: number;
  /** Jobs so far behind the others that to describe each costs less than the pages up to them. */
  distant: Entry[];
}

/**
 * One pass over the account's jobs, the newest first, until all jobs that are followed have been listed. No filter but
 * `CreationTimeAfter` is used, since that alone is known to make a list shorter: so each page is full, and shows the state of every
 * job on it.
 *
 * A pass ends early where the pages cost more than they show: an old job that still runs is not worth the pages of all jobs that
 * were created after it.
 */
export class FullScan {
  /** On the monotonic clock. */
  readonly startedAt: number;
  readonly #jobs: number;
  readonly #createdAfter: number;
  readonly #createdFrom: (entry: Entry) => number;
  readonly #paging = new Paging();
  /** Not listed yet, by name. */
  readonly #unlisted = new Map<string, Entry>();
  /** SageMaker has listed all jobs that are newer than this, in milliseconds since the epoch. */
  #reached = Infinity;
  #isOrdered = true;
  /** By how much the pages since the last useful one cost more than to describe what they showed. */
  #debt = 0;
  #usefulPages = 0;
  /** Listed since the last useful page. */
  #sparse: Entry[] = [];
  #isCut = false;

  /**
   * @param entries the jobs to look for
   * @param createdFrom when a job was created at the earliest, in milliseconds since the epoch of SageMaker's clock
   */
  constructor(entries: Iterable<Entry>, createdFrom: (entry: Entry) => number, now: number) {
    this.startedAt = now;
    this.#createdFrom = createdFrom;
    for (const entry of entries) this.#unlisted.set(entry.ref.name, entry);
    this.#jobs = this.#unlisted.size;
    this.#createdAfter = oldestCreation(this.#unlisted.values(), createdFrom);
  }

  /** What asks for the next page. */
  get query(): { createdAfter: number; nextToken?: string } {
    return { createdAfter: this.#createdAfter, ...this.#paging.next };
  }

  get pages(): number {
    return this.#paging.pages;
  }

  /**
   * Takes in a page, and says whether another one is wanted.
   *
   * @throws {SageMakerError} where the pages lead nowhere
   */
  take(page: JobPage): boolean {
    const hits = page.jobs.map(({ name }) => this.#unlisted.get(name)).filter((entry) => entry !== undefined);
    for (const { ref } of hits) this.#unlisted.delete(ref.name);
    this.#advance(page);
    const hasMore = this.#paging.take(page);
    this.#debt = Math.max(0, this.#debt + 1 - DESCRIBE_COST * hits.length);
    if (this.#debt === 0) [this.#usefulPages, this.#sparse] = [this.#paging.pages, []];
    else this.#sparse.push(...hits);
    const expected = this.#expected().length;
    if (!hasMore || expected === 0) return false;
    this.#isCut = this.#debt >= DESCRIBE_COST * expected;
    return !this.#isCut;
  }

  /** Jobs that the pages until now ought to have shown and have not; of a scan that is over, all that it has not shown. */
  missing({ isOver }: { isOver: boolean }): Entry[] {
    const unlisted = this.#unlisted.values().toArray();
    if (isOver) return unlisted;
    const isPassed = ({ sighting: { job } }: Entry) => (job?.creationTime ?? -Infinity) > this.#reached;
    return this.#isOrdered ? unlisted.filter(isPassed) : [];
  }

  get result(): ScanResult {
    const distant = this.#isCut ? [...this.#sparse, ...this.#expected()] : this.#sparse;
    return { jobs: this.#jobs, pages: this.#paging.pages, usefulPages: this.#usefulPages, distant };
  }

  /** The job needn't be looked for any more. */
  drop(entry: Entry): void {
    if (this.#unlisted.get(entry.ref.name) === entry) this.#unlisted.delete(entry.ref.name);
  }

  /** Those that further pages may show. */
  #expected(): Entry[] {
    const unlisted = this.#unlisted.values().toArray();
    return this.#isOrdered ? unlisted.filter((entry) => this.#createdFrom(entry) <= this.#reached) : unlisted;
  }

  #advance({ jobs }: JobPage): void {
    for (const { creationTime } of jobs) {
      if (creationTime === undefined || creationTime > this.#reached) this.#isOrdered = false;
      else this.#reached = creationTime;
    }
  }
}

/** What `createdAfter` has to be for a list to show all of these jobs. */
export function oldestCreation(entries: Iterable<Entry>, createdFrom: (entry: Entry) => number): number {
  let oldest = Infinity;
  for (const entry of entries) {
    const margin = entry.sighting.job?.creationTime === undefined ? SKEW_MS : MARGIN_MS;
    oldest = Math.min(oldest, createdFrom(entry) - margin);
  }
  return oldest;
}
