import { accountIn } from "../api/arn.ts";
import { type Condition, findCondition, isOwnCondition, mergeConditions } from "../api/conditions.ts";
import { ANNOTATIONS } from "../api/group.ts";
import type { Failure, Job, Reason } from "../api/job.ts";
import type {
  AppliedDefault,
  JobSite,
  ProcessingJob,
  ProcessingJobStatus,
  ProcessingJobStatusWord,
} from "../api/processing_job.ts";
import { humanDuration, rfc3339 } from "../api/time.ts";
import { reconcileAt } from "./annotations.ts";
import { billableInstanceSeconds } from "./billable.ts";
import { type CreateState, IN_DOUBT, NOT_SENT } from "./create_state.ts";
import { isSuspended, provesJob } from "./history.ts";
import { warningsOf } from "./spec_warnings.ts";

/** What there is to say of a resource at one moment; `statusOf` turns it into the status that is written. */
export interface View {
  word: ProcessingJobStatusWord;
  reason: Reason;
  /** For people: the text of the `Ready` condition. */
  message: string;
  /** `additional`, where it isn't empty. */
  additional?: string;
  /** Someone has to act before this goes on. */
  needsPerson?: boolean;
  job?: Job;
  /** Whether `suspend` holds; as it was unless given. */
  suspended?: boolean;
  /** When the next attempt may begin; milliseconds since the epoch. */
  nextAttemptAt?: number;
  jobName: string;
  cloudWatchLogUrl: string | undefined;
  /** What the namespace filled in, where the job may just have been created. */
  appliedDefaults?: AppliedDefault[];
  /** Where the job was seen, or a create with an unknown outcome was sent. */
  site?: JobSite;
  /** When SageMaker last answered about this job; milliseconds since the epoch. */
  lookedAt?: number;
  /** What is known of the create where there is no job. */
  create?: CreateState;
}

const JOB_REASONS: Record<string, Reason> = {
  InProgress: "InProgress",
  Stopping: "Stopping",
  Completed: "Completed",
  Failed: "JobFailed",
  Stopped: "StoppedOutsideOperator",
};

/** The text of the condition `Suspended`. */
const SUSPENDED = "'spec.suspend' asks for no job to run";

/** The view of a job that SageMaker told us about. */
export function viewOfJob(job: Job): Pick<View, "word" | "reason" | "message" | "additional" | "job"> {
  const reason = JOB_REASONS[job.status];
  if (reason === undefined) {
    const text = `SageMaker answered the status '${job.status}', which this version of the operator does not know`;
    return { word: "Reconciling", reason: "UnknownError", message: text, additional: text, job };
  }
  const message = jobMessage(job);
  const view = { word: job.status as ProcessingJobStatusWord, reason, message, job };
  return job.failureReason ? { ...view, additional: job.failureReason } : view;
}

function jobMessage(job: Job): string {
  switch (job.status) {
    case "Completed":
      return `The processing job completed${job.exitMessage ? `: ${job.exitMessage}` : ""}`;
    case "Failed":
      return `The processing job failed: ${job.failureReason ?? "SageMaker gave no reason"}`;
    case "Stopped":
      return "The processing job was stopped, though not by deleting this resource: by somebody else, or because it ran for " +
        "'stoppingCondition.maxRuntimeInSeconds'";
    case "Stopping":
      return "SageMaker is stopping the processing job";
    default:
      return "The processing job is in progress";
  }
}

/** The view of a call to SageMaker that failed: `Error` if nothing will be tried again, else `Reconciling`. */
export function viewOfFailure(
  failure: Failure,
): Pick<View, "word" | "reason" | "message" | "additional" | "needsPerson"> {
  return {
    word: failure.retry === "never" ? "Error" : "Reconciling",
    reason: failure.reason,
    message: failure.message,
    additional: failure.message,
    needsPerson: failure.retry === "person",
  };
}

/**
 * The whole status for `view`, given what `resource` says so far: what is no longer known of a job that existed (its ARN, its
 * times) is carried over, everything else is stated anew. `now` is milliseconds since the epoch.
 */
export function statusOf(resource: ProcessingJob, view: View, now: number): ProcessingJobStatus {
  const before = resource.status ?? {};
  const { job } = view;
  const status: ProcessingJobStatus = {
    processingJobStatus: view.word,
    sageMakerProcessingJobName: view.jobName,
    observedGeneration: resource.metadata.generation,
  };
  set(status, "cloudWatchLogUrl", view.cloudWatchLogUrl);
  set(status, "observedReconcileAt", reconcileAt(resource));
  set(status, "additional", view.additional);
  set(status, "lastCheckTime", view.lookedAt === undefined ? before.lastCheckTime : rfc3339(view.lookedAt));
  set(status, "processingJobArn", job?.arn ?? before.processingJobArn);
  set(status, "site", siteAfter(before, view));
  set(status, "processingStartTime", timeOf(job?.startTime) ?? before.processingStartTime);
  set(status, "processingEndTime", timeOf(job?.endTime) ?? before.processingEndTime);
  set(status, "duration", durationOf(job) ?? before.duration);
  const billable = job && billableInstanceSeconds(job, resource.spec);
  const { earlierBillableInstanceSeconds: earlier } = before;
  const total = billable === undefined ? before.billableInstanceSeconds : billable + (earlier ?? 0);
  set(status, "billableInstanceSeconds", total);
  set(status, "earlierBillableInstanceSeconds", earlier);
  // SageMaker names one only where it had a choice.
  const instanceType = job && resource.spec.processingResources.clusterConfig.instanceType;
  set(status, "selectedInstanceType", job?.selectedInstanceType ?? before.selectedInstanceType ?? instanceType);
  set(status, "failureReason", job?.failureReason ?? before.failureReason);
  set(status, "exitMessage", job?.exitMessage ?? before.exitMessage);
  set(status, "attemptCount", before.attemptCount);
  set(status, "suspendedAttempts", before.suspendedAttempts);
  set(status, "attempts", before.attempts);
  const nextAttemptTime = timeOf(view.nextAttemptAt) ?? before.nextAttemptTime;
  if (!job) set(status, "nextAttemptTime", nextAttemptTime);
  set(status, "appliedDefaults", (job && view.appliedDefaults) ?? before.appliedDefaults);
  status.conditions = mergeConditions(before.conditions, conditionsOf(resource, view), rfc3339(now));
  return status;
}

/** Once a job is known, its site stays what it was. */
function siteAfter(before: ProcessingJobStatus, { job, create, site }: View): JobSite | undefined {
  const known = provesJob(before) ? before.site : undefined;
  if (!job && create !== "in-doubt") return known;
  const account = accountIn(job?.arn ?? before.processingJobArn);
  // While it can't be asked for, where it may have been created stays as it was.
  const kept = known ?? site ?? before.site;
  return kept && { ...(account !== undefined && { account }), ...kept };
}

/** The status of a finished resource after a change of its generation (a deletion is one): the same, observed anew. */
export function refreshed(resource: ProcessingJob): ProcessingJobStatus {
  const { metadata, status = {} } = resource;
  const observedGeneration = metadata.generation;
  const conditions = status.conditions
    ?.filter(({ type }) => type !== "Paused")
    .map((condition) => isOwnCondition(condition) ? { ...condition, observedGeneration } : condition);
  const same: ProcessingJobStatus = { ...status, observedGeneration, ...(conditions ? { conditions } : {}) };
  set(same, "observedReconcileAt", reconcileAt(resource));
  return same;
}

/**
 * The status of a resource whose job has ended, and whose deletion `failure` hinders. The ending stays as it is, with its conditions;
 * `Ready` and `additional` say what hinders, as `text`. `now` is milliseconds since the epoch.
 */
export function hindered(resource: ProcessingJob, failure: Failure, text: string, now: number): ProcessingJobStatus {
  const { metadata: { generation }, status = {} } = resource;
  const { failureReason, conditions = [] } = status;
  const ready = {
    type: "Ready",
    status: failure.retry === "person" ? "False" : "Unknown",
    reason: failure.reason,
    message: text + helpFor(failure.reason),
    observedGeneration: generation,
  } as const;
  const ending = conditions.filter((each) => isOwnCondition(each) && each.type !== "Ready");
  return {
    ...status,
    additional: failureReason === undefined ? text : `${failureReason}. ${text}`,
    conditions: mergeConditions(conditions, [ready, ...ending], rfc3339(now)),
  };
}

/** Somebody asks for the resource to be left alone. */
export function isPaused({ metadata }: ProcessingJob): boolean {
  return metadata.annotations?.[ANNOTATIONS.paused] === "true";
}

/** The status of a resource that is to be left alone: the same, and a condition that says so. `now` is milliseconds. */
export function paused(resource: ProcessingJob, now: number): ProcessingJobStatus {
  const status = refreshed(resource);
  const observedGeneration = resource.metadata.generation;
  const message =
    `The annotation '${ANNOTATIONS.paused}: "true"' asks the operator to leave this resource alone: no job is ` +
    "created for it, and the status of one that runs stays as it is; without the annotation the operator goes on";
  const rest = status.conditions?.filter((each) => isOwnCondition(each) && each.type !== "Ready") ?? [];
  const because = { reason: "Paused", message, observedGeneration } as const;
  const gaveUp = status.processingJobStatus === "Error" ? findCondition(status.conditions, "Ready") : undefined;
  const ready = gaveUp ?? { type: "Ready", status: "Unknown", ...because } as const;
  const wanted = [ready, ...rest, { type: "Paused", status: "True", ...because } as const];
  status.conditions = mergeConditions(resource.status?.conditions, wanted, rfc3339(now));
  return status;
}

function helpFor(reason: Reason): string {
  return ` (see docs/troubleshooting.md#${reason.toLowerCase()})`;
}

function set<K extends keyof ProcessingJobStatus>(status: ProcessingJobStatus, key: K, value: ProcessingJobStatus[K]) {
  if (value !== undefined) status[key] = value;
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : rfc3339(ms);
}

function durationOf(job: Job | undefined): string | undefined {
  // A job that was never started has no start time; a list names none at all.
  const start = job?.startTime ?? (job?.isSummary ? undefined : job?.creationTime);
  if (job?.endTime === undefined || start === undefined) return undefined;
  return humanDuration(job.endTime - start);
}

function conditionsOf(
  resource: ProcessingJob,
  view: View,
): Omit<Condition, "lastTransitionTime">[] {
  const observedGeneration = resource.metadata.generation;
  const { job, reason, message, word } = view;
  const { suspended = isSuspended(resource.status) } = view;
  // The operator's own stops are those of a suspension and those of a deletion.
  const stalled = word === "Failed" || word === "Error" || (word === "Stopped" && !suspended && reason !== "Stopped");
  const ready = word === "Completed" ? "True" : stalled || view.needsPerson ? "False" : "Unknown";
  const help = ready === "False" || word === "Reconciling" ? helpFor(reason) : "";
  const warnings = word === "Completed" ? [] : warningsOf(resource).map((warning) => `. Warning: ${warning}`);
  const text = message + help + warnings.join("");
  const conditions: Omit<Condition, "lastTransitionTime">[] = [
    { type: "Ready", status: ready, reason, message: text, observedGeneration },
  ];
  const add = (type: Condition["type"], holds: boolean, why: Reason = reason, text = message) => {
    if (holds) conditions.push({ type, status: "True", reason: why, message: text, observedGeneration });
  };
  const created = job !== undefined || provesJob(resource.status);
  add("Created", created, "Created", `SageMaker has the processing job '${view.jobName}'`);
  if (!created && view.create !== undefined) conditions.push({ ...createdCondition(view.create), observedGeneration });
  add("Complete", word === "Completed");
  add("Failed", word === "Failed" || word === "Error");
  const stopped = word === "Stopped" && !suspended;
  add("Stopped", stopped);
  add("Finished", word === "Completed" || stopped || stalled, reason, `It has ended with the status '${word}'`);
  add("Suspended", suspended, reason === "Suspending" ? reason : "Suspended", SUSPENDED);
  if (!suspended && findCondition(resource.status?.conditions, "Suspended")) {
    conditions.push({ type: "Suspended", status: "False", reason: "Resumed", message: "", observedGeneration });
  }
  add("Stalled", stalled);
  return conditions;
}

function createdCondition(create: CreateState): Pick<Condition, "type" | "status" | "reason" | "message"> {
  return create === "not-sent"
    ? { type: "Created", status: "False", reason: "NotSent", message: NOT_SENT }
    : { type: "Created", status: "Unknown", reason: "OutcomeUnknown", message: IN_DOUBT };
}
