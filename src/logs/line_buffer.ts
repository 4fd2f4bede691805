import type { LogLine } from "./source.ts";

/** The longest that a line is held back, however late others have been. */
const MAX_HOLD_MS = 20_000;
/** How many lines wait at most; a long history is more than that, and comes in order. */
const MAX_WAITING = 50_000;
/** The ids of so many lines are kept, whatever their age, before it is worth the while to look for old ones. */
const MIN_IDS = 20_000;

interface Waiting {
  line: LogLine;
  /** When it came (monotonic). */
  seenAt: number;
}

/**
 * Puts lines that arrive in any order, some of them again and again, into the order of their time, each once.
 *
 * A line is let go once nothing older is to be expected: some seconds after it came, or as soon as a line is there that was
 * written so many seconds later. What arrives later still goes out at once, out of order, and makes the hold longer: late is better
 * than lost.
 */
export class LineBuffer {
  readonly #keepMs: number;
  #waiting: Waiting[] = [];
  /** The time of each line that came, by its id, for as long as it may come again. */
  readonly #ids = new Map<string, number>();
  #idLimit = MIN_IDS;
  readonly #firstHoldMs: number;
  #holdMs: number;
  #releasedUpTo = -Infinity;
  #newest = -Infinity;

  /**
   * @param options.keepMs how much older than the newest line one may be that comes again
   * @param options.holdMs how far, at first, lines are expected to arrive out of their order
   */
  constructor({ keepMs, holdMs }: { keepMs: number; holdMs: number }) {
    this.#keepMs = keepMs;
    this.#firstHoldMs = holdMs;
    this.#holdMs = holdMs;
  }

  /** The time of the newest line that ever came; `-Infinity` before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Takes in what has arrived at `now` (monotonic), and gives how many of the lines are new. */
  add(lines: readonly LogLine[], now: number): number {
    let added = 0;
    for (const line of lines) {
      if (this.#ids.has(line.id)) continue;
      this.#ids.set(line.id, line.timestamp);
      this.#newest = Math.max(this.#newest, line.timestamp);
      const lateBy = this.#releasedUpTo - line.timestamp;
      if (lateBy > 0) this.#holdMs = Math.min(MAX_HOLD_MS, Math.max(this.#holdMs, this.#firstHoldMs + lateBy));
      this.#waiting.push({ line, seenAt: now });
      added++;
    }
    if (this.#ids.size > this.#idLimit) this.#forgetOld();
    return added;
  }

  /** Makes lines that were shown, or left out, before known, so that they do not come again. */
  skip(lines: readonly Pick<LogLine, "id" | "timestamp">[]): void {
    for (const { id, timestamp } of lines) {
      this.#ids.set(id, timestamp);
      this.#newest = Math.max(this.#newest, timestamp);
      this.#releasedUpTo = this.#newest;
    }
  }

  /** The lines whose turn has come at `now` (monotonic), in their order. */
  release(now: number): LogLine[] {
    let upTo = Math.max(this.#releasedUpTo, this.#newest - this.#holdMs);
    for (const { line, seenAt } of this.#waiting) {
      if (seenAt <= now - this.#holdMs && line.timestamp > upTo) upTo = line.timestamp;
    }
    return this.#take(upTo);
  }

  /** The oldest lines, if more wait than there is room for. */
  overflow(): LogLine[] {
    if (this.#waiting.length <= MAX_WAITING) return [];
    const times = this.#waiting.map(({ line }) => line.timestamp).sort((a, b) => a - b);
    return this.#take(times[times.length - MAX_WAITING / 2]!);
  }

  /** All lines that still wait, in their order. */
  drain(): LogLine[] {
    return this.#take(Infinity);
  }

  #take(upTo: number): LogLine[] {
    const taken: LogLine[] = [];
    const kept: Waiting[] = [];
    for (const waiting of this.#waiting) {
      if (waiting.line.timestamp <= upTo) taken.push(waiting.line);
      else kept.push(waiting);
    }
    this.#waiting = kept;
    // Stable: what CloudWatch gives for one moment stays in its order.
    taken.sort((a, b) => a.timestamp - b.timestamp);
    this.#releasedUpTo = Math.max(this.#releasedUpTo, taken.at(-1)?.timestamp ?? -Infinity);
    return taken;
  }

  #forgetOld(): void {
    for (const [id, timestamp] of this.#ids) if (timestamp < this.#newest - this.#keepMs) this.#ids.delete(id);
    this.#idLimit = Math.max(MIN_IDS, this.#ids.size * 2);
  }
}
