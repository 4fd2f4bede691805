import { type Phase, phaseAt, type StoredJob } from "./jobs.ts";
import { plannedPhases } from "./lifecycle.ts";

/** A line of a job, as CloudWatch Logs keeps it. Times are milliseconds since the epoch. */
export interface StoredLine {
  eventId: string;
  logStreamName: string;
  timestamp: number;
  ingestionTime: number;
  message: string;
}

/** How many lines each host writes in a second unless the job says otherwise; how many in all, at least and at most. */
const [LINES_A_SECOND, MIN_LINES, MAX_LINES] = [2, 12, 2_000];
/** Each host sends its lines in batches, one later than the other: line by line they don't arrive in the order of their times. */
const BATCH_MS = 250;
const LAG_MS = 150;

/**
 * The lines of a job that CloudWatch Logs has at `now`, in the order of their times. They follow from the job and the time, so
 * nothing is kept: as many as SIMULATE_LOG_LINES says, spread over the hosts and over the time that the job was meant to take,
 * cut short where it is stopped.
 *
 * @param duration how long a job runs unless its environment says otherwise, in milliseconds
 */
export function linesAt(job: StoredJob, duration: number, now: number): StoredLine[] {
  const end = job.phases.find(({ status }) => status !== "InProgress");
  const count = countOf(job, duration);
  const hosts = hostsOf(job);
  const step = runtimeOf(job, duration) / (count + 1);
  const lines: StoredLine[] = [];
  for (let index = 0; index < count; index++) {
    const timestamp = job.createdAt + Math.floor((index + 1) * step);
    if (timestamp > Math.min(now, end?.at ?? Infinity)) break;
    lines.push(lineOf(job, index, timestamp, hosts, messageOf(index, count, hosts)));
  }
  lines.push(...lastWords(job, count, hosts, phaseAt(job, now)));
  return lines.filter(({ ingestionTime }) => ingestionTime <= now);
}

/** What the first host still says when the job has failed. */
function lastWords(job: StoredJob, count: number, hosts: number, { at, status, failureReason }: Phase): StoredLine[] {
  if (status !== "Failed") return [];
  const words = ["Traceback (most recent call last):", `RuntimeError: ${failureReason ?? "the job has failed"}`];
  return words.map((message, index) => lineOf(job, (count + index) * hosts, at, hosts, message));
}

function lineOf(job: StoredJob, index: number, timestamp: number, hosts: number, message: string): StoredLine {
  const host = index % hosts + 1;
  return {
    // As long as those of AWS, and in the order of time too.
    eventId: String(timestamp).padStart(20, "3") + String(job.sequence).padStart(18, "0") +
      String(index).padStart(18, "0"),
    logStreamName: `${job.name}/algo-${host}-${Math.floor(job.createdAt / 1000)}`,
    timestamp,
    ingestionTime: Math.ceil(timestamp / BATCH_MS) * BATCH_MS + LAG_MS * host,
    message,
  };
}

function messageOf(index: number, count: number, hosts: number): string {
  const round = Math.floor(index / hosts);
  if (round === 0) return "Reading /opt/ml/config/resourceconfig.json";
  if (round === 1) return "Starting processing";
  if (index >= count - hosts) return "Writing results to /opt/ml/processing/output";
  return `Processed line ${index + 1} of ${count}`;
}

function countOf(job: StoredJob, duration: number): number {
  const asked = Number(job.request.Environment?.SIMULATE_LOG_LINES ?? NaN);
  if (Number.isInteger(asked) && asked >= 0) return asked;
  const usual = Math.round(runtimeOf(job, duration) / 1000 * LINES_A_SECOND);
  return hostsOf(job) * Math.min(MAX_LINES, Math.max(MIN_LINES, usual));
}

/** How long the job was meant to run when it was created, whatever became of it. */
function runtimeOf({ request, createdAt }: StoredJob, duration: number): number {
  return plannedPhases(request, createdAt, duration)[1]!.at - createdAt;
}

function hostsOf({ request }: StoredJob): number {
  const { InstanceCount, InstancePreferences } = request.ProcessingResources.ClusterConfig;
  return InstanceCount ?? InstancePreferences?.[0]?.InstanceCount ?? 1;
}
