import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../runtime/clock.ts";

/** After a defect the step is tried again, but not at once. */
const AFTER_DEFECT_MS = 60_000;

const log = getLogger(["operator", "sagemaker-informer"]);

/**
 * A step that is done again and again, never twice at once, with one timer at most. It answers in how many milliseconds it wants
 * to be done again; `Infinity` for not before somebody calls `wake`.
 */
export class Routine {
  readonly #clock: Clock;
  readonly #step: (signal: AbortSignal) => number | Promise<number>;
  #signal: AbortSignal | undefined;
  /** On the monotonic clock. */
  #dueAt = Infinity;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;

  constructor(clock: Clock, step: (signal: AbortSignal) => number | Promise<number>) {
    this.#clock = clock;
    this.#step = step;
  }

  /** Begins with what has been asked for by `wake`, and ends when `signal` is aborted. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#cancelTimer?.(), { once: true });
    this.#arm();
  }

  /** Has the next step come in `ms` milliseconds, unless it comes sooner anyway. */
  wake(ms = 0): void {
    const at = this.#clock.monotonic() + ms;
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    this.#arm();
  }

  /** Settles once no step is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  #arm(): void {
    if (this.#signal === undefined || this.#signal.aborted || this.#running || this.#dueAt === Infinity) return;
    const signal = this.#signal;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.setTimer(Math.max(0, this.#dueAt - this.#clock.monotonic()), () => {
      this.#dueAt = Infinity;
      this.#running = this.#run(signal).finally(() => {
        this.#running = undefined;
        this.#arm();
      });
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      this.wake(await this.#step(signal));
    } catch (error) {
      if (signal.aborted) return;
      log.error("Cannot go on observing SageMaker", { error });
      this.wake(AFTER_DEFECT_MS);
    }
  }
}
