/** `spec.deletionPolicy`: what becomes of the job of a resource that is deleted. */
import type { DeletionPolicy } from "../api/policies.ts";
import { ANNOTATIONS, FINALIZER } from "../api/group.ts";
import { type Failure, FINAL_JOB_STATUSES } from "../api/job.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { APPEARS_WITHIN_MS } from "./absence.ts";
import { doubtOfAbsence } from "./account.ts";
import { type Action, type Context, type Settle, settle } from "./action.ts";
import { attemptNumber } from "./attempts.ts";
import { formerEnd, isFormerEnd } from "./former.ts";
import { errorReason, isAtRest, isKnown, isOver, provesJob } from "./history.ts";
import { neverGivenUp, nextAfter } from "./retry.ts";
import { hindered, refreshed, viewOfFailure, viewOfJob } from "./status.ts";

/** The policy that holds, wherever it was asked for; undefined if nowhere, which is `Stop`. */
export function deletionPolicyOf({ resource: { spec }, observed: { defaults } }: Context): DeletionPolicy | undefined {
  return spec.deletionPolicy ?? defaults?.deletionPolicy;
}

/** The last step of a deletion, once nothing runs: the resource is let go, and under `Delete` the records of its jobs go first. */
export function decideRelease(context: Context): Action {
  const told = decideTold(context);
  if (told) return told;
  const { areRecordsDeleted, isRecordAbsent, failure, sighting } = context.observed;
  const release = { do: "release", forced: false } as const;
  if (deletionPolicyOf(context) !== "Delete" || areRecordsDeleted) return release;
  const { status } = context.resource;
  // Also of a resource whose job the Go operator has named, and of which no ARN is known.
  const isAbsentUnnamed = sighting?.absent !== undefined && status?.processingJobArn === undefined && provesJob(status);
  if (isRecordAbsent || isAbsentUnnamed) {
    const doubt = doubtOfAbsence(context);
    if (doubt) return "do" in doubt ? doubt : decideRecordKept(context, doubt.failure);
  }
  if (recordOf(context) !== "unknown") {
    if (lastRecord(context) === 0) return release;
    return waitForLateCreates(context) ?? { do: "delete-records" };
  }
  if (failure) return decideRecordKept(context, failure);
  return { do: sighting?.job ? "verify" : "look" };
}

/** A create that arrives once the record is gone would begin a job; as long as there is a record SageMaker refuses it. */
function waitForLateCreates({ resource, observed: { openAt = -Infinity }, now }: Context): Settle | undefined {
  const lateMs = openAt + APPEARS_WITHIN_MS - now;
  if (!(lateMs > 0)) return undefined;
  return { do: "settle", status: refreshed(resource), follow: false, next: { kind: "after", ms: lateMs } };
}

/**
 * A resource that another finalizer holds stays after its release, and its status is not written any more: how its job ended is
 * written before.
 */
function decideTold(context: Context): Settle | undefined {
  const { metadata: { finalizers, generation }, status } = context.resource;
  if (finalizers?.every((finalizer) => finalizer === FINALIZER) ?? true) return undefined;
  const ended = endedStatus(context);
  const isTold = status?.processingJobStatus === ended?.processingJobStatus &&
    status?.observedGeneration === generation;
  if (ended === undefined || isTold) return undefined;
  return { do: "settle", status: ended, follow: false, next: { kind: "after", ms: 0 } };
}

/**
 * The number of the last attempt whose record is the resource's own; 0 for none. Those of all attempts before it are too: an attempt
 * only begins once the job of the one before has ended.
 */
export function lastRecord(known: Pick<Context, "resource" | "observed">): number {
  return attemptNumber(known.resource.status) - (recordOf(known) === "own" ? 0 : 1);
}

/** Whose the record is that has the name of the resource's job. Only its own is deleted. */
function recordOf(
  { observed: { sighting, isOwn }, resource: { status } }: Pick<Context, "resource" | "observed">,
): "own" | "none" | "unknown" {
  if (isOwn === false || errorReason(status) === "NameConflict") return "none";
  if (sighting?.job) return isOwn || isKnown(sighting.job, status) ? "own" : "unknown";
  if (!provesJob(status)) return "none";
  // By a word of the Go operator alone it is not known whether SageMaker has the record, nor whose it is.
  if (status?.processingJobArn === undefined) return sighting?.absent ? "none" : "unknown";
  return "own";
}

/**
 * The records can't be deleted, which holds the resource. Its jobs have ended, or there are none: that stays as the status says it,
 * and what hinders the deletion is said beside it.
 */
export function decideRecordKept(context: Context, failure: Failure): Settle {
  const { resource, now } = context;
  const patient = neverGivenUp(failure);
  const text =
    `A record of this resource's processing jobs cannot be deleted from SageMaker: ${failure.message}. The deletion ` +
    "of the resource waits for that because of 'deletionPolicy: Delete'; no job of it runs. The annotation " +
    `'${ANNOTATIONS.forceDelete}: "true"' releases the resource at once and leaves the record`;
  const next = nextAfter(patient);
  const ended = endedStatus(context);
  const settled: Settle = ended
    ? { do: "settle", status: hindered({ ...resource, status: ended }, patient, text, now), follow: false, next }
    : settle(context, { ...viewOfFailure(patient), message: text, additional: text }, false, next);
  return { ...settled, recordKept: true };
}

/** The status of a job that has ended, as it was written or as SageMaker has just told; undefined if there is none. */
function endedStatus(context: Context): ProcessingJobStatus | undefined {
  const { resource, observed: { sighting } } = context;
  if (isFormerEnd(resource.status)) return formerEnd(context);
  if (isOver(resource.status) || isAtRest(resource.status)) return refreshed(resource);
  const job = sighting?.job;
  if (job === undefined || !FINAL_JOB_STATUSES.includes(job.status)) return undefined;
  const view = { ...viewOfJob(job), suspended: false };
  const stopped = {
    reason: "Stopped",
    message: "The processing job was stopped, as this resource is being deleted",
  } as const;
  return settle(context, job.status === "Stopped" ? { ...view, ...stopped } : view, false, { kind: "wait" }).status;
}

/** `status` with the policy that holds. */
export function withDeletionPolicy(context: Context, status: ProcessingJobStatus): ProcessingJobStatus {
  const policy = deletionPolicyOf(context);
  const { deletionPolicy: _, ...rest } = status;
  return policy === undefined ? rest : { ...rest, deletionPolicy: policy };
}
