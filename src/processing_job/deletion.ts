import { ANNOTATIONS } from "../api/group.ts";
import { type Failure, FINAL_JOB_STATUSES } from "../api/job.ts";
import { type Action, type Context, settle } from "./action.ts";
import { appearsInMs } from "./absence.ts";
import { doubtOfAbsence } from "./account.ts";
import { decideRecordKept, decideRelease, deletionPolicyOf } from "./deletion_policy.ts";
import { isFormerEnd } from "./former.ts";
import { errorReason, isAtRest, isKnown, isOver } from "./history.ts";
import { neverGivenUp, nextAfter } from "./retry.ts";
import { viewOfFailure, viewOfJob } from "./status.ts";

/** A stop that SageMaker took but does not show is sent again after this long. */
export const STOP_AGAIN_MS = 30_000;

/** The next step for a resource that is being deleted and that we hold: its job must not outlive it. */
export function decideDeletion(context: Context): Action {
  const { resource: { metadata, status }, observed } = context;
  const { sighting, failure, isOwn, isNeverSent, stopSent, hasLooked, recordsAsked } = observed;
  const job = sighting?.job;
  if (metadata.annotations?.[ANNOTATIONS.forceDelete] === "true") return { do: "release", forced: true };
  // What its job does is nobody's business any more, so it isn't asked either.
  if (deletionPolicyOf(context) === "Retain") return { do: "release", forced: false, retained: true };
  if (failure && recordsAsked) return decideRecordKept(context, failure);
  const isDone = isNeverSent === true || isOver(status) || isFormerEnd(status) || isAtRest(status) ||
    errorReason(status) === "NameConflict" ||
    isOwn === false ||
    (job !== undefined && FINAL_JOB_STATUSES.includes(job.status));
  if (isDone) return decideRelease(context);
  const problem = failure ?? (job ? undefined : sighting?.failure);
  if (problem) return decideBlocked(context, problem);
  if (job) {
    if (isOwn === undefined && !isKnown(job, status)) return { do: "verify" };
    if (job.status !== "Stopping" && !stopSent) return { do: "stop" };
    const stopping = { ...viewOfJob({ ...job, status: "Stopping" }), job };
    return settle(context, stopping, true, { kind: "after", ms: STOP_AGAIN_MS });
  }
  // Absence is believed from a fresh look only: a create may have arrived since the last.
  return sighting?.absent && hasLooked ? decideAbsent(context) : { do: "look" };
}

/** Nothing of it is in SageMaker, unless it was created a moment ago and does not show yet. */
function decideAbsent(context: Context): Action {
  const appearsMs = appearsInMs(context);
  if (!(appearsMs > 0)) {
    const doubt = doubtOfAbsence(context);
    if (doubt) return "do" in doubt ? doubt : decideBlocked(context, doubt.failure);
    return decideRelease(context);
  }
  const text =
    "SageMaker does not show a processing job of this resource; one that was created a moment ago may still appear, and is " +
    "stopped then";
  const view = { word: "Reconciling", reason: "Deleting", message: text, additional: text } as const;
  return settle(context, view, true, { kind: "after", ms: appearsMs });
}

/** Whether the job runs can't be known, or it can't be stopped: the resource waits, and says how not to. */
function decideBlocked(context: Context, failure: Failure): Action {
  const patient = neverGivenUp(failure);
  const view = viewOfFailure(patient);
  const follow = context.observed.sighting?.job !== undefined;
  if (failure.reason === "Throttled") return settle(context, view, follow, nextAfter(patient));
  const text = `${failure.message}. The deletion waits for that, since the job may still run; the annotation ` +
    `'${ANNOTATIONS.forceDelete}: "true"' releases the resource at once and leaves the job as it is`;
  return settle(context, { ...view, message: text, additional: text }, follow, nextAfter(patient));
}
