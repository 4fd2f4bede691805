/** The attempts of a resource: each is one SageMaker job, and the status says which one it speaks of before that is created. */
import { findCondition } from "../api/conditions.ts";
import { JOB_STATUSES } from "../api/job.ts";
import type { Attempt, ProcessingJobSpec, ProcessingJobStatus } from "../api/processing_job.ts";
import { isSuspended, provesJob } from "./history.ts";
import { causeOf } from "./retry_policy.ts";

/** As many attempts are listed at most. */
const MOST_LISTED = 20;

/** The number of the attempt that a status speaks of. */
export function attemptNumber(status: ProcessingJobStatus | undefined): number {
  return status?.attemptCount ?? 1;
}

/** The latest attempt before the one that `status` speaks of; undefined for the first. */
export function attemptBefore(status: ProcessingJobStatus | undefined): Attempt | undefined {
  return status?.attempts?.findLast(({ number }) => number < attemptNumber(status));
}

/** Whether the attempt that `status` speaks of is one that a retry policy allowed, and not the resumption of a suspended job. */
export function isRetry(status: ProcessingJobStatus | undefined): boolean {
  const before = attemptBefore(status);
  return before !== undefined && before.reason !== "Suspended";
}

/** How many of the attempts so far, the present one included, count against the policy. */
export function countedAttempts(status: ProcessingJobStatus | undefined): number {
  return attemptNumber(status) - (status?.suspendedAttempts ?? 0);
}

/** `status` with what it says of attempts; as it is for a resource that has no retry policy and one attempt. */
export function withAttempts(spec: ProcessingJobSpec, status: ProcessingJobStatus): ProcessingJobStatus {
  if (spec.retryPolicy === undefined && status.attemptCount === undefined) return status;
  const begun = countedAttempts(status) - (provesJob(status) ? 0 : 1);
  const listed = listedAttempts(status);
  return {
    ...status,
    attemptSummary: `${begun}/${spec.retryPolicy?.maxAttempts ?? 1}`,
    ...(listed.length > 0 && { attempts: listed }),
  };
}

/** The status with which the attempt after that of `ended` begins: it knows of no job, and lists those before. */
export function nextAttempt(ended: ProcessingJobStatus): ProcessingJobStatus {
  const { observedGeneration, observedReconcileAt, lastCheckTime, suspendedAttempts = 0, billableInstanceSeconds } =
    ended;
  const number = attemptNumber(ended);
  const suspended = suspendedAttempts + (isSuspended(ended) ? 1 : 0);
  return {
    ...(observedGeneration !== undefined && { observedGeneration }),
    ...(observedReconcileAt !== undefined && { observedReconcileAt }),
    ...(lastCheckTime !== undefined && { lastCheckTime }),
    ...(billableInstanceSeconds !== undefined && {
      billableInstanceSeconds,
      earlierBillableInstanceSeconds: billableInstanceSeconds,
    }),
    attemptCount: number + 1,
    ...(suspended > 0 && { suspendedAttempts: suspended }),
    attempts: listedAttempts(ended),
    conditions: ended.conditions?.filter(({ type }) => type !== "Created") ?? [],
  };
}

function listedAttempts(status: ProcessingJobStatus): Attempt[] {
  const number = attemptNumber(status);
  const known = status.attempts ?? [];
  const current = provesJob(status) ? currentAttempt(status, known.find((each) => each.number === number)) : undefined;
  return [...known.filter((each) => each.number < number), ...(current ? [current] : [])].slice(-MOST_LISTED);
}

/** A status that says that something is wrong says nothing new of the job. */
function currentAttempt(status: ProcessingJobStatus, listed: Attempt | undefined): Attempt {
  const word = status.processingJobStatus ?? "";
  const isOfJob = (JOB_STATUSES as readonly string[]).includes(word);
  if (!isOfJob && listed) return listed;
  const { failureReason, processingJobArn, processingStartTime, processingEndTime } = status;
  const job = { status: word, ...(failureReason !== undefined && { failureReason }) };
  const cause = word === "Failed" ? causeOf(job) : undefined;
  return {
    number: attemptNumber(status),
    name: status.sageMakerProcessingJobName ?? "",
    ...(processingJobArn !== undefined && { arn: processingJobArn }),
    status: isOfJob ? word : "InProgress",
    reason: cause ?? findCondition(status.conditions, "Ready")?.reason ?? "InProgress",
    ...(failureReason !== undefined && { message: failureReason }),
    ...(processingStartTime !== undefined && { startTime: processingStartTime }),
    ...(processingEndTime !== undefined && { endTime: processingEndTime }),
  };
}
