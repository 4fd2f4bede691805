import type { Job } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { JobPage } from "../client.ts";
import type { Sending } from "./calls.ts";
import { ChangePoll } from "./change_poll.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { oldestCreation } from "./full_scan.ts";
import type { ListCost } from "./list_cost.ts";
import { pagePauseMs } from "./scans.ts";
import type { ChangeWindow } from "./window.ts";

/** What each page of a scan takes of the time, at one list a second. */
const PAGE_MS = 1_000;
/** Polls that go back too far and are given up take this part of the rate. */
const GIVEN_UP = 1 / 30;
/** A poll never goes back further than this for one job. */
const MAX_COVERED_MS = 60_000;

export interface PollsOptions {
  clock: Clock;
  pollIntervalMs: number;
  followed: Followed;
  cost: ListCost;
  window: ChangeWindow;
  /** When the job was looked at last, by whatever means, on the monotonic clock. */
  lookOf: (entry: Entry) => number;
  /** When the job was created at the earliest, on SageMaker's clock. */
  createdFrom: (entry: Entry) => number;
}

/** Polls for changes, one after another. Each begins with what has changed since every job was looked at. */
export class Polls {
  /** The last poll that has shown all changes before it; absent while there are none. */
  last: Sending | undefined;
  /** When the next page is due, on the monotonic clock. */
  dueAt = -Infinity;
  readonly #options: PollsOptions;
  #poll: ChangePoll | undefined;

  constructor(options: PollsOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#poll !== undefined;
  }

  /** Whether the next poll shows what has changed about a job that was last looked at `lookedAt`. */
  covers(lookedAt: number): boolean {
    return this.last === undefined || lookedAt >= this.last.sent - MAX_COVERED_MS;
  }

  /** What has been polled counts no longer, and the next poll may come at once. */
  reset(now: number): void {
    [this.last, this.#poll, this.dueAt] = [undefined, undefined, now];
  }

  /** The poll that is under way, or a new one. */
  get(now: number): ChangePoll {
    return this.#poll ??= this.#newPoll(now);
  }

  #newPoll(now: number): ChangePoll {
    const { followed, lookOf, window, createdFrom } = this.#options;
    let anchor = now;
    for (const entry of followed.values()) {
      if (entry.sighting.job && !entry.isUnseen) anchor = Math.min(anchor, lookOf(entry));
    }
    return new ChangePoll(window.open(anchor, now), oldestCreation(followed.values(), createdFrom));
  }

  /**
   * Takes in the next page: `done` once the poll has shown all changes, `many` where there are so many changes that a scan costs less,
   * `late` where lists turn out to filter late, so that scans show what changes from now on.
   *
   * @throws {SageMakerError} where the pages lead nowhere
   */
  take(page: JobPage, sending: Sending): "more" | "done" | "many" | "late" {
    const { clock, cost, window } = this.#options;
    const now = clock.monotonic();
    const poll = this.#poll!;
    const hasMore = poll.take(page, sending);
    const isLate = cost.isLate(poll.partialPages, { hasMore });
    if (hasMore && !isLate && !poll.isTooLong && poll.pages <= cost.scanPages) return "more";
    this.#poll = undefined;
    if (isLate) {
      cost.late(now);
      return "late";
    }
    if (poll.isTooLong || !hasMore) poll.close(window, now);
    if (hasMore) {
      if (poll.isTooLong) return "more";
      cost.tooManyChanges(poll.pages, now);
      return "many";
    }
    this.#finish(poll, now);
    return "done";
  }

  /** The page that has just come shows news of this job. */
  observeNews(job: Job): void {
    const { clock, window } = this.#options;
    this.#poll?.observeNews(job, window, clock.monotonic());
  }

  /** Gives up the poll that is under way; the next one is due then. */
  failed(dueAt: number): void {
    [this.#poll, this.dueAt] = [undefined, dueAt];
  }

  #finish(poll: ChangePoll, now: number): void {
    const { cost, followed, pollIntervalMs } = this.#options;
    cost.polled(poll.pages, now);
    this.last = poll.first!;
    // The pages of scans are taken off what polls may have of the rate.
    const share = Math.min(0.5, PAGE_MS / pagePauseMs(cost.scanPages) + GIVEN_UP);
    this.dueAt = this.last.sent + pollIntervalMs / (1 - share);
    followed.allListed();
  }
}
