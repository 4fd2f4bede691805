import { type Failure, FINAL_JOB_STATUSES, type Job, type Sighting } from "../api/job.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { type Action, type Context, type Limits, type Names, type Observed, type Settle, settle } from "./action.ts";
import { appearsInMs } from "./absence.ts";
import { withAnnotationWarnings } from "./annotations.ts";
import { doubtOfAbsence, stepOf } from "./account.ts";
import { withAttempts } from "./attempts.ts";
import { isRestored, ownPart } from "./backup.ts";
import { announced, isInDoubt } from "./create_state.ts";
import { decideFormerEnd, isFormerEnd } from "./former.ts";
import { decideDeletion } from "./deletion.ts";
import { withDeletionPolicy } from "./deletion_policy.ts";
import { fitStatus } from "./fit_status.ts";
import {
  checkedAt,
  createdAt,
  hasFinalizer,
  isAskedFor,
  isAtRest,
  isGivenUp,
  isKnown,
  isOver,
  isRunning,
  isSuspended,
  isUntouched,
  needsFirstCreate,
  neverBackwards,
  provesJob,
  saysNotSent,
} from "./history.ts";
import { rfc3339 } from "../api/time.ts";
import { untilDue } from "./heartbeat.ts";
import { nextAfter } from "./retry.ts";
import { decideGivenUp, LOST_LOOK_MS, orOnceSettled } from "./given_up.ts";
import { decideBackoff, decideLastAttempt, decideRetry, isRetryOver } from "./next_attempt.ts";
import { isPaused, paused, refreshed, viewOfFailure, viewOfJob } from "./status.ts";
import {
  decideAtRest,
  decideHeldBack,
  decideStopped,
  decideSuspended,
  decideSuspending,
  isToBeStopped,
} from "./suspend.ts";
import { decideRestored } from "./restored.ts";
import { afterEnd, decideTtl } from "./ttl.ts";

/** A job that existed counts as lost after this many looks in a row over this long found nothing. */
const LOST_AFTER = { looks: 3, ms: 2 * 60_000 };
const LOOK_AGAIN_MS = 45_000;
/** Who has no news of its own does not come back sooner. */
const MIN_BLIND_MS = 1_000;

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
  const context: Context = { resource, observed, names, limits, now };
  const action = decideAndComplete(context);
  const waits = action.do === "settle" && action.next.kind === "wait" && !action.follow;
  return waits && !isStable(context, action) ? { ...action, next: { kind: "after", ms: 0 } } : action;
}

/**
 * Whether the status of `settled` is what the spec asks for: a decision about the resource with that status would keep its word. The
 * watch brings the status back as an echo, which is ignored, and no poll brings the key back, so otherwise nothing would go on.
 */
function isStable(context: Context, { status }: Settle): boolean {
  const again = decideAndComplete({ ...context, resource: { ...context.resource, status } });
  return again.do === "settle" && again.status.processingJobStatus === status.processingJobStatus &&
    again.status.attemptCount === status.attemptCount;
}

function decideAndComplete(context: Context): Action {
  const { resource } = context;
  const action = decideStep({ ...context, resource: ownPart(resource) }, resource);
  if (action.do === "announce") return { ...action, status: fitStatus(action.status) };
  if (action.do !== "settle") return action;
  const status = withAttempts(context.resource.spec, withDeletionPolicy(context, action.status));
  return { ...action, status: fitStatus(withAnnotationWarnings(context.resource, status)) };
}

/** @param stored the resource with its whole status, also where that speaks of another's job */
function decideStep(context: Context, stored: ProcessingJob): Action {
  const { resource, now } = context;
  const { metadata, status } = resource;
  const isHeld = hasFinalizer(resource);
  if (metadata.deletionTimestamp !== undefined) return isHeld ? decideDeletion(context) : { do: "ignore" };
  if (isRestored(stored)) {
    const action = decideRestored(context, stored);
    if (action) return action;
  }
  if (isOver(status)) return decideOver(context);
  if (isFormerEnd(status)) return decideFormerEnd(context);
  if (isPaused(resource)) {
    return { do: "settle", status: paused(resource, now), follow: false, next: { kind: "wait" } };
  }
  if (isGivenUp(resource)) {
    return decideGivenUp(context, (job, sighting) => decideSeen(context, job, sighting));
  }
  if (isAtRest(status)) return decideAtRest(context);
  return isHeld ? decideRunning(context) : decideUnheld(context);
}

/** Without the finalizer nothing was ever sent: a resource that waits for its turn needs none yet, and is deleted at once. */
function decideUnheld(context: Context): Action {
  const { resource: { spec, status }, observed: { failure } } = context;
  if (spec.suspend && needsFirstCreate(status)) return decideSuspended(context);
  return failure && needsFirstCreate(status) ? decideFailed(context, failure) : { do: "add-finalizer" };
}

/** Nothing changes any more; but how a job ended may be known before when it began, and on which instance. */
function decideOver(context: Context): Action {
  const { resource, observed: { sighting } } = context;
  const job = sighting?.job;
  const isPending = job?.isSummary === true;
  const isDetailed = job !== undefined && !isPending && isKnown(job, resource.status) &&
    job.status === resource.status?.processingJobStatus;
  if (isDetailed) return settle(context, viewOfJob(job), false, afterEnd(context));
  return decideTtl(context) ??
    { do: "settle", status: refreshed(resource), follow: isPending, next: { kind: "wait" } };
}

function decideRunning(context: Context): Action {
  const { status } = context.resource;
  const { sighting, failure, isOwn, hasLooked, isUnsent, isNeverSent, isFollowed } = context.observed;
  if (isAskedFor(context.resource) && !hasLooked && !failure) return { do: "look" };
  if (isBehind(context)) return hasLooked ? decideBlind(context) : { do: "look" };
  if (failure) return hasLooked && provesJob(status) ? decideBlind(context, failure) : decideFailed(context, failure);
  if (sighting?.job) {
    if (isOwn === false) return decideConflict(context);
    if (isOwn === undefined && !isKnown(sighting.job, status)) return { do: "verify" };
    return decideSeen(context, neverBackwards(sighting.job, status), sighting);
  }
  const backoff = decideBackoff(context);
  if (backoff) return backoff;
  // An earlier look says nothing of a create that may have arrived since.
  if (sighting?.absent && !hasLooked && isInDoubt(context) && appearsInMs(context) <= 0) return { do: "look" };
  if (sighting?.absent) return provesJob(status) ? decideLost(context, sighting.absent) : decideCreate(context);
  if (isUntouched(status) || isUnsent || isNeverSent) return decideCreate(context);
  return isFollowed || !isRunning(status) || isToBeStopped(context) ? { do: "look" } : decideUnseen(context);
}

/** A job that was seen before this process began is one of thousands, maybe: the informer sees them all at the cost of a few. */
function decideUnseen(context: Context): Action {
  const { resource, limits } = context;
  return { do: "settle", status: refreshed(resource), follow: true, next: { kind: "after", ms: limits.stalenessMs } };
}

function decideFailed(context: Context, failure: Failure): Action {
  // A job that is to be stopped is, for as long as it takes.
  const isPatient = failure.retry === "never" && isSuspended(context.resource.status);
  const patient: Failure = isPatient ? { ...failure, retry: "slowly" } : failure;
  return settle(context, viewOfFailure(patient), false, orOnceSettled(context, nextAfter(patient)));
}

/**
 * The status rests on a later look than ours: another operator has written it, before or beside this one. A look that was just
 * answered is the latest, whatever the two clocks say.
 */
function isBehind({ resource, observed: { sighting, failure, hasLooked } }: Context): boolean {
  if (sighting?.seenAt === undefined || (hasLooked && !failure)) return false;
  const { status } = resource;
  // Statuses have whole seconds. Within one, a job that is known to exist says more than that it was not there.
  const seenAt = Math.floor(sighting.seenAt / 1000) * 1000;
  return sighting.absent && provesJob(status) ? seenAt <= checkedAt(status) : seenAt < checkedAt(status);
}

/** SageMaker can't be asked just now. What was written a moment ago stands; else two operators would write against each other. */
function decideBlind(context: Context, failure = context.observed.failure): Action {
  const blindInMs = checkedAt(context.resource.status) + context.limits.stalenessMs - context.now;
  if (failure && !(blindInMs > 0)) return decideFailed(context, failure);
  const next = { kind: "after", ms: Math.max(blindInMs, MIN_BLIND_MS) } as const;
  return { do: "settle", status: refreshed(context.resource), follow: true, next };
}

/** A status that is behind may hide that the job existed, and its record may be gone: so never on an old reading. */
function decideCreate(context: Context): Action {
  if (context.resource.spec.suspend) return decideHeldBack(context);
  if (isRetryOver(context)) return decideLastAttempt(context);
  const { resource: { status }, observed: { isPrepared, isCurrent, site }, now } = context;
  if (saysNotSent(status)) {
    return isPrepared ? { do: "announce", status: announced(status!, site, rfc3339(now)) } : { do: "prepare" };
  }
  return isCurrent ? { do: "create" } : { do: "confirm" };
}

/** The job is there: its word is the resource's, unless SageMaker has not been heard of for too long. */
function decideSeen(context: Context, job: Job, { failure, seenAt }: Sighting): Action {
  const { limits, now } = context;
  const heartbeat = {
    kind: "after",
    ms: untilDue(context.observed.heartbeatPhase ?? 0, checkedAt(context.resource.status), now, limits.heartbeatMs),
  } as const;
  if (FINAL_JOB_STATUSES.includes(job.status)) return decideEnded(context, job);
  if (isToBeStopped(context)) return decideSuspending(context, job);
  if (failure === undefined) return settle(context, viewOfJob(job), true, heartbeat);
  const blindInMs = (seenAt ?? now) + limits.stalenessMs - now;
  if (blindInMs > 0) return settle(context, viewOfJob(job), true, { kind: "after", ms: blindInMs });
  return settle(context, { ...viewOfFailure({ ...failure, retry: "slowly" }), job }, true, heartbeat);
}

/** The job has ended, and with it the resource, unless there is another attempt to come. */
function decideEnded(context: Context, job: Job): Action {
  const isSuspension = job.status === "Stopped" && isToBeStopped(context);
  const next = isSuspension ? decideStopped(context, job) : decideRetry(context, job);
  // What a list leaves out can't be asked for later.
  if (next) return job.isSummary && !context.observed.hasLooked ? { do: "look" } : next;
  const isPending = job.isSummary === true;
  return settle(
    context,
    { ...viewOfJob(job), suspended: false },
    isPending,
    isPending ? { kind: "wait" } : afterEnd(context),
  );
}

/** A job that existed is gone from SageMaker. It is never run a second time. */
function decideLost(context: Context, absent: { since: number; looks: number }): Action {
  const doubt = doubtOfAbsence(context);
  if (doubt) return stepOf(context, doubt);
  // What was not there before it was created says nothing.
  const since = Math.max(absent.since, createdAt(context.resource.status));
  const isLost = absent.looks >= LOST_AFTER.looks && context.now - since >= LOST_AFTER.ms;
  const text = isLost
    ? "SageMaker no longer has this resource's processing job: its record was deleted. A job is never run twice for one " +
      "resource; to run it anew, delete the resource and apply it again"
    : "SageMaker does not show this resource's processing job, which existed; looking again before it counts as lost";
  const view = { reason: "JobLost", message: text, additional: text } as const;
  if (isLost) return settle(context, { ...view, word: "Error" }, false, { kind: "after", ms: LOST_LOOK_MS });
  return settle(context, { ...view, word: "Reconciling" }, true, { kind: "after", ms: LOOK_AGAIN_MS });
}

function decideConflict(context: Context): Action {
  const text =
    `SageMaker has a processing job '${context.names.jobName}' that was not made for this resource: it is neither ` +
    "followed nor stopped. Delete this resource and apply it again, which gives its job another name";
  const view = { word: "Error", reason: "NameConflict", message: text, additional: text } as const;
  return settle(context, view, false, { kind: "wait" });
}
