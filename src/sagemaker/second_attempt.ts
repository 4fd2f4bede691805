import { SageMakerError } from "../api/job.ts";
import { type Clock, sleep } from "../runtime/clock.ts";

const PAUSE_MS = 100;

export interface SecondAttemptOptions {
  /** The API's name, as in `CreateProcessingJob`. */
  operation: string;
  clock: Clock;
  /** Aborted when `signal` is, and at the deadline of both attempts together. */
  limit: AbortSignal;
  /** The caller's own. */
  signal: AbortSignal | undefined;
}

/**
 * Passes over a blip by a second attempt, and no third; everything else is the work queue's business. The SDK's own second attempt
 * would repeat what is throttled as well, and wait by no clock of ours.
 *
 * @throws `signal`'s reason once it is aborted, otherwise what an attempt threw
 */
export async function passingOverBlip<T>(
  attempt: () => Promise<T>,
  { operation, clock, limit, signal }: SecondAttemptOptions,
): Promise<T> {
  try {
    return await attempt();
  } catch (first) {
    if (signal?.aborted) throw signal.reason;
    if (!isBlip(first) || limit.aborted) throw first;
    try {
      await sleep(clock, PAUSE_MS, limit);
      return await attempt();
    } catch (second) {
      if (signal?.aborted) throw signal.reason;
      throw second instanceof SageMakerError && !isOpen(operation, second) ? second : first;
    }
  }
}

/** What may be over in a moment. */
function isBlip(error: unknown): boolean {
  if (!(error instanceof SageMakerError)) return false;
  const { retry, reason } = error.failure;
  return retry === "soon" && (reason === "NetworkUnavailable" || reason === "ServiceUnavailable");
}

/** Whether a first attempt whose answer is not known may have succeeded though the second failed so. */
function isOpen(operation: string, { failure }: SageMakerError): boolean {
  return operation === "CreateProcessingJob" && failure.code !== "ResourceInUse";
}
