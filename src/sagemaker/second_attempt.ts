import { SageMakerError } from "../api/job.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import { mayHaveArrived } from "./create_outcome.ts";

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
      throw operation === "CreateProcessingJob" ? theOpenOne(first, second) : lastOf(first, second);
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

/** Of a create's two failures the one after which the job may exist. That the name is in use says more than either. */
function theOpenOne(first: unknown, second: unknown): unknown {
  const isInUse = second instanceof SageMakerError && second.failure.code === "ResourceInUse";
  const isOpen = first instanceof SageMakerError && mayHaveArrived(first.failure);
  return isOpen && !isInUse ? first : lastOf(first, second);
}

function lastOf(first: unknown, second: unknown): unknown {
  return second instanceof SageMakerError ? second : first;
}
