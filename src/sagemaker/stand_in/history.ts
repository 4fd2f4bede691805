import type { Phase, StoredJob } from "./jobs.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEWEST_MS = DAY_MS;
const OLDEST_MS = 30 * DAY_MS;
/** Every tenth of them failed, every twentieth was stopped. */
const FAILED_EVERY = 10;
const STOPPED_EVERY = 20;
const REQUEST = { ProcessingResources: { ClusterConfig: {} } };
const NO_TAGS = new Map<string, string>();

/**
 * Jobs that ended more than a day before `now` (milliseconds since the epoch), created at even intervals over the 30 days up to
 * then, the oldest first. They share what they have in common: 20,000 of them take about 10 MB.
 *
 * @param add makes a job of what is given
 */
export function addHistory(
  count: number,
  now: number,
  add: (job: Omit<StoredJob, "sequence" | "arn" | "region">) => void,
) {
  const digits = String(count).length;
  const stepMs = (OLDEST_MS - NEWEST_MS) / count;
  for (let index = 0; index < count; index++) {
    const createdAt = Math.floor(now - OLDEST_MS + index * stepMs);
    const name = `history-${String(index).padStart(digits, "0")}`;
    const end = endOf(index, createdAt + Math.min(HOUR_MS, Math.floor(stepMs / 2)));
    const phases: Phase[] = [{ at: createdAt, status: "InProgress" }, end];
    add({ name, createdAt, request: { ...REQUEST, ProcessingJobName: name }, tags: NO_TAGS, phases });
  }
}

function endOf(index: number, at: number): Phase {
  if (index % STOPPED_EVERY === 1) return { at, status: "Stopped" };
  if (index % FAILED_EVERY === 3) return { at, status: "Failed", failureReason: "AlgorithmError: See job logs" };
  return { at, status: "Completed" };
}
