import type { LogLine } from "./source.ts";

/** Which streams of a job are wanted: all, those whose names begin so after the job's, those of one host. */
export interface StreamChoice {
  prefix?: string | undefined;
  host?: string | undefined;
}

/**
 * The host that wrote a stream. SageMaker names streams `job/host-seconds`, as in `kmeans-1234/algo-1-1700000000`; of a name of
 * another form, everything after the job's.
 */
export function hostOf(stream: string): string {
  return stream.slice(stream.indexOf("/") + 1).replace(/-\d{10,}$/, "");
}

/** How the names of a job's streams begin. The slash keeps out those of a job whose name only begins with this one's. */
export function streamPrefix(jobName: string, { prefix = "", host = "" }: StreamChoice): string {
  return `${jobName}/${prefix || host}`;
}

/** Those lines that are of the chosen host, if one is: `algo-1` is also how `algo-10` begins. */
export function chosenLines(lines: LogLine[], { host }: StreamChoice): LogLine[] {
  return host === undefined ? lines : lines.filter(({ stream }) => hostOf(stream) === host);
}
