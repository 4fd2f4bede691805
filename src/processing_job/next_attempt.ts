/** From one attempt to the next: what a retry policy and the end of a suspension have in common. */
import { attemptName } from "../api/job_name.ts";
import type { Job } from "../api/job.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { humanDuration } from "../api/time.ts";
import { type Action, type Context, type Names, type Next, type Settle, settle } from "./action.ts";
import { attemptBefore, attemptNumber, countedAttempts, isRetry, nextAttempt } from "./attempts.ts";
import { appearsInMs } from "./absence.ts";
import { doubtOfAbsence, stepOf } from "./account.ts";
import { isAskedFor, provesJob } from "./history.ts";
import { backoffMs, mayRetry, retryAfterMs } from "./retry_policy.ts";
import { LONGEST_PAUSE_MS, pauseText } from "./resumption.ts";
import { statusOf, type View, viewOfJob } from "./status.ts";
import { afterEnd } from "./ttl.ts";

/** Settles on the attempt after that of `ended`. Written before its create is sent, it can be neither skipped nor repeated. */
export function beginNext(
  context: Context,
  ended: ProcessingJobStatus,
  view: Omit<View, keyof Names | "lookedAt">,
  next: Next,
): Settle {
  return settle(atStatus(context, nextAttempt(ended)), view, false, next);
}

/** What follows a job that has ended and that its policy retries; undefined if it has no other attempt. */
export function decideRetry(context: Context, job: Job): Settle | undefined {
  const { resource, names, now } = context;
  const counted = countedAttempts(resource.status);
  const waitMs = retryAfterMs(resource, job, counted, now);
  if (waitMs === undefined) return undefined;
  const ended = statusOf(resource, { ...viewOfJob(job), ...names, suspended: false }, now);
  const number = attemptNumber(ended);
  const text = `Attempt ${number} ${
    job.status === "Stopped" ? "was stopped" : `failed: ${job.failureReason}`
  }; attempt ${number + 1} begins in ${humanDuration(waitMs)}`;
  const view = {
    word: "Reconciling",
    reason: "RetryPending",
    message: text,
    additional: text,
    suspended: false,
  } as const;
  // Statuses have whole seconds.
  return beginNext(context, ended, { ...view, nextAttemptAt: Math.ceil((now + waitMs) / 1000) * 1000 }, {
    kind: "after",
    ms: waitMs,
  });
}

/**
 * The attempt of the status waits for its time; undefined if it has come. The backoff of a retry ends also where that was asked for, but
 * not the pause after a resumption: it holds against those who may ask.
 */
export function decideBackoff(context: Context): Action | undefined {
  const { resource, now } = context;
  const { status } = resource;
  if (status?.nextAttemptTime === undefined || provesJob(status)) return undefined;
  if (resource.spec.suspend || isRetryOver(context)) return undefined;
  if (!isRetry(status)) return decidePause(context, status, Date.parse(status.nextAttemptTime));
  if (isAskedFor(resource)) return undefined;
  // A clock that was put back makes nobody wait longer than the policy says.
  const longestMs = backoffMs(resource, countedAttempts(status) - 1);
  const waitMs = Math.min(Date.parse(status.nextAttemptTime) - now, longestMs);
  if (!(waitMs > 0)) return undefined;
  const text = status.additional ?? "";
  const view = { word: "Reconciling", reason: "RetryPending", message: text, additional: text } as const;
  return settle(context, view, false, { kind: "after", ms: waitMs });
}

/** The same for an attempt that follows a suspension. */
function decidePause(context: Context, status: ProcessingJobStatus, at: number): Action | undefined {
  const waitMs = Math.min(at - context.now, LONGEST_PAUSE_MS);
  if (!(waitMs > 0)) return undefined;
  const text = pauseText(status, at);
  const view = { word: "Reconciling", reason: "Resumed", message: text, additional: text } as const;
  return settle(context, view, false, { kind: "after", ms: waitMs });
}

/** The attempt of the status is a retry, and the policy no longer allows it: it was changed, or its time is over. */
export function isRetryOver({ resource, now }: Context): boolean {
  return isRetry(resource.status) && !mayRetry(resource, countedAttempts(resource.status), now);
}

/** Such an attempt is taken back, once it is certain that it has no job: the attempt before it was the last. */
export function decideLastAttempt(context: Context): Action {
  const { resource: { status }, observed: { hasLooked, sighting } } = context;
  if (!hasLooked || !sighting?.absent) return { do: "look" };
  const appearsMs = appearsInMs(context);
  if (appearsMs > 0) {
    const text =
      `No more attempts are allowed. SageMaker does not show a job of attempt ${attemptNumber(status)}; one that ` +
      "was created a moment ago may still appear";
    const view = { word: "Reconciling", reason: "RetryPending", message: text, additional: text } as const;
    return settle(context, view, true, { kind: "after", ms: appearsMs });
  }
  const doubt = doubtOfAbsence(context);
  if (doubt) return stepOf(context, doubt);
  const last = attemptBefore(status)!;
  const [startTime, endTime] = [Date.parse(last.startTime ?? ""), Date.parse(last.endTime ?? "")];
  const job: Job = {
    name: last.name,
    arn: last.arn ?? "",
    status: last.status,
    ...(last.message !== undefined && { failureReason: last.message }),
    ...(startTime && { startTime }),
    ...(endTime && { endTime }),
  };
  const { attemptCount: _, nextAttemptTime: __, earlierBillableInstanceSeconds: ___, ...rest } = status!;
  const before = { ...rest, ...(last.number > 1 && { attemptCount: last.number }) };
  const action = settle(atStatus(context, before), viewOfJob(job), false, afterEnd(context));
  // The last attempt is among them already.
  const { billableInstanceSeconds } = before;
  return { ...action, status: { ...action.status, ...(billableInstanceSeconds && { billableInstanceSeconds }) } };
}

/** The same with another status, and the names of the attempt that it speaks of. */
function atStatus(context: Context, status: ProcessingJobStatus): Context {
  const { resource, names } = context;
  const { name, uid } = resource.metadata;
  const jobName = attemptName(name, uid, attemptNumber(status));
  // The page of a job's logs differs from another's by the name alone.
  const cloudWatchLogUrl = names.cloudWatchLogUrl?.replaceAll(names.jobName, jobName);
  return { ...context, resource: { ...resource, status }, names: { jobName, cloudWatchLogUrl } };
}
