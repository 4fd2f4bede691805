import { findCondition } from "../api/conditions.ts";
import { FINALIZER } from "../api/group.ts";
import { type Failure, FINAL_JOB_STATUSES, type Job, type Sighting } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { provesJob, statusOf, type View, viewOfFailure, viewOfJob } from "./status.ts";

/** Everything that `decide` may know beyond the resource itself. */
export interface Observed {
  /** What SageMaker said of this resource's job, if anybody asked. */
  sighting?: Sighting;
  /** Why the create or stop that this reconcile just sent failed. */
  failure?: Failure;
  /** This reconcile has sent a stop. */
  stopSent?: boolean;
}

/** What a status needs that follows from the resource alone. */
export interface Names {
  jobName: string;
  cloudWatchLogUrl: string;
}

/** Lengths of time, in milliseconds. */
export interface Limits {
  /** How old `lastCheckTime` may get while nothing changes. */
  heartbeatMs: number;
  /** How long looks at SageMaker may fail before the status says so. */
  stalenessMs: number;
}

/** The one next step. Every step but `settle` and `ignore` is followed by another decision. */
export type Action =
  | { do: "ignore" }
  | { do: "add-finalizer" }
  | { do: "look" }
  | { do: "create" }
  | { do: "stop" }
  | { do: "release-finalizer" }
  | { do: "settle"; status: ProcessingJobStatus; follow: boolean; next: Next };

/** What happens after the status is written: wait for a change, come back after a while, or back off from a failure. */
export type Next = { kind: "wait" } | { kind: "after"; ms: number } | { kind: "back-off"; failure: Failure };

const SLOW_RETRY_MS = 60_000;
const PERSON_RETRY_MS = 5 * 60_000;
/** A stop that SageMaker took but does not show is sent again after this long. */
const STOP_AGAIN_MS = 30_000;
/** SageMaker may not show a job at once after its create; a job that is absent sooner than this may still appear. */
const APPEARS_WITHIN_MS = 60_000;
/** A job that existed counts as lost after this many looks in a row over this long found nothing. */
const LOST_AFTER = { looks: 3, ms: 2 * 60_000 };
const LOOK_AGAIN_MS = 45_000;

/**
 * Every rule about a resource and its job, with no I/O and no clock: the next step that brings SageMaker and the status to
 * what `resource` asks for, given what was `observed`. `now` is milliseconds since the epoch.
 */
export function decide(
  resource: ProcessingJob,
  observed: Observed,
  names: Names,
  limits: Limits,
  now: number,
): Action {
  const { metadata, status } = resource;
  const held = metadata.finalizers?.includes(FINALIZER) ?? false;
  const settle = (view: Omit<View, keyof Names>, follow: boolean, next: Next): Action => ({
    do: "settle",
    status: statusOf(resource, { ...view, ...names }, now),
    follow,
    next,
  });
  const context: Context = { resource, observed, limits, now, settle };

  if (metadata.deletionTimestamp !== undefined) return held ? decideDeletion(context) : { do: "ignore" };
  if (isFinished(status)) return { do: "settle", status: refreshed(resource), follow: false, next: { kind: "wait" } };
  if (!held) return { do: "add-finalizer" };
  return decideRunning(context);
}

interface Context {
  resource: ProcessingJob;
  observed: Observed;
  limits: Limits;
  now: number;
  settle: (view: Omit<View, keyof Names>, follow: boolean, next: Next) => Action;
}

function decideRunning(context: Context): Action {
  const { resource, observed, settle } = context;
  const { sighting, failure } = observed;
  if (failure) return settle({ ...viewOfFailure(failure), ...lookedAt(sighting) }, false, nextAfter(failure));
  if (sighting?.job) return decideSeen(context, sighting.job, sighting);
  if (sighting?.absent) return provesJob(resource.status) ? decideLost(context, sighting.absent) : { do: "create" };
  if (sighting?.failure) return settle(viewOfFailure(sighting.failure), false, nextAfter(sighting.failure));
  return isUntouched(resource.status) ? { do: "create" } : { do: "look" };
}

/** A job that existed is gone from SageMaker. It is never run a second time. */
function decideLost({ observed, now, settle }: Context, absent: { since: number; looks: number }): Action {
  const lost = absent.looks >= LOST_AFTER.looks && now - absent.since >= LOST_AFTER.ms;
  const text = lost
    ? "SageMaker no longer has this resource's processing job: its record was deleted. A job is never run twice for one " +
      "resource; to run it anew, delete the resource and apply it again"
    : "SageMaker does not show this resource's processing job, which existed; looking again before it counts as lost";
  const view = { reason: "JobLost", message: text, additional: text, ...lookedAt(observed.sighting) } as const;
  if (lost) return settle({ ...view, word: "Error" }, false, { kind: "wait" });
  return settle({ ...view, word: "Reconciling" }, true, { kind: "after", ms: LOOK_AGAIN_MS });
}

/** The job is there: its word is the resource's, unless SageMaker has not been heard of for too long. */
function decideSeen({ limits, now, settle }: Context, job: Job, sighting: Sighting): Action {
  const seen = lookedAt(sighting);
  if (FINAL_JOB_STATUSES.includes(job.status)) return settle({ ...viewOfJob(job), ...seen }, false, { kind: "wait" });
  if (sighting.failure === undefined) {
    return settle({ ...viewOfJob(job), ...seen }, true, { kind: "after", ms: limits.heartbeatMs });
  }
  const blindIn = (sighting.seenAt ?? now) + limits.stalenessMs - now;
  if (blindIn > 0) return settle({ ...viewOfJob(job), ...seen }, true, { kind: "after", ms: blindIn });
  const view = { ...viewOfFailure({ ...sighting.failure, retry: "slowly" }), job, ...seen };
  return settle(view, true, { kind: "after", ms: limits.heartbeatMs });
}

function decideDeletion({ resource, observed, now, settle }: Context): Action {
  const { sighting, failure, stopSent } = observed;
  const job = sighting?.job;
  if (isOver(resource.status) || (job && FINAL_JOB_STATUSES.includes(job.status))) return { do: "release-finalizer" };
  const problem = failure ?? sighting?.failure;
  if (problem && neverReachedSageMaker(resource.status, problem)) return { do: "release-finalizer" };
  if (failure) {
    const view = { ...viewOfFailure(patient(failure)), ...lookedAt(sighting) };
    return settle(view, true, nextAfter(patient(failure)));
  }
  if (job && job.status !== "Stopping" && !stopSent) return { do: "stop" };
  if (job) {
    const stopping = viewOfJob({ ...job, status: "Stopping" });
    return settle({ ...stopping, job, ...lookedAt(sighting) }, true, { kind: "after", ms: STOP_AGAIN_MS });
  }
  if (sighting?.absent) {
    const created = findCondition(resource.status?.conditions, "Created");
    const appearsIn = created ? Date.parse(created.lastTransitionTime) + APPEARS_WITHIN_MS - now : 0;
    if (appearsIn <= 0) return { do: "release-finalizer" };
    const text =
      "SageMaker does not show the processing job yet, which was created a moment ago; it is stopped once it appears";
    return settle(
      { word: "Reconciling", reason: "Deleting", message: text, additional: text, ...lookedAt(sighting) },
      true,
      { kind: "after", ms: appearsIn },
    );
  }
  if (sighting?.failure) {
    return settle(viewOfFailure(patient(sighting.failure)), false, nextAfter(patient(sighting.failure)));
  }
  return { do: "look" };
}

/** A deletion goes on for as long as it takes. */
function patient(failure: Failure): Failure {
  return failure.retry === "never" ? { ...failure, retry: "slowly" } : failure;
}

function nextAfter(failure: Failure): Next {
  switch (failure.retry) {
    case "soon":
      return { kind: "back-off", failure };
    case "slowly":
      return { kind: "after", ms: SLOW_RETRY_MS };
    case "person":
      return { kind: "after", ms: PERSON_RETRY_MS };
    case "never":
      return { kind: "wait" };
  }
}

function lookedAt(sighting: Sighting | undefined): { lookedAt?: number } {
  return sighting?.seenAt === undefined ? {} : { lookedAt: sighting.seenAt };
}

/** Written by this operator, not by the CRD's default or the controller before it. */
function isOurs(status: ProcessingJobStatus | undefined): status is ProcessingJobStatus {
  return (status?.observedGeneration ?? -1) >= 0;
}

/** The job has ended, by our own word: nothing of SageMaker can change that. */
function isOver(status: ProcessingJobStatus | undefined): boolean {
  return isOurs(status) && FINAL_JOB_STATUSES.includes(status.processingJobStatus ?? "");
}

function isFinished(status: ProcessingJobStatus | undefined): boolean {
  return isOver(status) || (isOurs(status) && status.processingJobStatus === "Error");
}

/** Nobody has looked at the resource yet: the CRD's default status. Its job, if a create's answer was lost, has its name. */
function isUntouched(status: ProcessingJobStatus | undefined): boolean {
  return status?.observedGeneration === -1;
}

/** No call for this resource can ever have arrived: its region has no SageMaker, or its endpoint was refused. */
function neverReachedSageMaker(status: ProcessingJobStatus | undefined, failure: Failure): boolean {
  return !provesJob(status) && (failure.reason === "InvalidRegion" || failure.reason === "EndpointNotAllowed");
}

/** The status of a finished resource after a change of its generation (a deletion is one): the same, observed anew. */
function refreshed({ metadata, status = {} }: ProcessingJob): ProcessingJobStatus {
  const observedGeneration = metadata.generation;
  const conditions = status.conditions?.map((condition) => ({ ...condition, observedGeneration }));
  return { ...status, observedGeneration, ...(conditions ? { conditions } : {}) };
}
