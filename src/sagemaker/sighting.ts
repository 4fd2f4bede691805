import { isDeepStrictEqual } from "node:util";
import { type Failure, FINAL_JOB_STATUSES, type Job, type Sighting } from "../api/job.ts";

/** What a look ended with: the job, `undefined` for none, or a failure. */
export type LookResult = { job: Job | undefined } | { failure: Failure };

/** What is known after a look that was sent at `sentAt` (milliseconds since the epoch), given what was known before it. */
export function nextSighting(before: Sighting, sentAt: number, result: LookResult): Sighting {
  if ("failure" in result) return { ...before, failure: result.failure };
  const job = laterOf(before.job, result.job);
  if (job) return { job, seenAt: sentAt };
  const { since = sentAt, looks = 0 } = before.absent ?? {};
  return { absent: { since, looks: looks + 1 }, seenAt: sentAt };
}

/** The same for a list that shows the job; it must not be behind what is known. */
export function listedSighting({ job: known }: Sighting, sentAt: number, listed: Job): Sighting {
  if (known !== undefined && known.creationTime !== undefined && known.status === listed.status) {
    return { job: known, seenAt: sentAt };
  }
  // One copy of each text is enough.
  const { isSummary, hasMoreText, ...job } = {
    ...known,
    ...listed,
    ...(known && { name: known.name, arn: known.arn }),
  };
  const isIncomplete = isSummary && isFinal(listed) && (job.startTime === undefined || hasMoreText);
  return { job: isIncomplete ? { ...job, isSummary } : job, seenAt: sentAt };
}

/** Whether `after` differs from `before` in what somebody acts on or shows. Failures aren't: those pass. */
export function isNews(before: Sighting, after: Sighting): boolean {
  return !isDeepStrictEqual(whatMatters(before), whatMatters(after));
}

function whatMatters({ job, absent }: Sighting) {
  const shown = job && { ...job, lastModifiedTime: undefined, creationTime: undefined };
  return { job: shown, absent: absent !== undefined };
}

/** Whether nothing can change about the job any more. */
export function isFinal(job: Job | undefined): boolean {
  return job !== undefined && FINAL_JOB_STATUSES.includes(job.status);
}

/** How far a job has come. It never goes back, so what is less far is what some replica was late with. */
export function rank({ status }: Job): number {
  return FINAL_JOB_STATUSES.includes(status) ? 2 : status === "Stopping" ? 1 : 0;
}

function laterOf(known: Job | undefined, seen: Job | undefined): Job | undefined {
  if (known === undefined || (seen !== undefined && rank(seen) >= rank(known))) return seen;
  if (seen !== undefined) return known;
  if (!isFinal(known)) return undefined;
  // The record was deleted after the end, and nothing more will be known of the job.
  const { isSummary: _, ...rest } = known;
  return rest;
}
