import type { Clock } from "../runtime/clock.ts";
import type { LogLine, LogPage, LogQuery, LogSource } from "./source.ts";

/** A line, and when CloudWatch Logs has it (milliseconds since the epoch). */
export interface FakeLine extends LogLine {
  arrivesAt: number;
}

/** CloudWatch Logs for tests: what it gives follows from its lines and a clock. */
export class FakeSource implements LogSource {
  readonly #clock: Clock;
  readonly #lines: FakeLine[] = [];
  /** How many lines a page has at most. */
  pageSize = 10_000;
  /** What was asked for, without further pages. */
  readonly queries: LogQuery[] = [];
  /** What the next calls fail with. */
  readonly failures: Error[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a line that is written at `timestamp` (milliseconds since the epoch) and arrives `lag` milliseconds later. */
  write(stream: string, timestamp: number, { message = `at ${timestamp}`, lag = 0 } = {}): FakeLine {
    const line = { id: `id-${this.#lines.length}`, stream, timestamp, message, arrivesAt: timestamp + lag };
    this.#lines.push(line);
    return line;
  }

  page(query: LogQuery, token: string | undefined, signal: AbortSignal): Promise<LogPage> {
    signal.throwIfAborted();
    if (token === undefined) this.queries.push(query);
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    const { streamPrefix, from, to = Infinity } = query;
    const found = this.#lines
      .filter((line) => line.arrivesAt <= this.#clock.now() && line.stream.startsWith(streamPrefix))
      .filter((line) => line.timestamp >= from && line.timestamp <= to)
      .sort((a, b) => a.timestamp - b.timestamp);
    const start = Number(token ?? 0);
    const end = start + this.pageSize;
    const lines = found.slice(start, end).map(({ arrivesAt: _, ...line }) => line);
    return Promise.resolve(end < found.length ? { lines, nextToken: String(end) } : { lines });
  }
}
