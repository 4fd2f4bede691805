/** The pause before an attempt that follows a suspension. It bounds what toggling `suspend` costs: each attempt is a job that is paid for. */
import { rfc3339 } from "../api/time.ts";
import type { Attempt, ProcessingJobStatus } from "../api/processing_job.ts";

/** So many resumptions within `WINDOW_MS` have no pause. */
const FREE = 3;
const WINDOW_MS = 3_600_000;
const FIRST_PAUSE_MS = 10_000;
/** The longest pause between two attempts, in milliseconds. */
export const LONGEST_PAUSE_MS = 5 * 60_000;

/**
 * When the attempt after those of `attempts` may begin, the last of which `suspend` has ended. It follows from the status alone, so it is
 * the same after a restart. Times are milliseconds since the epoch.
 *
 * @returns undefined for now
 */
export function resumesAt(attempts: readonly Attempt[], now: number): number | undefined {
  const suspended = attempts.filter(({ reason }) => reason === "Suspended");
  const resumptions = suspended.filter((attempt) => endOf(attempt, now) > now - WINDOW_MS).length;
  const last = suspended.at(-1);
  if (last === undefined || resumptions <= FREE) return undefined;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (resumptions - FREE - 1));
  // Statuses have whole seconds. SageMaker's clock may be ahead of this one.
  const at = Math.ceil((Math.min(endOf(last, now), now) + pauseMs) / 1000) * 1000;
  return at > now ? at : undefined;
}

/** What is told of an attempt that waits until `at`, in words that stay the same. */
export function pauseText({ attemptCount = 1 }: ProcessingJobStatus, at: number): string {
  return "'spec.suspend' is no longer true. It has ended more than " +
    `${FREE} attempts within an hour, so attempt ${attemptCount} begins at ${rfc3339(at)}`;
}

/** An attempt whose times are not known counts as one that has just ended. */
function endOf({ startTime, endTime }: Attempt, now: number): number {
  const time = Date.parse(endTime ?? startTime ?? "");
  return Number.isNaN(time) ? now : time;
}
