import { isDeepStrictEqual } from "node:util";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { isHeartbeatDue } from "./heartbeat.ts";

/**
 * The merge patch (RFC 7386) that turns `before` into `after`, or nothing if only `lastCheckTime` differs and no heartbeat
 * is due: every write costs the apiserver, and each watcher, something.
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
    if (!isDeepStrictEqual(old[key], wanted[key])) patch[key] = wanted[key] ?? null;
  }
  const changed = Object.keys(patch);
  if (changed.length === 0) return undefined;
  const onlyChecked = changed.length === 1 && changed[0] === "lastCheckTime" && before?.lastCheckTime !== undefined;
  if (onlyChecked && !isHeartbeatDue(heartbeat.phase, Date.parse(before.lastCheckTime!), now, heartbeat.intervalMs)) {
    return undefined;
  }
  return patch;
}
