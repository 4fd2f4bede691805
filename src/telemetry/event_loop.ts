import type { Clock } from "../runtime/clock.ts";
import type { CheckResult } from "./health.ts";

const BEAT_MS = 1_000;
const WINDOW_MS = 60_000;
/** Longer than any honest pause, and shorter than what three failed probes of a kubelet take. */
const STUCK_MS = 20_000;

/**
 * Measures how late the event loop's turns are, by a timer that is to fire once a second. Whatever blocks the loop, or starves
 * it of processor time, makes everything else as late.
 */
export class EventLoop {
  readonly #clock: Clock;
  #beatAt: number;
  /** The latest turn of this minute and of the one before, in milliseconds. */
  #worst = { now: 0, before: 0, since: 0 };

  /** Measures until `signal` is aborted. */
  constructor({ clock, signal }: { clock: Clock; signal: AbortSignal }) {
    this.#clock = clock;
    this.#beatAt = this.#worst.since = clock.monotonic();
    let cancel = () => {};
    const next = () =>
      cancel = clock.setTimer(BEAT_MS, () => {
        this.#beat();
        next();
      });
    if (signal.aborted) return;
    next();
    signal.addEventListener("abort", () => cancel(), { once: true });
  }

  /** How late the latest turn of the last minute or two was, in milliseconds. */
  lagMs(): number {
    return Math.max(this.#worst.now, this.#worst.before);
  }

  /** For `/healthz`: that an answer comes at all says most of it. */
  check(): CheckResult {
    const silence = this.#clock.monotonic() - this.#beatAt;
    if (silence > STUCK_MS) return `no timer has fired for ${Math.round(silence / 1000)} s`;
    return { ok: `turns are up to ${Math.round(this.lagMs())} ms late` };
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    if (now - this.#worst.since >= WINDOW_MS) this.#worst = { now: 0, before: this.#worst.now, since: now };
    this.#worst.now = Math.max(this.#worst.now, now - this.#beatAt - BEAT_MS);
    this.#beatAt = now;
  }
}
