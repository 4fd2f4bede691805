import { isDeepStrictEqual } from "node:util";
import type { Condition } from "../api/conditions.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { isHeartbeatDue } from "./heartbeat.ts";

/**
 * The merge patch (RFC 7386) that turns `before` into `after`, or nothing if only `lastCheckTime` and details of a running job
 * differ and no heartbeat is due: every write costs the apiserver, and each watcher, something.
 */
export function statusPatch(
  { status: before }: ProcessingJob,
  after: ProcessingJobStatus,
  heartbeat: { phase: number; intervalMs: number },
  now: number,
): Record<string, unknown> | undefined {
  const old = (before ?? {}) as Record<string, unknown>;
  const wanted = after as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)])) {
    if (!isSame(key, old[key], wanted[key])) patch[key] = replaced(old[key], wanted[key]);
  }
  const changed = Object.keys(patch);
  if (changed.length === 0) return undefined;
  if (!changed.every((key) => canWait(key, before, after))) return patch;
  // A throttle answers a call for a job that is not created yet; that it was heard is not worth a write.
  if (before?.lastCheckTime === undefined) return isWithoutJob(after) ? undefined : patch;
  const isDue = isHeartbeatDue(heartbeat.phase, Date.parse(before.lastCheckTime), now, heartbeat.intervalMs);
  return isDue ? patch : undefined;
}

/** What makes `wanted` of `old` in a merge patch, in which an object is merged and not replaced. */
function replaced(old: unknown, wanted: unknown): unknown {
  if (!isObject(old) || !isObject(wanted)) return wanted ?? null;
  const gone = Object.keys(old).filter((key) => wanted[key] === undefined);
  return { ...wanted, ...Object.fromEntries(gone.map((key) => [key, null])) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is known of a running job only a while after its create. */
const DETAILS = ["processingStartTime", "selectedInstanceType", "selectedInstanceCount", "site"];

/** Whether a change of that field is written with the next heartbeat at the latest, or with the next change of another field. */
function canWait(key: string, before: ProcessingJobStatus | undefined, after: ProcessingJobStatus): boolean {
  if (key === "lastCheckTime") return true;
  const isRunning = before?.processingJobStatus === "InProgress" && after.processingJobStatus === "InProgress";
  return isRunning && DETAILS.includes(key);
}

function isWithoutJob({ processingJobArn, processingJobStatus }: ProcessingJobStatus): boolean {
  return processingJobArn === undefined && processingJobStatus === "Reconciling";
}

/** Conditions are a map by type: other controllers that write theirs may leave them in another order. */
function isSame(key: string, before: unknown, after: unknown): boolean {
  if (key !== "conditions" || !before || !after) return isDeepStrictEqual(before, after);
  const byType = (conditions: unknown) => new Map((conditions as Condition[]).map((each) => [each.type, each]));
  return isDeepStrictEqual(byType(before), byType(after));
}
