/** `spec.retryPolicy`: after which ends of a job there is another attempt, and when. */
import { findCondition } from "../api/conditions.ts";
import type { Job } from "../api/job.ts";
import type { RetryCause } from "../api/policies.ts";
import { causeOfFailure } from "../api/retry_cause.ts";
import type { ProcessingJob } from "../api/processing_job.ts";

const DEFAULTS = {
  maxAttempts: 1,
  /** What passes by itself, and is nobody's doing. */
  retryOn: ["CapacityError", "InternalServerError", "ServiceFault", "ResourceLimit"] as readonly RetryCause[],
  backoffSeconds: 30,
  backoffRate: 2,
};
/** However long the policy makes it. */
const LONGEST_BACKOFF_MS = 24 * 3_600_000;

/** Why a job that ended did so, as a retry policy names it; undefined for all that no policy can name. */
export function causeOf({ status, failureReason = "" }: Pick<Job, "status" | "failureReason">): RetryCause | undefined {
  if (status === "Stopped") return "Stopped";
  if (status !== "Failed") return undefined;
  return causeOfFailure(failureReason);
}

/** How long to wait after the end of attempt `counted` (1 is the first that counts), in milliseconds. */
export function backoffMs({ spec: { retryPolicy } }: ProcessingJob, counted: number): number {
  const { backoffSeconds, backoffRate } = { ...DEFAULTS, ...retryPolicy };
  return Math.min(backoffSeconds * 1000 * backoffRate ** Math.max(0, counted - 1), LONGEST_BACKOFF_MS);
}

/**
 * After how many milliseconds a job that ended as `job` is tried again, given that it was attempt `counted` and that it is `now`
 * (milliseconds since the epoch); undefined if it is not.
 */
export function retryAfterMs(resource: ProcessingJob, job: Job, counted: number, now: number): number | undefined {
  const { retryOn } = { ...DEFAULTS, ...resource.spec.retryPolicy };
  const cause = causeOf(job);
  if (cause === undefined || !retryOn.includes(cause)) return undefined;
  const waitMs = backoffMs(resource, counted);
  return mayRetry(resource, counted + 1, now + waitMs) ? waitMs : undefined;
}

/** Whether attempt `counted` may begin at `at` (milliseconds since the epoch), it being a retry. */
export function mayRetry(resource: ProcessingJob, counted: number, at: number): boolean {
  const { maxAttempts, expireAfterSeconds = Infinity } = { ...DEFAULTS, ...resource.spec.retryPolicy };
  return counted <= maxAttempts && at < countsFrom(resource) + expireAfterSeconds * 1000;
}

/** As a `batch/v1` Job's deadline, the policy's counts anew from when a suspension ends. */
function countsFrom({ metadata, status }: ProcessingJob): number {
  const suspended = findCondition(status?.conditions, "Suspended");
  return Date.parse(suspended?.status === "False" ? suspended.lastTransitionTime : metadata.creationTimestamp);
}
