/**
 * When `lastCheckTime` is refreshed of a resource about which there is nothing else to write: once in every interval, at a
 * moment within it that is the resource's own. So resources that were made together aren't written together, nor those that a
 * restart finds.
 */

/** Milliseconds from `now` (since the epoch) to the next heartbeat of the resource with that phase; more than 0. */
export function untilHeartbeat(phase: number, now: number, intervalMs: number): number {
  return intervalMs - modulo(now - phase * intervalMs, intervalMs);
}

/** Whether a heartbeat lies between `checkedAt`, the time of the look that the status has, and `now`. */
export function isHeartbeatDue(phase: number, checkedAt: number, now: number, intervalMs: number): boolean {
  return now - checkedAt >= untilHeartbeat(phase, checkedAt, intervalMs);
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
