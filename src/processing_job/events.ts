import { type Condition, findCondition } from "../api/conditions.ts";
import { ANNOTATIONS, API_VERSION, KIND } from "../api/group.ts";
import { FINAL_JOB_STATUSES, type Reason, STANDINGS } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { cutText } from "../api/text.ts";
import { humanDuration } from "../api/time.ts";
import type { EventText, ObjectReference } from "../kubernetes/events.ts";
import { attemptNumber } from "./attempts.ts";
import { isSuspended, provesJob } from "./history.ts";

/** Every Event there is, by its reason. */
const EVENTS = {
  Created: { type: "Normal", action: "CreateJob" },
  Recreated: { type: "Warning", action: "CreateJob" },
  JobTagsDenied: { type: "Warning", action: "CreateJob" },
  NameConflict: { type: "Warning", action: "CreateJob" },
  // a call did not succeed
  Retrying: { type: "Warning", action: "Retry" },
  QuotaExceeded: { type: "Warning", action: "Wait" },
  AccessDenied: { type: "Warning", action: "Wait" },
  Waiting: { type: "Warning", action: "Wait" },
  Error: { type: "Warning", action: "GiveUp" },
  // what becomes of the job
  InProgress: { type: "Normal", action: "FollowJob" },
  Completed: { type: "Normal", action: "FollowJob" },
  Failed: { type: "Warning", action: "FollowJob" },
  Stopped: { type: "Warning", action: "FollowJob" },
  JobLost: { type: "Warning", action: "FollowJob" },
  // from one attempt to the next
  AttemptFailed: { type: "Warning", action: "Retry" },
  Suspended: { type: "Normal", action: "Suspend" },
  Resumed: { type: "Normal", action: "Resume" },
  // deletion
  Stopping: { type: "Normal", action: "StopJob" },
  DeletionBlocked: { type: "Warning", action: "StopJob" },
  Released: { type: "Normal", action: "ReleaseResource" },
  Retained: { type: "Normal", action: "ReleaseResource" },
  Expired: { type: "Normal", action: "DeleteResource" },
  ForceDeleted: { type: "Warning", action: "ReleaseResource" },
} as const satisfies Record<string, Pick<EventText, "type" | "action">>;

export type EventReason = keyof typeof EVENTS;
/** The closed set of reasons that Events carry. */
export const EVENT_REASONS = Object.keys(EVENTS) as readonly EventReason[];

/** What an Event may tell beyond the two statuses. */
export interface EventContext {
  jobName: string;
  region: string;
  /** The resource has a deletion timestamp. */
  deleting: boolean;
  /** When a call that did not succeed is tried again, in milliseconds; absent where that is soon, or nobody can say. */
  retryMs?: number;
  /** A record that is to be deleted with the resource can't be, which is what `Ready` says. */
  recordKept?: boolean;
}

/** Reasons of `Ready` that say where a job stands, and not that a call did not succeed. */
const NO_FAILURE: ReadonlySet<Reason> = new Set(STANDINGS);
const FORCE_DELETE = ANNOTATIONS.forceDelete;
/** Of a failure reason and an exit message, so that both go into a note. */
const HALF_NOTE_BYTES = 480;

/**
 * What people are told when the status goes from `before` to `after`: the steps of the job's story, once each. A status that
 * differs in its texts alone (each answer of AWS has another request id) tells nothing.
 */
export function eventsFor(
  before: ProcessingJobStatus | undefined,
  after: ProcessingJobStatus,
  context: EventContext,
): EventText[] {
  if (context.recordKept) return recordKept(before, after, context);
  const events: EventText[] = [];
  if (!context.deleting && !provesJob(before) && provesJob(after)) {
    const attempt = after.attemptSummary === undefined ? "" : `, attempt ${attemptNumber(after)}`;
    events.push(event("Created", `Created processing job '${context.jobName}' in ${context.region}${attempt}`));
  }
  const between = betweenAttempts(before, after);
  if (between) return [...events, between];
  const latest = latestEvent(before, after, context);
  if (latest) events.push(latest);
  return events;
}

/** What becomes of one attempt, where there is or was another. */
function betweenAttempts(
  before: ProcessingJobStatus | undefined,
  after: ProcessingJobStatus,
): EventText | undefined {
  const { reason, message = "" } = ready(after) ?? {};
  if (ready(before)?.reason === reason && attemptNumber(before) === attemptNumber(after)) return undefined;
  if (reason === "RetryPending" && attemptNumber(before) < attemptNumber(after)) {
    return event("AttemptFailed", textOf(after));
  }
  if (reason === "Suspended" && isSuspended(after)) return event("Suspended", message);
  const wasSuspended = findCondition(before?.conditions, "Suspended")?.status === "True";
  if (reason === "Resumed" && wasSuspended) return event("Resumed", message);
  return undefined;
}

function latestEvent(
  before: ProcessingJobStatus | undefined,
  after: ProcessingJobStatus,
  context: EventContext,
): EventText | undefined {
  const isNewWord = before?.processingJobStatus !== after.processingJobStatus;
  const isNewReason = isNewWord || ready(before)?.reason !== ready(after)?.reason;
  // A deletion is a change of the generation.
  const isNewDeletion = context.deleting && before?.observedGeneration !== after.observedGeneration;
  switch (after.processingJobStatus) {
    case "InProgress":
      return isNewWord ? inProgress(before) : undefined;
    case "Completed":
      return isNewWord
        ? event("Completed", `Completed${lasting(after)}${after.exitMessage ? `: ${after.exitMessage}` : ""}`)
        : undefined;
    case "Failed":
      return isNewWord ? failed(after) : undefined;
    case "Stopped":
      return isNewWord ? event("Stopped", `Stopped${lasting(after)}. ${textOf(after)}`) : undefined;
    case "Stopping":
      return isNewWord || isNewDeletion ? stopping(after, context) : undefined;
    case "Error":
      return isNewReason ? givenUp(after) : undefined;
    case "Reconciling":
      return isNewReason || isNewDeletion ? notYet(after, context) : undefined;
    default:
      return undefined;
  }
}

/** What hinders the deletion of a resource whose job has ended. */
function recordKept(
  before: ProcessingJobStatus | undefined,
  after: ProcessingJobStatus,
  { jobName, region, retryMs }: EventContext,
): EventText[] {
  const { reason, message } = ready(after) ?? {};
  if (ready(before)?.reason === reason && before?.observedGeneration === after.observedGeneration) return [];
  const what = `Cannot delete the records of processing job '${jobName}' in ${region} yet`;
  return [event("DeletionBlocked", `${what}; ${nextTry(retryMs)}. ${reason}: ${message}`)];
}

/** Said only where it ends a trouble; that a job which was just created runs goes without saying. */
function inProgress(before: ProcessingJobStatus | undefined): EventText | undefined {
  const reason = ready(before)?.reason;
  if (!provesJob(before) || reason === undefined || NO_FAILURE.has(reason)) return undefined;
  return event("InProgress", "SageMaker shows the processing job again: it is in progress");
}

function failed(status: ProcessingJobStatus): EventText {
  const { failureReason = "SageMaker gave no reason", exitMessage } = status;
  if (!exitMessage) return event("Failed", `Failed${lasting(status)}: ${failureReason}`);
  const [why, last] = [cutText(failureReason, HALF_NOTE_BYTES), cutText(exitMessage, HALF_NOTE_BYTES)];
  return event("Failed", `Failed${lasting(status)}: ${why}; exit message: ${last}`);
}

function stopping(after: ProcessingJobStatus, { deleting, jobName, region }: EventContext): EventText {
  if (!deleting && isSuspended(after)) {
    return event("Stopping", `'spec.suspend' is true: stopping processing job '${jobName}' in ${region}`);
  }
  return event(
    "Stopping",
    deleting
      ? `This resource is being deleted: stopping processing job '${jobName}' in ${region}`
      : "SageMaker is stopping the processing job, though this resource is not being deleted",
  );
}

function givenUp(status: ProcessingJobStatus): EventText {
  const reason = ready(status)?.reason;
  if (reason === "JobLost" || reason === "NameConflict") return event(reason, textOf(status));
  return event("Error", `Not tried again by itself. ${reason ?? "UnknownError"}: ${textOf(status)}`);
}

/** A call that did not succeed and is tried again. */
function notYet(status: ProcessingJobStatus, context: EventContext): EventText | undefined {
  const { reason, status: isReady } = ready(status) ?? {};
  if (reason === undefined || NO_FAILURE.has(reason)) return undefined;
  const text = textOf(status);
  const { jobName, region, deleting, retryMs } = context;
  const next = nextTry(retryMs);
  // Throttling ends by itself; nobody should leave a job behind for it.
  if (deleting && reason !== "Throttled") {
    const note =
      `Cannot stop processing job '${jobName}' in ${region} yet; ${next}. To delete this resource at once and ` +
      `leave the job to itself, annotate it with ${FORCE_DELETE}=true. ${reason}: ${text}`;
    return event("DeletionBlocked", note);
  }
  if (reason === "QuotaExceeded") return event("QuotaExceeded", `Waits for quota; ${next}. ${text}`);
  if (reason === "AccessDenied") return event("AccessDenied", `Waits for a permission; ${next}. ${text}`);
  if (isReady === "False") return event("Waiting", `Waits for someone to act; ${next}. ${reason}: ${text}`);
  return event("Retrying", `Did not succeed; ${next}. ${reason}: ${text}`);
}

function nextTry(retryMs: number | undefined): string {
  return retryMs === undefined ? "tried again soon" : `next try in ${humanDuration(retryMs)}`;
}

/**
 * The Event for a resource whose finalizer was taken away; none if its job had ended before the deletion, for then nothing
 * was waited for. `jobStatus` is what SageMaker says of the job; absent if it has none.
 */
export function releasedEvent(
  before: ProcessingJobStatus | undefined,
  jobStatus: string | undefined,
  { jobName, region }: EventContext,
): EventText | undefined {
  if (FINAL_JOB_STATUSES.includes(before?.processingJobStatus ?? "")) return undefined;
  return event(
    "Released",
    jobStatus === undefined
      ? `Released this resource: SageMaker has no processing job '${jobName}' in ${region}`
      : `Released this resource: processing job '${jobName}' in ${region} is ${jobStatus}`,
  );
}

/** The Event for a resource whose deletion policy leaves its job to itself; none if that had ended. */
export function retainedEvent(
  before: ProcessingJobStatus | undefined,
  { jobName, region }: EventContext,
): EventText | undefined {
  if (FINAL_JOB_STATUSES.includes(before?.processingJobStatus ?? "")) return undefined;
  const what = provesJob(before) ? "runs on" : "is left to itself, if it was created";
  return event(
    "Retained",
    `Released this resource because of 'deletionPolicy: Retain'. Processing job '${jobName}' in ${region} ${what}. To stop ` +
      `it: aws sagemaker stop-processing-job --region ${region} --processing-job-name ${jobName}`,
  );
}

/** The Event for a resource that was deleted because its time to live is over. */
export function expiredEvent({ processingEndTime = "unknown" }: ProcessingJobStatus = {}): EventText {
  return event(
    "Expired",
    `Deleted this resource because of 'ttlSecondsAfterFinished': its job ended at ${processingEndTime}`,
  );
}

/** The Event for a resource that has a job, and whose name expired `agoMs` milliseconds before. */
export function recreatedEvent(agoMs: number): EventText {
  return event(
    "Recreated",
    `A resource of this name was deleted ${
      humanDuration(agoMs)
    } ago because of 'ttlSecondsAfterFinished', and its job has run. A ` +
      "GitOps tool that makes the resource again runs and pays for the job each time: leave 'ttlSecondsAfterFinished' out of what " +
      "it applies",
  );
}

/** The Event for a resource that was released by its annotation, whatever its job does. */
export function forceDeletedEvent({ jobName, region }: EventContext): EventText {
  return event(
    "ForceDeleted",
    `Released this resource because of its annotation '${FORCE_DELETE}'. Processing job '${jobName}' in ${region} is left ` +
      `behind, and if it is there it may run on. To stop it: aws sagemaker stop-processing-job --region ${region} ` +
      `--processing-job-name ${jobName}`,
  );
}

/** The Event for a job that was created without the operator's own tags, since `message`, AWS's answer, denied them. */
export function jobTagsDeniedEvent(message: string): EventText {
  return event(
    "JobTagsDenied",
    "Created the processing job without the operator's own tags, which AWS denies. Allow 'sagemaker:AddTags' on it, or run " +
      `the operator with '--no-job-tags'. ${message}`,
  );
}

/** What the Events of `resource` are about. */
export function referenceTo({ metadata }: ProcessingJob): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion: API_VERSION, kind: KIND, namespace, name, uid, resourceVersion };
}

function event(reason: EventReason, note: string): EventText {
  return { ...EVENTS[reason], reason, note };
}

function ready(status: ProcessingJobStatus | undefined): Condition | undefined {
  return findCondition(status?.conditions, "Ready");
}

function textOf(status: ProcessingJobStatus): string {
  return status.additional ?? ready(status)?.message ?? "no explanation";
}

function lasting({ duration }: ProcessingJobStatus): string {
  return duration === undefined ? "" : ` after ${duration}`;
}
