import type { Clock } from "../../runtime/clock.ts";
import type { JobPage } from "../client.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { FullScan } from "./full_scan.ts";
import type { ListCost } from "./list_cost.ts";

/** Distant jobs are looked for so often; and beside polls all jobs are listed at least so often: each is seen within ten minutes. */
export const SCAN_MS = 8 * 60_000;
/** Beside polls, the pages of scans come so long after each other, or sooner where there are very many. */
const PAGE_PAUSE_MS = 15_000;

export interface ScansOptions {
  clock: Clock;
  pollIntervalMs: number;
  followed: Followed;
  cost: ListCost;
  /** When the job was created at the earliest, on SageMaker's clock. */
  createdFrom: (entry: Entry) => number;
  /** Whether polls show what changes, so that scans needn't hurry. */
  isPolling: () => boolean;
  /** Nothing is known of these jobs, or they were not looked at for long, and no list shows them. */
  onMissing: (entries: Entry[]) => void;
}

/** Scans of all jobs, one after another. */
export class Scans {
  /** When the next page is due, on the monotonic clock. */
  dueAt = -Infinity;
  /** How long the last one took, in milliseconds. */
  lastMs = 0;
  /** The scan takes the place of polls. */
  isHurried = false;
  readonly #options: ScansOptions;
  #scan: FullScan | undefined;
  /** The scan looks for distant jobs too. */
  #isThorough = false;
  #thoroughAt = -Infinity;

  constructor(options: ScansOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#scan !== undefined;
  }

  /** The job needn't be looked for any more. */
  drop(entry: Entry): void {
    this.#scan?.drop(entry);
  }

  /** Gives up the scan that is under way; the next one is due then. */
  reset(dueAt: number): void {
    [this.#scan, this.isHurried, this.dueAt] = [undefined, false, dueAt];
  }

  /** Has a new scan take the place of polls until it is over. */
  hurry(): void {
    this.reset(this.#options.clock.monotonic());
    this.isHurried = true;
  }

  /** The scan that is under way, or a new one. */
  get(now: number): FullScan {
    return this.#scan ??= this.#newScan(now);
  }

  #newScan(now: number): FullScan {
    const { followed, isPolling, createdFrom } = this.#options;
    this.#isThorough = isPolling() || now >= this.#thoroughAt || followed.distant.size === followed.size;
    if (this.#isThorough) this.#thoroughAt = now + SCAN_MS;
    const wanted = this.#isThorough ? followed.values() : followed.filter((entry) => !followed.distant.has(entry));
    return new FullScan(wanted, createdFrom, now);
  }

  /**
   * Takes in the next page. Gives the scan once it is over.
   *
   * @throws {SageMakerError} where the pages lead nowhere
   */
  take(page: JobPage): FullScan | undefined {
    const { clock, isPolling } = this.#options;
    const now = clock.monotonic();
    const scan = this.#scan!;
    if (!scan.take(page)) {
      this.#finish(scan, now);
      return scan;
    }
    this.dueAt = this.#nextPageAt(now);
    if (isPolling()) this.#tellMissing(scan, { isOver: false });
    return undefined;
  }

  /** Beside polls each page takes a poll's place. */
  #nextPageAt(now: number): number {
    const { cost, isPolling } = this.#options;
    return isPolling() && !this.isHurried ? now + pagePauseMs(cost.scanPages) : now;
  }

  #finish(scan: FullScan, now: number): void {
    const { cost, followed, pollIntervalMs, isPolling } = this.#options;
    this.lastMs = now - scan.startedAt;
    cost.scanned(scan.result);
    this.reset(isPolling() ? now + pagePauseMs(cost.scanPages) : scan.startedAt + pollIntervalMs);
    this.#tellMissing(scan, { isOver: true });
    // Polls show distant jobs too.
    if (isPolling()) return;
    if (this.#isThorough) followed.distant.clear();
    // Where no page was worth while lists are not used at all.
    if (scan.result.usefulPages === 0) return;
    for (const entry of scan.result.distant) {
      if (followed.has(entry)) followed.notListed(entry, { isDistant: true });
    }
  }

  /** Beside polls, which show only what changes, nothing else tells that a record is gone. Otherwise jobs become overdue. */
  #tellMissing(scan: FullScan, options: { isOver: boolean }): void {
    const { isPolling, onMissing } = this.#options;
    const isLost = (entry: Entry) => entry.isUnseen || (isPolling() && entry.lookedAt < scan.startedAt);
    const missing = scan.missing(options).filter((entry) => entry.followedAt < scan.startedAt && isLost(entry));
    onMissing(missing);
  }
}

/** How long it is from one page of a scan to the next beside polls, in milliseconds, where a scan has so many pages. */
export function pagePauseMs(pages: number): number {
  return Math.min(PAGE_PAUSE_MS, SCAN_MS / pages);
}
