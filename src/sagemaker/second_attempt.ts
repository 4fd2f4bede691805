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
      const isKnown = isRefusal(first) || second instanceof SageMakerError && !isOpen(operation, second);
      throw isKnown ? second : first;
    }
  }
}

/** What may be over in a moment. */
function isBlip(error: unknown): boolean {
  if (!(error instanceof SageMakerError)) return false;
  const { retry, reason } = error.failure;
  return isRefusal(error) || retry === "soon" && (reason === "NetworkUnavailable" || reason === "ServiceUnavailable");
}

/** Whether AWS refused credentials in whose place there are newer ones already. */
function isRefusal(error: unknown): boolean {
  return error instanceof SageMakerError && error.failure.retry === "soon" &&
    error.failure.reason === "CredentialsUnavailable";
}

/** Whether a first attempt whose answer is not known may have succeeded though the second failed so. */
function isOpen(operation: string, { failure }: SageMakerError): boolean {
  return operation === "CreateProcessingJob" && failure.code !== "ResourceInUse";
}
