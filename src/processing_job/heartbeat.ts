/**
 * When `lastCheckTime` is refreshed of a resource about which there is nothing else to write: once in every interval, at a
 * moment within it that follows from the UID. So resources that were made together aren't written together, nor those that a
 * restart finds.
 */

/** Milliseconds from `now` (since the epoch) to the next heartbeat of `uid`; more than 0. */
export function untilHeartbeat(uid: string, now: number, intervalMs: number): number {
  return intervalMs - modulo(now - phaseOf(uid, intervalMs), intervalMs);
}

/** Whether a heartbeat of `uid` lies between `checkedAt`, the time of the look that the status has, and `now`. */
export function isHeartbeatDue(uid: string, checkedAt: number, now: number, intervalMs: number): boolean {
  return now - checkedAt >= untilHeartbeat(uid, checkedAt, intervalMs);
}

/** From 0 to below `intervalMs`; as good as random (FNV-1a), and the same for all replicas. */
function phaseOf(uid: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < uid.length; index++) hash = Math.imul(hash ^ uid.charCodeAt(index), 0x01000193);
  return (hash >>> 0) / 2 ** 32 * intervalMs;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
