import type { Job, JobRef, Sighting } from "../../api/job.ts";
import { isNews, listedSighting, type LookResult, nextSighting, rank } from "../sighting.ts";
import type { Sending } from "./calls.ts";

/** What a look has changed. */
export interface Progress {
  isNews: boolean;
  /** The job has come further. */
  isFurther: boolean;
}

/**
 * What is known of the job that one key stands for. There may be ten thousand of these, so they hold neither timers nor
 * closures. Times are milliseconds of the monotonic clock.
 */
export class Entry {
  readonly key: string;
  readonly ref: JobRef;
  sighting: Sighting = {};
  /** When the last Describe or create was sent; the answer to one that was sent before says nothing new. */
  asOf = -Infinity;
  /** When the last look was sent that showed this job, whatever its kind. */
  lookedAt = -Infinity;
  followedAt = Infinity;
  /** The job was not created before this. */
  createdFrom = -Infinity;
  /** No look has covered it yet since it is followed. */
  isUnseen = false;
  /** Somebody wants what a list leaves out, once the job has ended. */
  wantsDetails = false;
  /** Its key was told that nobody can see the job, and not yet that somebody can. */
  isBlind = false;
  /** When its present state became known from elsewhere than a list, until a list shows it. */
  unlistedSince: number | undefined = undefined;

  constructor(key: string, ref: JobRef) {
    this.key = key;
    this.ref = ref;
  }

  /** Takes in the outcome of a look at this one job; `undefined` if something later is known. */
  take({ sent, sentAt }: Sending, result: LookResult): Progress | undefined {
    if (sent < this.asOf) return undefined;
    const before = this.sighting;
    this.asOf = sent;
    this.sighting = nextSighting(before, sentAt, result);
    if (!("failure" in result)) this.#seenAt(sent);
    return progress(before, this.sighting);
  }

  /** Takes in that a list shows the job; `undefined` if that is behind what is known. */
  takeListed(job: Job, { sent, sentAt }: Sending): Progress | undefined {
    const before = this.sighting;
    const isBehind = before.absent ? sent < this.asOf : before.job && rank(job) < rank(before.job);
    if (isBehind) return undefined;
    const seenAt = sent < this.lookedAt ? before.seenAt! : sentAt;
    this.sighting = listedSighting(before, seenAt, { ...job, name: this.ref.name });
    this.#seenAt(sent);
    return progress(before, this.sighting);
  }

  #seenAt(sent: number): void {
    this.lookedAt = Math.max(this.lookedAt, sent);
    this.isUnseen = false;
  }
}

function progress(before: Sighting, after: Sighting): Progress {
  const isFurther = before.job !== undefined && after.job !== undefined && rank(after.job) > rank(before.job);
  return { isNews: isNews(before, after), isFurther };
}
