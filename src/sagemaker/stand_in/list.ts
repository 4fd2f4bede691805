import { Buffer } from "node:buffer";
import { ServiceError } from "./answer.ts";
import { partitionPoint, phaseAt, type StoredJob } from "./jobs.ts";

const DEFAULT_PAGE = 10;

/** A ListProcessingJobs request. Times are seconds since the epoch. */
export interface ListRequest {
  CreationTimeAfter?: number;
  CreationTimeBefore?: number;
  LastModifiedTimeAfter?: number;
  LastModifiedTimeBefore?: number;
  NameContains?: string;
  StatusEquals?: string;
  SortBy?: "Name" | "CreationTime" | "Status";
  SortOrder?: "Ascending" | "Descending";
  MaxResults?: number;
  NextToken?: string;
}

export interface Page {
  jobs: StoredJob[];
  nextToken?: string;
}

/** Where a job stands in the order asked for: what is sorted by, then the sequence number, so that no two jobs are equal. */
type Position = readonly [key: string | number, sequence: number];

/**
 * One page of ListProcessingJobs. A token says after which position the next page begins, not at which index: jobs that come
 * or go between two pages neither repeat nor hide others. `After` and `Before` leave out the moment itself.
 *
 * @param jobs in the order of their creation
 * @throws ServiceError if the token is none that this function gave out
 */
export function listPage(jobs: readonly StoredJob[], request: ListRequest, now: number): Page {
  const position = positionBy(request.SortBy ?? "CreationTime", now);
  const sorted = request.SortBy === undefined || request.SortBy === "CreationTime"
    ? jobs
    : jobs.toSorted((a, b) => compare(position(a), position(b)));
  const last = request.NextToken === undefined || request.NextToken === null
    ? undefined
    : parseToken(request.NextToken);
  const descending = request.SortOrder === "Descending";
  let index = descending
    ? (last ? partitionPoint(sorted, (job) => compare(position(job), last) < 0) : sorted.length) - 1
    : (last ? partitionPoint(sorted, (job) => compare(position(job), last) <= 0) : 0);

  const matches = matcher(request, now);
  const size = request.MaxResults ?? DEFAULT_PAGE;
  const page: StoredJob[] = [];
  for (; index >= 0 && index < sorted.length; index += descending ? -1 : 1) {
    const job = sorted[index]!;
    if (!matches(job)) continue;
    if (page.length === size) return { jobs: page, nextToken: formatToken(position(page.at(-1)!)) };
    page.push(job);
  }
  return { jobs: page };
}

function positionBy(sortBy: NonNullable<ListRequest["SortBy"]>, now: number): (job: StoredJob) => Position {
  switch (sortBy) {
    case "Name":
      return (job) => [job.name, job.sequence];
    case "Status":
      return (job) => [phaseAt(job, now).status, job.sequence];
    case "CreationTime":
      // The order in which jobs came, which a wall clock that is set back doesn't disturb.
      return (job) => [0, job.sequence];
  }
}

function compare([keyA, sequenceA]: Position, [keyB, sequenceB]: Position): number {
  if (keyA !== keyB) return keyA < keyB ? -1 : 1;
  return sequenceA - sequenceB;
}

function matcher(request: ListRequest, now: number): (job: StoredJob) => boolean {
  const createdAfter = milliseconds(request.CreationTimeAfter) ?? -Infinity;
  const createdBefore = milliseconds(request.CreationTimeBefore) ?? Infinity;
  const modifiedAfter = milliseconds(request.LastModifiedTimeAfter) ?? -Infinity;
  const modifiedBefore = milliseconds(request.LastModifiedTimeBefore) ?? Infinity;
  return (job) => {
    if (job.createdAt <= createdAfter || job.createdAt >= createdBefore) return false;
    const phase = phaseAt(job, now);
    if (phase.at <= modifiedAfter || phase.at >= modifiedBefore) return false;
    if (request.StatusEquals && phase.status !== request.StatusEquals) return false;
    return !request.NameContains || job.name.includes(request.NameContains);
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds === null ? undefined : Math.round(seconds * 1000);
}

function formatToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function parseToken(token: string): Position {
  try {
    const [key, sequence, ...rest] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    const keyed = typeof key === "string" || typeof key === "number";
    if (keyed && typeof sequence === "number" && rest.length === 0) return [key, sequence];
  } catch {
    // Not one of ours; the same as one of ours with another content.
  }
  throw new ServiceError("ValidationException", "Invalid NextToken");
}
