import { ANNOTATIONS } from "../api/group.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import type { Clock } from "../runtime/clock.ts";
import { isAskedFor } from "./history.ts";
import { keyOf } from "./identity.ts";

/** A new value of `reconcile-at` is acted on so long after the one before. */
const AGAIN_MS = 10_000;

/**
 * When the annotation `reconcile-at` was acted on, by key. Each new value costs a look, perhaps a create, and a write; so many of them
 * in a short time count as one.
 */
export class Asks {
  readonly #clock: Clock;
  readonly #asked = new Map<string, { value: string; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#asked.size;
  }

  forget(key: string): void {
    this.#asked.delete(key);
  }

  /** How long the resource's new value of `reconcile-at` has to wait, in milliseconds; 0 if it may be acted on, or there is none. */
  waitMs(resource: ProcessingJob): number {
    const { annotations, deletionTimestamp } = resource.metadata;
    const value = annotations?.[ANNOTATIONS.reconcileAt];
    if (value === undefined || deletionTimestamp !== undefined || !isAskedFor(resource)) return 0;
    const key = keyOf(resource);
    const now = this.#clock.monotonic();
    const last = this.#asked.get(key);
    if (last?.value === value) return 0;
    const waitMs = last === undefined ? 0 : last.at + AGAIN_MS - now;
    if (waitMs > 0) return waitMs;
    this.#asked.set(key, { value, at: now });
    return 0;
  }
}
