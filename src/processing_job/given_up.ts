/** Resources that the operator has given up on, whose job may be seen all the same. */
import type { Job, Sighting } from "../api/job.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { doubtOfAbsence } from "./account.ts";
import { appearsInMs } from "./absence.ts";
import type { Action, Context, Next } from "./action.ts";
import { isInDoubt } from "./create_state.ts";
import { errorReason, isKnown, provesJob, saysInDoubt } from "./history.ts";
import { refreshed } from "./status.ts";

/** How often a job that counts as lost is looked for, beside at each start of the operator. */
export const LOST_LOOK_MS = 60 * 60_000;
/** How soon another look follows one that failed. */
const FAILED_LOOK_MS = 5 * 60_000;
const MIN_WAIT_MS = 1_000;

/**
 * Nothing is tried again. A job may appear all the same: one that counted as lost, or one of a create whose outcome was never
 * known. Then the resource becomes what the job is, by `onSeen`.
 */
export function decideGivenUp(context: Context, onSeen: (job: Job, sighting: Sighting) => Action): Action {
  const { resource, observed: { sighting, isOwn, failure, hasLooked }, now } = context;
  const status = refreshed(resource);
  const rest = (next: Next, then = status): Action => ({ do: "settle", status: then, follow: false, next });
  const isLost = errorReason(status) === "JobLost" && provesJob(status);
  if (!isLost && !saysInDoubt(status)) return rest({ kind: "wait" });
  if (sighting?.job && isOwn !== false) {
    const isVerified = isOwn === true || isKnown(sighting.job, status);
    return isVerified ? onSeen(sighting.job, sighting) : { do: "verify" };
  }
  if (failure) return rest({ kind: "after", ms: FAILED_LOOK_MS });
  if (isLost) {
    const waitMs = (sighting?.seenAt ?? -Infinity) + LOST_LOOK_MS - now;
    return waitMs > 0 ? rest({ kind: "after", ms: waitMs }) : { do: "look" };
  }
  if (!hasLooked) return { do: "look" };
  if (isInDoubt(context)) return rest(orOnceSettled(context, { kind: "wait" }));
  const doubt = doubtOfAbsence(context);
  if (doubt) return "do" in doubt ? doubt : rest({ kind: "after", ms: FAILED_LOOK_MS });
  return rest({ kind: "wait" }, settled(status));
}

/** Where nothing is tried again before that, a create with an unknown outcome still needs a look, once its job would show. */
export function orOnceSettled(context: Context, next: Next): Next {
  if (next.kind === "back-off" || !isInDoubt(context)) return next;
  const appearsMs = appearsInMs(context);
  if (next.kind === "after") return appearsMs > 0 ? { kind: "after", ms: Math.min(next.ms, appearsMs) } : next;
  return { kind: "after", ms: Math.max(appearsMs, MIN_WAIT_MS) };
}

/** The doubt is over: there is no job. */
function settled(status: ProcessingJobStatus): ProcessingJobStatus {
  return { ...status, conditions: status.conditions?.filter(({ type }) => type !== "Created") ?? [] };
}
