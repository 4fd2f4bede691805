import { Buffer } from "node:buffer";
import { ServiceError } from "./answer.ts";
import type { Call } from "./call.ts";
import { partitionPoint } from "./jobs.ts";
import { linesAt, type StoredLine } from "./log_lines.ts";
import { ACCOUNT_ID, type SageMakerService } from "./service.ts";

/** The one log group that there is, once a job has written to it. */
const LOG_GROUP = "/aws/sagemaker/ProcessingJobs";
const MAX_EVENTS = 10_000;

/**
 * Does what an operation of CloudWatch Logs does, as far as readers of a job's logs need it.
 *
 * @param staleMs answers what was so that many milliseconds ago
 * @throws ServiceError with what the service would answer
 */
export function performLogs(
  service: SageMakerService,
  { operation, region, request }: Pick<Call, "operation" | "region" | "request">,
  staleMs = 0,
): object {
  if (!Object.hasOwn(OPERATIONS, operation)) {
    throw new ServiceError("UnknownOperationException", `Unknown operation ${operation}`);
  }
  return OPERATIONS[operation]!(service, region, request as LogsRequest, service.now() - staleMs);
}

interface LogsRequest {
  logGroupName?: string;
  logGroupIdentifier?: string;
  logStreamName?: string;
  logStreamNames?: string[];
  logStreamNamePrefix?: string;
  startTime?: number;
  endTime?: number;
  startFromHead?: boolean;
  limit?: number;
  nextToken?: string;
}

type Operation = (service: SageMakerService, region: string, request: LogsRequest, asOf: number) => object;

const OPERATIONS: Record<string, Operation> = {
  FilterLogEvents: filterLogEvents,
  GetLogEvents: getLogEvents,
  DescribeLogStreams: describeLogStreams,
};

function filterLogEvents(service: SageMakerService, region: string, request: LogsRequest, asOf: number): object {
  const { startTime = 0, endTime = Infinity, logStreamNamePrefix = "", logStreamNames, nextToken } = request;
  if (logStreamNames && logStreamNamePrefix !== "") {
    throw invalid("logStreamNamePrefix and logStreamNames exclude each other");
  }
  const after = nextToken === undefined ? undefined : positionIn(nextToken);
  const found = linesOf(service, region, request, asOf).filter((line) =>
    line.timestamp >= startTime && line.timestamp <= endTime && line.logStreamName.startsWith(logStreamNamePrefix) &&
    (logStreamNames?.includes(line.logStreamName) ?? true)
  );
  // A token says after which line the next page begins, not at which number: lines that arrive meanwhile move none.
  const start = after === undefined ? 0 : partitionPoint(found, ({ eventId }) => eventId <= after);
  const page = found.slice(start, start + limitOf(request));
  const hasMore = start + page.length < found.length;
  return { events: page, searchedLogStreams: [], ...(hasMore && { nextToken: tokenOf(page.at(-1)!.eventId) }) };
}

/** Its tokens never end: at either end the one that was sent comes back. */
function getLogEvents(service: SageMakerService, region: string, request: LogsRequest, asOf: number): object {
  const { logStreamName, startTime = 0, endTime = Infinity, startFromHead = false, nextToken } = request;
  const stream = linesOf(service, region, request, asOf).filter((line) => line.logStreamName === logStreamName);
  if (stream.length === 0) throw notFound("The specified log stream does not exist.");
  const found = stream.filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
  const forward = nextToken === undefined ? startFromHead : nextToken.startsWith("f/");
  const position = nextToken === undefined ? undefined : positionIn(nextToken.slice(2));
  const limit = limitOf(request);
  let [from, to] = [0, found.length];
  if (forward) {
    if (position !== undefined) from = partitionPoint(found, ({ eventId }) => eventId <= position);
    to = Math.min(to, from + limit);
  } else {
    if (position !== undefined) to = partitionPoint(found, ({ eventId }) => eventId < position);
    from = Math.max(0, to - limit);
  }
  const events = found.slice(from, to);
  return {
    events: events.map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    nextForwardToken: `f/${tokenOf(events.at(-1)?.eventId ?? position ?? "")}`,
    nextBackwardToken: `b/${tokenOf(events[0]?.eventId ?? position ?? "")}`,
  };
}

function describeLogStreams(service: SageMakerService, region: string, request: LogsRequest, asOf: number): object {
  const { logStreamNamePrefix = "" } = request;
  const streams = new Map<string, StoredLine[]>();
  for (const line of linesOf(service, region, request, asOf)) {
    if (!line.logStreamName.startsWith(logStreamNamePrefix)) continue;
    const known = streams.get(line.logStreamName);
    if (known) known.push(line);
    else streams.set(line.logStreamName, [line]);
  }
  const logStreams = [...streams].map(([logStreamName, lines]) => ({
    logStreamName,
    creationTime: lines[0]!.timestamp,
    firstEventTimestamp: lines[0]!.timestamp,
    lastEventTimestamp: lines.at(-1)!.timestamp,
    lastIngestionTime: lines.at(-1)!.ingestionTime,
    arn: `arn:aws:logs:${region}:${ACCOUNT_ID}:log-group:${LOG_GROUP}:log-stream:${logStreamName}`,
  })).sort((a, b) => a.logStreamName < b.logStreamName ? -1 : 1);
  return { logStreams };
}

/** All lines of the region in their order; where the request says which job's, only those. */
function linesOf(service: SageMakerService, region: string, request: LogsRequest, asOf: number): StoredLine[] {
  const group = request.logGroupName ?? request.logGroupIdentifier;
  const jobs = service.table(region).all();
  if (group !== LOG_GROUP || jobs.length === 0) throw notFound("The specified log group does not exist.");
  const wanted = request.logStreamNamePrefix ?? request.logStreamName ?? "";
  const [name, ...rest] = wanted.split("/");
  const named = rest.length > 0 ? [service.table(region).get(name!)].filter((job) => job !== undefined) : jobs;
  return named.flatMap((job) => linesAt(job, service.jobDuration, asOf))
    .sort((a, b) => a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0);
}

function limitOf({ limit = MAX_EVENTS }: LogsRequest): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_EVENTS) return limit;
  throw invalid(`1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint`);
}

function tokenOf(eventId: string): string {
  return Buffer.from(eventId).toString("base64url");
}

function positionIn(token: string): string {
  const position = Buffer.from(token, "base64url").toString();
  if (/^\d*$/.test(position)) return position;
  throw invalid("The specified nextToken is invalid.");
}

function invalid(message: string): ServiceError {
  return new ServiceError("InvalidParameterException", message);
}

function notFound(message: string): ServiceError {
  return new ServiceError("ResourceNotFoundException", message);
}
