import type { Clock } from "../runtime/clock.ts";

/** So many calls within this time are a burst. */
const CALLS = 10;
const WITHIN_MS = 1_000;

/** Whether jobs are being created or stopped one after another, so that everything else had better wait for a moment. */
export class Burst {
  readonly #clock: Clock;
  /** When the last calls were made, the earliest first. */
  readonly #times: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a call that is made now. */
  note(): void {
    this.#times.push(this.#clock.monotonic());
    if (this.#times.length > CALLS) this.#times.shift();
  }

  get isOn(): boolean {
    return this.#times.length === CALLS && this.#clock.monotonic() - this.#times[0]! <= WITHIN_MS;
  }
}
