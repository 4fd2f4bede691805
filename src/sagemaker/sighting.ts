import { isDeepStrictEqual } from "node:util";
import { type Failure, FINAL_JOB_STATUSES, type Job, type Sighting } from "../api/job.ts";

/** What a look ended with: the job, `undefined` for none, or a failure. */
export type LookResult = { job: Job | undefined } | { failure: Failure };

/** What is known after a look that was sent at `sentAt` (milliseconds since the epoch), given what was known before it. */
export function nextSighting(before: Sighting, sentAt: number, result: LookResult): Sighting {
  if ("failure" in result) return { ...before, failure: result.failure };
  // What has ended stays as it ended, whatever a replica that is behind, or a record's deletion, says.
  const job = isFinal(before.job) && !isFinal(result.job) ? before.job : result.job;
  if (job) return { job, seenAt: sentAt };
  const { since = sentAt, looks = 0 } = before.absent ?? {};
  return { absent: { since, looks: looks + 1 }, seenAt: sentAt };
}

/** Whether `after` differs from `before` in what somebody acts on or shows. */
export function isNews(before: Sighting, after: Sighting): boolean {
  return !isDeepStrictEqual(whatMatters(before), whatMatters(after));
}

/** Not the times of looks; nor the texts of failures, each of which holds another request id. */
function whatMatters({ job, absent, failure }: Sighting) {
  return {
    job: job && { ...job, lastModifiedTime: undefined },
    absent: absent !== undefined,
    failure: failure && [failure.retry, failure.reason, failure.code],
  };
}

/** Whether nothing can change about the job any more. */
export function isFinal(job: Job | undefined): boolean {
  return job !== undefined && FINAL_JOB_STATUSES.includes(job.status);
}
