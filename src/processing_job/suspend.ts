/** `spec.suspend`, as that of a `batch/v1` Job: nothing runs while it is true. */
import type { Job } from "../api/job.ts";
import { appearsInMs } from "./absence.ts";
import { doubtOfAbsence, stepOf } from "./account.ts";
import { type Action, type Context, settle } from "./action.ts";
import { attemptBefore, nextAttempt } from "./attempts.ts";
import { STOP_AGAIN_MS } from "./deletion.ts";
import { isSuspended, provesJob } from "./history.ts";
import { beginNext } from "./next_attempt.ts";
import { pauseText, resumesAt } from "./resumption.ts";
import { viewOfJob } from "./status.ts";

const HELD_BACK = "'spec.suspend' holds the processing job back: none is created until it is false";
const STOPPED = "'spec.suspend' has stopped the processing job; once it is false, the next attempt begins";

/** Nothing runs, by our own word: so it stays, or the job begins, anew if there was one. */
export function decideAtRest(context: Context): Action {
  const { resource: { spec, status }, now } = context;
  if (spec.suspend) return decideSuspended(context);
  const next = provesJob(status) ? nextAttempt(status!) : undefined;
  const resumeAt = next && resumesAt(next.attempts ?? [], now);
  if (next && resumeAt !== undefined) {
    const text = pauseText(next, resumeAt);
    const view = { word: "Reconciling", reason: "Resumed", message: text, additional: text, suspended: false } as const;
    return beginNext(context, status!, { ...view, nextAttemptAt: resumeAt }, { kind: "after", ms: resumeAt - now });
  }
  const text = "'spec.suspend' is no longer true: the processing job is created";
  const view = {
    word: "SynchronizingK8sJobWithSageMaker",
    reason: "Resumed",
    message: text,
    suspended: false,
  } as const;
  const atOnce = { kind: "after", ms: 0 } as const;
  return next ? beginNext(context, status!, view, atOnce) : settle(context, view, false, atOnce);
}

/** It is certain that nothing runs and that nothing will: that is written. */
export function decideSuspended(context: Context): Action {
  const { status } = context.resource;
  const hadJob = provesJob(status) || attemptBefore(status) !== undefined;
  const word = hadJob ? "Stopped" : "SynchronizingK8sJobWithSageMaker";
  const message = hadJob ? STOPPED : HELD_BACK;
  return settle(context, { word, reason: "Suspended", message, suspended: true }, false, { kind: "wait" });
}

/** In the place of a create. One that was sent before may still arrive, and is stopped then. */
export function decideHeldBack(context: Context): Action {
  const { hasLooked, sighting, isNeverSent } = context.observed;
  if (isNeverSent) return decideSuspended(context);
  if (!hasLooked || !sighting?.absent) return { do: "look" };
  const appearsMs = appearsInMs(context);
  if (appearsMs <= 0) {
    const doubt = doubtOfAbsence(context);
    return doubt ? stepOf(context, doubt) : decideSuspended(context);
  }
  const text =
    "'spec.suspend' is true. SageMaker does not show a processing job of this resource; one that was created a " +
    "moment ago may still appear, and is stopped then";
  const view = { word: "Reconciling", reason: "Suspending", message: text, additional: text } as const;
  return settle(context, view, true, { kind: "after", ms: appearsMs });
}

/** Whether the job is to be stopped. Once that is written it is done, whatever `suspend` says meanwhile: it may be done already. */
export function isToBeStopped({ resource: { spec, status } }: Context): boolean {
  return spec.suspend === true || isSuspended(status);
}

/**
 * Stops a job that runs. That is written before it is done, so that its end is not taken for somebody else's doing, whoever
 * is there to see it.
 */
export function decideSuspending(context: Context, job: Job): Action {
  const { resource: { status }, observed: { stopSent, sighting } } = context;
  const message = "'spec.suspend' is true: the processing job is being stopped";
  const view = {
    ...viewOfJob({ ...job, status: "Stopping" }),
    job,
    reason: "Suspending",
    message,
    suspended: true,
  } as const;
  if (!isSuspended(status)) return settle(context, view, true, { kind: "after", ms: 0 });
  // What the status says is what is wanted; what SageMaker says counts.
  if (sighting?.job?.status !== "Stopping" && !stopSent) return { do: "stop" };
  return settle(context, view, true, { kind: "after", ms: STOP_AGAIN_MS });
}

/** The job that was to be stopped is. */
export function decideStopped(context: Context, job: Job): Action {
  const view = { word: "Stopped", reason: "Suspended", message: STOPPED, job, suspended: true } as const;
  return settle(context, view, false, { kind: "wait" });
}
