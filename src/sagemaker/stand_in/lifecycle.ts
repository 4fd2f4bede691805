import { parseDuration } from "../../api/duration.ts";
import { ServiceError } from "./answer.ts";
import type { CreateRequest, Phase } from "./jobs.ts";

/** The lengths of FailureReason and ExitMessage in the service model. */
const MAX_TEXT = 1024;

/**
 * The life of a job that starts at `now` (milliseconds since the epoch) and that nobody stops. It runs for `duration`
 * milliseconds and ends Completed; environment variables of the job steer that: SIMULATE_DURATION (`3s`), SIMULATE_FAILURE (it
 * ends Failed, for this reason), SIMULATE_FAILURES (how many attempts of its resource do so) and SIMULATE_EXIT_MESSAGE.
 *
 * A job that reaches its MaxRuntimeInSeconds ends Stopped. That the real service calls this Stopped and not Failed is likely
 * but was not confirmed.
 *
 * @throws ServiceError if SIMULATE_DURATION is no duration
 */
export function plannedPhases(request: CreateRequest, now: number, duration: number): Phase[] {
  const { SIMULATE_DURATION, SIMULATE_FAILURE, SIMULATE_FAILURES, SIMULATE_EXIT_MESSAGE } = request.Environment ?? {};
  const runtime = SIMULATE_DURATION === undefined ? duration : steeredDuration(SIMULATE_DURATION);
  const limit = (request.StoppingCondition?.MaxRuntimeInSeconds ?? Infinity) * 1000;
  const end: Phase = runtime > limit
    ? { at: now + limit, status: "Stopped" }
    : SIMULATE_FAILURE === undefined || attemptOf(request) > Number(SIMULATE_FAILURES ?? Infinity)
    ? { at: now + runtime, status: "Completed" }
    : { at: now + runtime, status: "Failed", failureReason: SIMULATE_FAILURE.slice(0, MAX_TEXT) };
  if (SIMULATE_EXIT_MESSAGE !== undefined) end.exitMessage = SIMULATE_EXIT_MESSAGE.slice(0, MAX_TEXT);
  return [{ at: now, status: "InProgress" }, end];
}

/** Which attempt of its resource a job is, going by its name. */
function attemptOf({ ProcessingJobName = "" }: CreateRequest): number {
  return Number(/-r(\d+)$/.exec(ProcessingJobName)?.[1] ?? 1);
}

function steeredDuration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new ServiceError(
      "ValidationException",
      "Environment variable SIMULATE_DURATION must be a duration such as 500ms or 1m30s",
    );
  }
}
