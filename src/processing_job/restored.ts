/** Resources from a backup: no job is run for them unless a user asks, and none of theirs runs unseen. */
import { ANNOTATIONS, MARK } from "../api/group.ts";
import { FINAL_JOB_STATUSES } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { appearsInMs } from "./absence.ts";
import { doubtOfAbsence } from "./account.ts";
import type { Action, Context, Next } from "./action.ts";
import { isOfOther } from "./backup.ts";
import { formerEnd, isFormerEnd } from "./former.ts";
import { hasFinalizer, isAskedFor, isSuspended, readyReason } from "./history.ts";
import { isPaused, paused, refreshed, statusOf } from "./status.ts";
import { decideTtl } from "./ttl.ts";

/** How soon another look follows one that did not tell whether there is a job. */
const LOOK_AGAIN_MS = 60_000;

/**
 * The next step for `stored`, which came from a backup; undefined where it goes on as any resource: because a job of its own UID
 * was seen, or because a user has asked for one and it is certain that there is none yet.
 *
 * Where there is no finalizer there is no job. Where there is one, it may have come from the backup as well, so it is taken away
 * once no job is found, and the resource costs no more calls.
 */
export function decideRestored(context: Context, stored: ProcessingJob): Action | undefined {
  const { observed: { sighting, isOwn, hasLooked, failure } } = context;
  const isHeld = hasFinalizer(stored);
  const isAsked = isRunAsked(stored) && !isPaused(stored);
  if (sighting?.job && isOwn !== false) return undefined;
  if (!isHeld) return isAsked ? { do: "add-finalizer" } : rest(context, stored, { kind: "wait" });
  if (failure) return rest(context, stored, { kind: "after", ms: LOOK_AGAIN_MS });
  // A job under its name that is another's says that there is none of its own.
  if (isOwn !== false) {
    if (!hasLooked || !sighting?.absent) return { do: "look" };
    const appearsMs = appearsInMs(context);
    if (appearsMs > 0) return rest(context, stored, { kind: "after", ms: appearsMs });
    const doubt = doubtOfAbsence(context);
    if (doubt) return "do" in doubt ? doubt : rest(context, stored, { kind: "after", ms: LOOK_AGAIN_MS });
  }
  if (!isAsked) return { do: "drop-finalizer" };
  const isMarked = stored.metadata.annotations?.[MARK] === stored.metadata.uid;
  return isMarked ? undefined : { do: "add-finalizer" };
}

/**
 * A user has asked for a run since the resource was restored. A backup may hold the annotation as well, so it counts only once a
 * status tells which value was there before.
 */
function isRunAsked(stored: ProcessingJob): boolean {
  return isAskedFor(stored) && (readyReason(stored.status) === "Restored" || isEnded(stored.status));
}

/** The job before it has ended, which stays what the status says. */
function isEnded(status: ProcessingJobStatus | undefined): boolean {
  return FINAL_JOB_STATUSES.includes(status?.processingJobStatus ?? "") && !isSuspended(status);
}

function rest(context: Context, stored: ProcessingJob, next: Next): Action {
  const settled = (status: ProcessingJobStatus): Action => ({
    do: "settle",
    status: isRunAsked(stored) ? stillAsked(status, stored) : status,
    follow: false,
    next,
  });
  if (isEnded(stored.status)) {
    const status = isFormerEnd(stored.status) ? formerEnd({ ...context, resource: stored }) : refreshed(stored);
    const expiry = next.kind === "wait" ? decideTtl({ ...context, resource: stored }) : undefined;
    return expiry ?? settled(status);
  }
  if (isPaused(stored)) return settled(paused(stored, context.now));
  return settled(restoredStatus(context, stored));
}

/** What was asked for is not done yet: without this, a throttled look would be the only answer to the user's request. */
function stillAsked(
  { observedReconcileAt: _, ...status }: ProcessingJobStatus,
  stored: ProcessingJob,
): ProcessingJobStatus {
  const observedReconcileAt = stored.status?.observedReconcileAt;
  return { ...status, ...(observedReconcileAt !== undefined && { observedReconcileAt }) };
}

function restoredStatus({ names, now }: Context, stored: ProcessingJob): ProcessingJobStatus {
  const { status = {} } = stored;
  const { sageMakerProcessingJobName: jobName = names.jobName } = status;
  // Not the one of the status, which an earlier version may have built for what is no region.
  const cloudWatchLogUrl = names.cloudWatchLogUrl?.replaceAll(names.jobName, jobName);
  const proof = isOfOther(stored)
    ? `its status speaks of the processing job '${jobName}'`
    : `its annotation '${MARK}' names another UID`;
  const message =
    `This resource was restored from a backup or copied: ${proof}. No job is run for it, and a job of the ` +
    `earlier resource is left as it is. To run a job, give the annotation '${ANNOTATIONS.reconcileAt}' a new value, or delete ` +
    `the resource and apply it without the annotation '${MARK}'`;
  const view = { word: "Error", reason: "Restored", message, additional: message, suspended: false } as const;
  return statusOf(stored, { ...view, jobName, cloudWatchLogUrl }, now);
}
