/** `spec.ttlSecondsAfterFinished`: a resource is deleted so long after its job's end, by SageMaker's clock. */
import { findCondition } from "../api/conditions.ts";
import { parseRfc3339 } from "../api/time.ts";
import { type Action, type Context, type Next } from "./action.ts";
import { isPaused, refreshed } from "./status.ts";

/** Statuses have whole seconds, cut off. */
const CUT_MS = 999;
/** Clocks can be put right meanwhile, and timers have a limit. */
const LONGEST_WAIT_MS = 12 * 3_600_000;
/** SageMaker can't be asked what time it is. */
const ASK_AGAIN_MS = 60_000;

function ttlOf({ resource: { spec }, observed: { defaults } }: Context): number | undefined {
  return spec.ttlSecondsAfterFinished ?? defaults?.ttlSecondsAfterFinished;
}

/** What follows the last status of a job. */
export function afterEnd(context: Context): Next {
  return ttlOf(context) === undefined ? { kind: "wait" } : { kind: "after", ms: 0 };
}

/**
 * What becomes of a finished resource that has a time to live; undefined if it has none, or if its status does not say when the job
 * ended: that may have been a moment ago, so a person has to delete it. Our own clock may be wrong, and that of
 * SageMaker, which told of the end, is known from its answers: without any it is asked.
 */
export function decideTtl(context: Context): Action | undefined {
  const { resource, observed: { serviceNow, hasLooked, failure } } = context;
  const ttl = ttlOf(context);
  if (ttl === undefined || isPaused(resource)) return undefined;
  const settle = (ms: number): Action => {
    const next = { kind: "after", ms: Math.min(ms, LONGEST_WAIT_MS) } as const;
    return { do: "settle", status: refreshed(resource), follow: false, next };
  };
  const endedAt = endOf(context);
  // It may have ended a moment ago, so the resource stays until a person deletes it.
  if (endedAt === undefined) return undefined;
  if (serviceNow === undefined && !hasLooked) return { do: "look" };
  if (serviceNow === undefined && failure) return settle(ASK_AGAIN_MS);
  const { processingEndTime } = resource.status ?? {};
  // The time of a condition is by our own clock.
  const now = processingEndTime === undefined ? Math.min(serviceNow ?? context.now, context.now) : serviceNow;
  const waitMs = endedAt + CUT_MS + ttl * 1000 - (now ?? context.now);
  return waitMs > 0 ? settle(waitMs) : { do: "delete" };
}

/** When the job ended, in milliseconds since the epoch; undefined where the status does not say that in RFC 3339. */
function endOf({ resource: { status } }: Context): number | undefined {
  // A job that never ran may have no end; when its condition was written is later.
  const ended = (["Complete", "Failed", "Stopped"] as const).map((type) => findCondition(status?.conditions, type));
  const written = ended.find((condition) => condition !== undefined)?.lastTransitionTime ?? "";
  return parseRfc3339(status?.processingEndTime ?? written);
}
