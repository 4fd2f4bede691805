import { Buffer } from "node:buffer";
import { ServiceError } from "./answer.ts";
import { partitionPoint, phaseAt, type StoredJob } from "./jobs.ts";

const DEFAULT_PAGE = 10;

export const LIST_MODES = ["late", "narrow"] as const;

/**
 * When a list is filtered by status, by modification times and by name.
 *
 * `late`: a page's worth of jobs is taken first, and only then filtered. So pages may hold few jobs or none, and lead on. AWS says
 * that of ListTrainingJobs with StatusEquals; users report it of LastModifiedTimeAfter (aws-cli issue 7596). For ListProcessingJobs
 * nothing is documented, and the worst is assumed.
 *
 * `narrow`: all filters come first, and every page but the last is full.
 */
export type ListMode = typeof LIST_MODES[number];

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
 * or go between two pages neither repeat nor hide others. `After` and `Before` leave out the moment itself. Creation times always
 * narrow what is paged; what the other filters do depends on `mode`.
 *
 * @param jobs in the order of their creation
 * @throws ServiceError if the token is none that this function gave out
 */
export function listPage(jobs: readonly StoredJob[], request: ListRequest, now: number, mode: ListMode): Page {
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

  const isCreated = creationFilter(request);
  const isWanted = remainingFilters(request, now);
  const isTaken = mode === "late" ? isCreated : (job: StoredJob) => isCreated(job) && isWanted(job);
  const size = request.MaxResults ?? DEFAULT_PAGE;
  const page: StoredJob[] = [];
  for (; index >= 0 && index < sorted.length; index += descending ? -1 : 1) {
    const job = sorted[index]!;
    if (!isTaken(job)) continue;
    if (page.length === size) return { jobs: page.filter(isWanted), nextToken: formatToken(position(page.at(-1)!)) };
    page.push(job);
  }
  return { jobs: page.filter(isWanted) };
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

function creationFilter(request: ListRequest): (job: StoredJob) => boolean {
  const after = milliseconds(request.CreationTimeAfter) ?? -Infinity;
  const before = milliseconds(request.CreationTimeBefore) ?? Infinity;
  return ({ createdAt }) => createdAt > after && createdAt < before;
}

function remainingFilters(request: ListRequest, now: number): (job: StoredJob) => boolean {
  const after = milliseconds(request.LastModifiedTimeAfter) ?? -Infinity;
  const before = milliseconds(request.LastModifiedTimeBefore) ?? Infinity;
  return (job) => {
    const phase = phaseAt(job, now);
    if (phase.at <= after || phase.at >= before) return false;
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
