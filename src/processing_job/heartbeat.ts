/**
 * When `lastCheckTime` is refreshed of a resource about which there is nothing else to write: once in every interval, at a
 * moment within it that is the resource's own. So resources that were made together aren't written together, nor those that a
 * restart finds.
 */

/** Milliseconds from `now` (since the epoch) to the next heartbeat of the resource with that phase; more than 0. */
export function untilHeartbeat(phase: number, now: number, intervalMs: number): number {
  return intervalMs - modulo(now - phase * intervalMs, intervalMs);
}

/**
 * When the heartbeat is due of a resource whose status has a look at `checkedAt`: at its next moment, but not within half an interval of
 * a write, so that a short job's status is written for its changes alone; after an interval at the latest.
 */
function dueAt(phase: number, checkedAt: number, intervalMs: number): number {
  const ms = untilHeartbeat(phase, checkedAt, intervalMs);
  return checkedAt + (ms < intervalMs / 2 ? ms + intervalMs / 2 : ms);
}

/** Whether a heartbeat is due since `checkedAt`, the time of the look that the status has. */
export function isHeartbeatDue(phase: number, checkedAt: number, now: number, intervalMs: number): boolean {
  return now >= dueAt(phase, checkedAt, intervalMs);
}

/** Milliseconds from `now` to the next heartbeat that is due after `checkedAt`; more than 0. One that is due now is being written. */
export function untilDue(phase: number, checkedAt: number, now: number, intervalMs: number): number {
  const at = Number.isFinite(checkedAt) ? dueAt(phase, checkedAt, intervalMs) : now;
  return (at > now ? at : dueAt(phase, now, intervalMs)) - now;
}

/** So much of an interval from one to the next keeps any number of them evenly apart (the golden ratio). */
const STEP = (Math.sqrt(5) - 1) / 2;

/** Which part of each interval passes before a key's heartbeat, from 0 to below 1; those that ask one after another lie apart. */
export class HeartbeatPhases {
  readonly #phases = new Map<string, number>();
  #next = 0;

  /** How many keys have a phase. */
  get size(): number {
    return this.#phases.size;
  }

  of(key: string): number {
    let phase = this.#phases.get(key);
    if (phase === undefined) {
      this.#next = (this.#next + STEP) % 1;
      this.#phases.set(key, phase = this.#next);
    }
    return phase;
  }

  forget(key: string): void {
    this.#phases.delete(key);
  }
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
