import type { Clock } from "../../runtime/clock.ts";
import type { Entry } from "./entry.ts";

/** Jobs come one after another, as when the operator starts: they are looked for once none has come for so long, … */
const GATHER_MS = 200;
/** … but no later than this after the first. */
const MAX_GATHER_MS = 2_000;

/** Gathers jobs that are followed and of which nothing is known, so that many are looked for together. */
export class Unseen {
  readonly #clock: Clock;
  readonly #entries = new Set<Entry>();
  #firstAt = 0;
  #lastAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: Entry): void {
    this.#lastAt = this.#clock.monotonic();
    if (this.#entries.size === 0) this.#firstAt = this.#lastAt;
    this.#entries.add(entry);
  }

  drop(entry: Entry): void {
    this.#entries.delete(entry);
  }

  /** In how many milliseconds they are gathered; infinite while there are none. */
  get waitMs(): number {
    if (this.#entries.size === 0) return Infinity;
    const at = Math.min(this.#lastAt + GATHER_MS, this.#firstAt + MAX_GATHER_MS);
    return Math.max(0, at - this.#clock.monotonic());
  }

  /** Those of which still nothing is known; forgets them all. */
  take(): Entry[] {
    const entries = this.#entries.values().filter(({ isUnseen }) => isUnseen).toArray();
    this.#entries.clear();
    return entries;
  }
}
