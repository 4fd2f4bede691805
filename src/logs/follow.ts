import { type Clock, sleep } from "../runtime/clock.ts";
import type { JobView } from "./job_view.ts";
import type { LineBuffer } from "./line_buffer.ts";
import { type LogLine, type LogSource, pages } from "./source.ts";
import { chosenLines, type StreamChoice, streamPrefix } from "./streams.ts";

/** The shortest time between two reads; a read that took longer, as when it was throttled, is followed by as long a rest. */
const POLL_MS = 2_000;
/** Each read begins so much before the newest line, since some arrive late… */
const OVERLAP_MS = 15_000;
/** … and a few reads, and the last ones, so much before, for the very late. */
const DEEP_OVERLAP_MS = 180_000;
const DEEP_EVERY_MS = 30_000;
/** After the job's end, lines still arrive: with none for so long, they are all there. */
const QUIET_MS = 10_000;
/** However many still arrive so long after the end, it is over. */
const AFTER_END_MS = 120_000;
/** What ended so long ago has all its lines. */
const SETTLED_MS = 300_000;

/** How long a `LineBuffer` must remember lines, for `follow`: they may be read again for as long. */
export const KEEP_MS = 2 * DEEP_OVERLAP_MS;

export interface FollowOptions {
  source: LogSource;
  buffer: LineBuffer;
  choice: StreamChoice;
  /** The first moment of interest (milliseconds since the epoch). */
  from: number;
  /** What is known of the job now. */
  job: () => JobView;
  clock: Clock;
  print: (lines: LogLine[]) => void;
  signal: AbortSignal;
}

/**
 * Prints a job's lines as they come, until the job has ended and its last lines are out. A job that isn't there yet is waited
 * for without a call.
 *
 * @throws {LogsError} where logs can't be read; the signal's reason once that is aborted
 */
export async function follow(options: FollowOptions): Promise<void> {
  const { buffer, job, clock, print, signal } = options;
  let [deepAt, endedAt, newAt] = [-Infinity, Infinity, -Infinity];
  while (true) {
    const now = clock.monotonic();
    const { isCreated, end } = job();
    if (end) endedAt = Math.min(endedAt, now);
    if (isCreated || end) {
      const isDeep = end !== undefined || now - deepAt >= DEEP_EVERY_MS;
      if (isDeep) deepAt = now;
      const added = await read(options, buffer.newest - (isDeep ? DEEP_OVERLAP_MS : OVERLAP_MS));
      if (added > 0) newAt = clock.monotonic();
    }
    const isQuiet = now - Math.max(endedAt, newAt) >= QUIET_MS || now - endedAt >= AFTER_END_MS;
    if (end && (isQuiet || clock.now() - (end.at ?? Infinity) >= SETTLED_MS)) return print(buffer.drain());
    print(buffer.release(clock.monotonic()));
    await sleep(clock, Math.max(POLL_MS, clock.monotonic() - now), signal);
  }
}

/** Reads what is there from `from` on, or from the first moment of interest on. Gives how many lines are new. */
async function read(
  { source, buffer, choice, from: first, job, clock, print, signal }: FollowOptions,
  from: number,
): Promise<number> {
  let added = 0;
  const query = { streamPrefix: streamPrefix(job().jobName, choice), from: Math.max(first, from) };
  for await (const lines of pages(source, query, signal)) {
    added += buffer.add(chosenLines(lines, choice), clock.monotonic());
    print(buffer.overflow());
  }
  return added;
}
