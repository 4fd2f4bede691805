import { type LogLine, type LogSource, pages } from "./source.ts";
import { chosenLines, type StreamChoice, streamPrefix } from "./streams.ts";

/** How far back the first look goes, in milliseconds; each that follows goes back four times as far. */
const FIRST_WINDOW_MS = 60_000;
const GROWTH = 4;

export interface LastLinesQuery {
  jobName: string;
  choice?: StreamChoice;
  /** How many. */
  count: number;
  /** Nothing was written before it (milliseconds since the epoch). */
  from: number;
  /** About when the last line was written (milliseconds since the epoch); later ones are found too. */
  around: number;
}

export interface LastLines {
  /** In the order of their time; at most `count`. */
  lines: LogLine[];
  /** All lines that were looked at, without their texts, so that a reader who goes on from here knows them. */
  seen: Pick<LogLine, "id" | "timestamp">[];
  /** How far back it was looked (milliseconds since the epoch): all lines from then on were seen. */
  from: number;
}

/**
 * The last lines of a job. CloudWatch Logs reads forward only, or backward by an option that stand-ins don't know, so this
 * looks at a minute, then at the four before that, and so on, until there are enough.
 *
 * @param onWindow told of what is known after each look, for those who may run out of time
 * @throws what `LogSource.page` throws
 */
export async function lastLines(
  source: LogSource,
  { jobName, choice = {}, count, from, around }: LastLinesQuery,
  signal: AbortSignal,
  onWindow: (lines: LogLine[]) => void = () => {},
): Promise<LastLines> {
  const seen: LastLines["seen"] = [];
  let lines: LogLine[] = [];
  let to: number | undefined;
  let start = around;
  for (let width = FIRST_WINDOW_MS;; width *= GROWTH) {
    start = Math.max(from, start - width);
    const query = { streamPrefix: streamPrefix(jobName, choice), from: start, ...(to !== undefined && { to }) };
    let window: LogLine[] = [];
    for await (const page of pages(source, query, signal)) {
      for (const { id, timestamp } of page) seen.push({ id, timestamp });
      window = last(count, inOrder([...window, ...chosenLines(page, choice)]));
    }
    lines = last(count, [...window, ...lines]);
    onWindow(lines);
    if (lines.length >= count || start <= from) return { lines, seen, from: start };
    to = start - 1;
  }
}

function last(count: number, lines: LogLine[]): LogLine[] {
  return lines.slice(Math.max(0, lines.length - count));
}

function inOrder(lines: LogLine[]): LogLine[] {
  return lines.sort((a, b) => a.timestamp - b.timestamp);
}
