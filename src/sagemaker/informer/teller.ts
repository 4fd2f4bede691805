import type { Clock } from "../../runtime/clock.ts";
import type { Entry } from "./entry.ts";
import { Routine } from "./routine.ts";

/** An end that a list has shown is told after this long, with or without what lists leave out. */
export const HOLD_MS = 2_000;
/** Many keys at once are told in this many parts, so long after one another. */
const PARTS = 10;
const PAUSE_MS = 100;

/** Tells of news: at once, after a while, or of many things little by little. */
export class Teller {
  readonly #clock: Clock;
  readonly #tell: (entry: Entry) => void;
  /** On the monotonic clock, when; the first is due first. */
  readonly #held = new Map<Entry, number>();
  readonly #many = new Set<Entry>();
  #part = 0;
  #nextPartAt = 0;
  readonly #routine: Routine;

  constructor(clock: Clock, tell: (entry: Entry) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#routine = new Routine(clock, () => this.#step());
  }

  start(signal: AbortSignal): void {
    this.#routine.start(signal);
  }

  now(entry: Entry): void {
    this.drop(entry);
    this.#tell(entry);
  }

  /** Leaves time for more to become known, with which `now` is called. */
  soon(entry: Entry): void {
    if (this.#held.has(entry)) return;
    this.#held.set(entry, this.#clock.monotonic() + HOLD_MS);
    this.#routine.wake(HOLD_MS);
  }

  gradually(entries: Entry[]): void {
    for (const entry of entries) this.#many.add(entry);
    this.#part = Math.ceil(this.#many.size / PARTS);
    this.#nextPartAt = this.#clock.monotonic();
    this.#routine.wake();
  }

  /** Does not tell after all what waits to be told gradually. Says whether it did wait. */
  takeBack(entry: Entry): boolean {
    return this.#many.delete(entry);
  }

  drop(entry: Entry): void {
    this.#held.delete(entry);
    this.#many.delete(entry);
  }

  #step(): number {
    const now = this.#clock.monotonic();
    if (this.#many.size > 0 && this.#nextPartAt <= now) {
      for (const entry of this.#many.values().take(this.#part).toArray()) this.now(entry);
      this.#nextPartAt = now + PAUSE_MS;
    }
    const untilPart = this.#many.size > 0 ? this.#nextPartAt - now : Infinity;
    for (const [entry, dueAt] of this.#held) {
      if (dueAt > now) return Math.min(untilPart, dueAt - now);
      this.now(entry);
    }
    return untilPart;
  }
}
