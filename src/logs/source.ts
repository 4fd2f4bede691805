/** The log group of all processing jobs of an account in a region; SageMaker's own name for it. */
export const LOG_GROUP = "/aws/sagemaker/ProcessingJobs";

/** One event of CloudWatch Logs. */
export interface LogLine {
  /** Different for every event of the log group. */
  id: string;
  stream: string;
  /** When it was written, in milliseconds since the epoch. */
  timestamp: number;
  /** Without the newline at its end; may hold others. */
  message: string;
}

/** Which lines: those of the streams whose names begin so, from `from` to `to`, both included (milliseconds since the epoch). */
export interface LogQuery {
  streamPrefix: string;
  from: number;
  to?: number;
}

/** May be short of lines, or without any, though more pages follow. */
export interface LogPage {
  lines: LogLine[];
  /** Asks for the next page; absent on the last. */
  nextToken?: string;
}

/** Where lines come from. */
export interface LogSource {
  /**
   * One page of what is there now.
   *
   * @throws {LogsError} where CloudWatch Logs or the way to it fails; the signal's reason once that is aborted
   */
  page(query: LogQuery, token: string | undefined, signal: AbortSignal): Promise<LogPage>;
}

/** What becomes of a call that failed: it may pass, nobody has written to the log group yet, or someone must act. */
export type LogsErrorKind = "may-pass" | "no-log-group" | "refused";

/** A call of CloudWatch Logs that failed; the message is for the person who wants to see logs. */
export class LogsError extends Error {
  override readonly name = "LogsError";
  constructor(readonly kind: LogsErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * The pages that answer a query, in the service's order: by time. A token that comes a second time ends it.
 *
 * @throws what `LogSource.page` throws
 */
export async function* pages(
  source: LogSource,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogLine[], void, undefined> {
  const used = new Set<string>();
  let token: string | undefined;
  do {
    const page = await source.page(query, token, signal);
    // moto, for one, doesn't heed the prefix.
    yield page.lines.filter(({ stream }) => stream.startsWith(query.streamPrefix));
    token = page.nextToken;
    if (token !== undefined && used.has(token)) return;
    if (token !== undefined) used.add(token);
  } while (token !== undefined);
}

/** The same lines; none, instead of an error, while there is no log group. */
export function groupOrNothing(source: LogSource): LogSource {
  return {
    async page(query, token, signal) {
      try {
        return await source.page(query, token, signal);
      } catch (error) {
        if (error instanceof LogsError && error.kind === "no-log-group") return { lines: [] };
        throw error;
      }
    },
  };
}
