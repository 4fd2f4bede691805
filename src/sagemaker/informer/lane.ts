import type { Failure, Job, Sighting, Site } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { CallBudgets } from "../budget.ts";
import type { SageMakerFor } from "../client.ts";
import { isFinal, type LookResult } from "../sighting.ts";
import { LaneCalls, type Sending } from "./calls.ts";
import { Describer } from "./describer.ts";
import type { Entry } from "./entry.ts";
import { Followed } from "./followed.ts";
import { Health } from "./health.ts";
import { ListLag } from "./lag.ts";
import { Lists } from "./lists.ts";
import { HOLD_MS, Teller } from "./teller.ts";
import { turnMs } from "./turns.ts";

/** What a creation time may be off by that is not SageMaker's own. */
const SKEW_MS = 15 * 60_000;

export interface LaneOptions {
  sageMakerFor: SageMakerFor;
  clock: Clock;
  /** The shortest time from one poll to the next, in milliseconds. */
  pollIntervalMs: number;
  /** How long nothing may be seen, in milliseconds, before the keys are told. */
  stalenessMs: number;
  budgets: CallBudgets;
}

export interface FollowOptions {
  /** Whether what lists leave out is wanted once the job has ended. */
  details: boolean;
  /** The job is not older than this, in milliseconds since the epoch: lists are narrowed to such jobs until its own time is known. */
  createdAfter: number;
}

/** All jobs at one site: polls while any of them is followed that has not ended. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #followed = new Followed();
  readonly #teller: Teller;
  readonly #health: Health;
  readonly #describer: Describer;
  readonly #lists: Lists;
  readonly #lag: ListLag;
  readonly #stopping = new AbortController();
  #size = 0;

  /** @param tell hands out news */
  constructor(site: Site, tell: (entry: Entry) => void, options: LaneOptions) {
    const { clock, stalenessMs, pollIntervalMs } = options;
    const followed = this.#followed;
    this.#options = options;
    this.#lag = new ListLag(clock);
    this.#teller = new Teller(clock, tell);
    this.#health = new Health({ clock, stalenessMs, followed, teller: this.#teller });
    const calls = new LaneCalls(options, site);
    this.#describer = new Describer({
      clock,
      calls,
      followed,
      turnMs: (from) => turnMs(from, { lists: this.#lists, followed, pollIntervalMs }),
      onResult: (entry, sending, result) => this.#takeDescribed(entry, sending, result),
    });
    this.#lists = new Lists({
      ...options,
      calls,
      followed,
      lookOf: (entry) => this.#lookOf(entry),
      onListed: (job, sending) => this.#takeListed(job, sending),
      onPage: () => this.#health.ok(),
      onPolled: () => this.#health.allOk(),
      onFailed: (failure) => this.#health.failed(failure),
      onMissing: (entries) => this.#describer.urge(entries),
      onUnlisted: () => this.#describer.wake(),
      onSwitch: (isListing) => this.#onSwitch(isListing),
    });
  }

  /** How many keys stand for jobs at this site. */
  get size(): number {
    return this.#size;
  }

  start(): void {
    const { signal } = this.#stopping;
    for (const part of [this.#teller, this.#health, this.#describer, this.#lists]) part.start(signal);
  }

  /** Ends everything for good, and aborts the calls under way. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Settles once no call is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.#describer.settled(), this.#lists.settled()]);
  }

  /** One more key stands for a job at this site; `forget` must follow. */
  add(): void {
    this.#size++;
  }

  /** Looks at the job from now on until it has ended. It was not created before `createdAfter`, as far as anyone knows. */
  follow(entry: Entry, { details, createdAfter }: FollowOptions): void {
    entry.wantsDetails = details;
    const { job } = entry.sighting;
    if (isFinal(job)) {
      if (!details) this.#describer.drop(entry);
      else if (job!.isSummary) this.#describer.complete(entry);
      return;
    }
    if (this.#followed.has(entry)) return;
    const { clock } = this.#options;
    if (this.#followed.size === 0) {
      this.#health.ok();
      this.#describer.restartTurns();
    }
    this.#followed.add(entry);
    entry.followedAt = clock.monotonic();
    // Lists that came before this have shown the job, but nothing took it in.
    if (entry.unlistedSince !== undefined) entry.unlistedSince = entry.followedAt;
    const ageMs = Math.max(0, clock.now() - createdAfter) + SKEW_MS;
    entry.createdFrom = Math.max(entry.createdFrom, entry.followedAt - ageMs);
    const isCovered = this.#lists.cover(entry.lookedAt);
    if (entry.sighting.absent) {
      this.#describer.revisit(entry);
    } else if (job === undefined || !isCovered) {
      entry.isUnseen = true;
      this.#lists.find(entry);
    }
    this.#describer.wake();
  }

  /** Drops everything about the job. */
  forget(entry: Entry): void {
    this.#size--;
    entry.wantsDetails = false;
    this.#unfollow(entry);
    this.#teller.drop(entry);
  }

  /** What is known of the job. */
  sighting(entry: Entry): Sighting {
    const { sighting } = entry;
    if (!this.#followed.has(entry)) return sighting;
    const poll = this.#pollOf(entry);
    const own = poll && poll.sent > entry.asOf ? undefined : sighting.failure;
    const shared = this.#health.failure;
    // Without lists the shared failure is that of another job's Describe.
    const failure = this.#lists.isListing || !shared ? shared ?? own : sighting.failure ?? shared;
    const { failure: _, ...rest } = sighting;
    return {
      ...rest,
      ...(poll && poll.sent > entry.lookedAt && { seenAt: poll.sentAt }),
      ...(failure && { failure }),
    };
  }

  /** Takes in the outcome of a look at this one job. Says whether that is to be told. */
  take(entry: Entry, sending: Sending, result: LookResult): boolean {
    const poll = this.#pollOf(entry);
    const progress = entry.take(sending, result);
    if (progress === undefined) return false;
    if ("failure" in result) return this.#followed.has(entry) && this.#health.loseSight(entry, this.#lookOf(entry));
    const { job } = entry.sighting;
    // Between lists nobody can tell what the next one will begin with.
    if (!this.#lists.isListing || this.#followed.unlisted.has(entry)) entry.unlistedSince = undefined;
    else if (progress.isFurther) {
      entry.unlistedSince = sending.sent;
      if (poll && job?.lastModifiedTime !== undefined) this.#lists.correct(job.lastModifiedTime);
    }
    if (isFinal(job)) this.#unfollow(entry);
    return this.#regainsSight(entry) || progress.isNews;
  }

  /** Takes in the job that a create has made, which was sent at `sentAt` (milliseconds since the epoch). */
  takeCreated(entry: Entry, job: Job, sentAt: number): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    // A look that is still on its way was sent before this was known, so it must not win.
    this.take(entry, { sent: now, sentAt }, { job });
    entry.lookedAt = now - Math.max(0, clock.now() - sentAt);
    entry.createdFrom = entry.lookedAt;
    entry.unlistedSince = now;
  }

  /** Milliseconds since the oldest of the last looks at each job, and how far lists are behind; `undefined` without a job. */
  oldestLookMs(): number | undefined {
    if (this.#followed.size === 0) return undefined;
    const now = this.#options.clock.monotonic();
    let oldest = now;
    let lag = this.#lag.ms;
    for (const entry of this.#followed.values()) {
      oldest = Math.min(oldest, this.#lookOf(entry));
      // A list that began later has not shown it.
      if (entry.unlistedSince !== undefined) lag = Math.max(lag, this.#lists.lastBegun - entry.unlistedSince);
    }
    return now - oldest + (this.#lists.isListing ? lag : 0);
  }

  #takeDescribed(entry: Entry, sending: Sending, result: LookResult): void {
    if (!this.#lists.isListing) {
      if (!("failure" in result)) this.#health.ok();
      else if (this.#describer.isFailing || result.failure.reason === "Throttled") {
        this.#health.failed(withoutDetails(result.failure));
      }
    }
    if (this.take(entry, sending, result)) this.#teller.now(entry);
  }

  /** Says whether the job has come further than was known. */
  #takeListed(job: Job, sending: Sending): boolean {
    const entry = this.#followed.get(job.name);
    if (entry === undefined) return false;
    this.#followed.listed(entry);
    const progress = entry.takeListed(job, sending);
    if (entry.unlistedSince !== undefined) {
      // A list that still shows what was once lags; so did the one before this list, if it did not show what this one does.
      const sent = progress === undefined ? sending.sent : this.#lists.lastBegun;
      const lagMs = sent - entry.unlistedSince;
      this.#lag.note(lagMs);
      this.#lists.noteLag(lagMs);
    }
    if (progress === undefined) return false;
    entry.unlistedSince = undefined;
    const isTold = this.#regainsSight(entry) || progress.isNews;
    if (isFinal(job)) this.#end(entry);
    else if (isTold) this.#teller.now(entry);
    return progress.isFurther;
  }

  /** A list has shown the end; what it leaves out is worth a short wait. */
  #end(entry: Entry): void {
    this.#unfollow(entry);
    if (entry.sighting.job?.isSummary && entry.wantsDetails) {
      this.#describer.complete(entry);
      if (this.#describer.canCompleteWithin(HOLD_MS)) this.#teller.soon(entry);
      else this.#teller.now(entry);
    } else {
      this.#teller.now(entry);
    }
  }

  #unfollow(entry: Entry): void {
    this.#describer.drop(entry);
    this.#lists.drop(entry);
    this.#followed.delete(entry);
    // With fewer jobs a sweep may cost more than to describe each, and then turns come sooner.
    this.#describer.wake();
  }

  /** The last poll that would have shown any change of this job. */
  #pollOf(entry: Entry): Sending | undefined {
    const { lastPoll } = this.#lists;
    const isSeen = entry.sighting.job !== undefined && !entry.isUnseen && this.#followed.has(entry);
    return isSeen && lastPoll && lastPoll.sent >= entry.followedAt ? lastPoll : undefined;
  }

  /** On the monotonic clock, when this job was looked at last, by whatever means. */
  #lookOf(entry: Entry): number {
    const own = entry.lookedAt === -Infinity ? entry.followedAt : entry.lookedAt;
    return Math.max(own, this.#pollOf(entry)?.sent ?? -Infinity);
  }

  #onSwitch(isListing: boolean): void {
    for (const entry of this.#followed.values()) {
      const poll = this.#pollOf(entry);
      // What polls have shown until now is put down with each job.
      if (poll && poll.sent > entry.lookedAt) {
        entry.lookedAt = poll.sent;
        entry.sighting = { ...entry.sighting, seenAt: poll.sentAt };
      }
      // Whether its Describe has failed does not matter any more.
      if (isListing && entry.sighting.job && !entry.isUnseen) this.#describer.drop(entry);
    }
    if (!isListing) this.#followed.sortBy(({ lookedAt }) => lookedAt);
    this.#describer.wake();
  }

  /** Where lists fail, what is seen of one job now and then is not enough. */
  #regainsSight(entry: Entry): boolean {
    return !(this.#lists.isListing && this.#health.failure) && this.#health.regainSight(entry);
  }
}

/** A failed look at one job, as it is told of the others: AWS's message may name the job, which may be another namespace's. */
function withoutDetails(failure: Failure): Failure {
  return { ...failure, message: `SageMaker shows no processing jobs at present (${failure.code})` };
}
