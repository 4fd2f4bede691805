/** What a status proves about the past; all of it that `decide` goes by. */
import { findCondition } from "../api/conditions.ts";
import { FINALIZER } from "../api/group.ts";
import { FINAL_JOB_STATUSES, type Job, JOB_STATUSES, type Reason } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { reconcileAt } from "./annotations.ts";

type Status = ProcessingJobStatus | undefined;

/** Written by this operator, not by the CRD's default or the controller before it. */
function isOurs(status: Status): status is ProcessingJobStatus {
  return (status?.observedGeneration ?? -1) >= 0;
}

/** Nobody has looked at the resource yet: the CRD's default status. Its job, if a create's answer was lost, has its name. */
export function isUntouched(status: Status): boolean {
  return status?.observedGeneration === -1;
}

/** The job has ended, by our own word, and there is no other to come: nothing of SageMaker can change that. */
export function isOver(status: Status): boolean {
  return isOurs(status) && FINAL_JOB_STATUSES.includes(status.processingJobStatus ?? "") && !isSuspended(status);
}

/** By our own word `suspend` has stopped the job, is about to, or holds it back. */
export function isSuspended(status: Status): boolean {
  return isOurs(status) && findCondition(status.conditions, "Suspended")?.status === "True";
}

/** The same, and nothing runs, nor can anything begin to run before a status says that it may. */
export function isAtRest(status: Status): boolean {
  const word = status?.processingJobStatus;
  return isSuspended(status) && (word === "Stopped" || word === "SynchronizingK8sJobWithSageMaker");
}

/**
 * A person asks for another look, or another try, now. A resource that no one has looked at yet gets its first try anyway: an annotation
 * that it was created with asks for nothing more, and its first status says that it was seen.
 */
export function isAskedFor(resource: ProcessingJob): boolean {
  const { status } = resource;
  const asked = reconcileAt(resource);
  return asked !== undefined && asked !== status?.observedReconcileAt && !isUntouched(status);
}

/** The operator has given up on the resource, and nobody has asked for another try since. */
export function isGivenUp(resource: ProcessingJob): boolean {
  const { status } = resource;
  return isOurs(status) && status.processingJobStatus === "Error" &&
    status.observedReconcileAt === reconcileAt(resource);
}

/** Why the operator has given up; undefined if it has not. */
export function errorReason(status: Status): Reason | undefined {
  const isError = isOurs(status) && status.processingJobStatus === "Error";
  return isError ? findCondition(status.conditions, "Ready")?.reason : undefined;
}

/** The reason that people see. */
export function readyReason(status: Status): Reason | undefined {
  return findCondition(status?.conditions, "Ready")?.reason;
}

/**
 * The resource's job existed: its ARN is known, a status of ours said so, or its word is one of SageMaker's. A job name alone
 * proves nothing, since the controller before this one wrote it whether or not there was a job.
 */
export function provesJob(status: Status): boolean {
  return status?.processingJobArn !== undefined ||
    findCondition(status?.conditions, "Created")?.status === "True" ||
    ((JOB_STATUSES as readonly string[]).includes(status?.processingJobStatus ?? "") && !isSuspended(status));
}

/** A create may be under way: by our own word there is no job, and it is tried, or tried again. */
export function isWaiting(status: Status): boolean {
  const word = status?.processingJobStatus;
  const isTried = word === "Reconciling" || word === "SynchronizingK8sJobWithSageMaker";
  return isOurs(status) && isTried && !provesJob(status) && !isAtRest(status);
}

/** Whether the operator's finalizer is set, which comes before any create. */
export function hasFinalizer({ metadata: { finalizers } }: ProcessingJob): boolean {
  return finalizers?.includes(FINALIZER) ?? false;
}

/** No status says that there was ever a job: the next step is a create. */
export function needsFirstCreate(status: Status): boolean {
  return isUntouched(status) || isWaiting(status);
}

/** The job was seen to run, by our own word, and its ARN is known. */
export function isRunning(status: Status): boolean {
  const word = status?.processingJobStatus;
  return isOurs(status) && status.processingJobArn !== undefined && (word === "InProgress" || word === "Stopping");
}

/** There was a job, or an attempt before the present one. */
export function hadJob(status: Status): boolean {
  return provesJob(status) || (status?.attempts?.length ?? 0) > 0;
}

/** The job is the one that our status is about, so there is no doubt that it is this resource's. */
export function isKnown(job: Job, status: Status): boolean {
  return status?.processingJobArn === job.arn;
}

/** When the job is known to have been created, by our own word; milliseconds since the epoch. */
export function createdAt(status: Status): number {
  const created = findCondition(status?.conditions, "Created");
  return created?.status === "True" ? Date.parse(created.lastTransitionTime) : -Infinity;
}

/**
 * No create of the job has reached SageMaker, by our own word: the condition `Created` is False. A create is sent only after
 * another status has replaced this one.
 */
export function saysNotSent(status: Status): boolean {
  return isOurs(status) && findCondition(status.conditions, "Created")?.status === "False";
}

/** A create was sent, or is about to be, and its outcome is not known, by our own word: `Created` is Unknown. */
export function saysInDoubt(status: Status): boolean {
  return isOurs(status) && findCondition(status.conditions, "Created")?.status === "Unknown";
}

/** When whoever wrote the status last heard from SageMaker, if it was one of us; milliseconds since the epoch. */
export function checkedAt(status: Status): number {
  return isOurs(status) && status.lastCheckTime !== undefined ? Date.parse(status.lastCheckTime) : -Infinity;
}

/** A stop can't be taken back: a look that says otherwise is behind. */
export function neverBackwards(job: Job, status: Status): Job {
  const isBehind = isOurs(status) && status.processingJobStatus === "Stopping" && job.status === "InProgress";
  return isBehind ? { ...job, status: "Stopping" } : job;
}
