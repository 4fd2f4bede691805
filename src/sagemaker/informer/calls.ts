import { getLogger } from "@logtape/logtape";
import { type Failure, type Job, SageMakerError, type Site } from "../../api/job.ts";
import { type Clock, sleep } from "../../runtime/clock.ts";
import type { CallBudget, CallBudgets } from "../budget.ts";
import type { JobPage, ListQuery, SageMaker, SageMakerFor } from "../client.ts";

/** A page that is throttled is asked for again; this often in all. */
const MAX_TRIES = 5;
/** Nobody waits longer than this before asking again whether the budget allows a call. */
const MAX_WAIT_MS = 30_000;

const log = getLogger(["operator", "sagemaker-informer"]);

/** When a call was sent: on the monotonic clock, and in milliseconds since the epoch. */
export interface Sending {
  sent: number;
  sentAt: number;
}

export interface LaneCallsOptions {
  sageMakerFor: SageMakerFor;
  budgets: CallBudgets;
  clock: Clock;
  /** Told of each throttled page. */
  onThrottled: (failure: Failure) => void;
}

/** The calls of SageMaker at one place, each within its budget. */
export class LaneCalls {
  readonly #options: LaneCallsOptions;
  readonly #sageMaker: () => SageMaker;
  readonly #site: Site;

  constructor(options: LaneCallsOptions, site: Site) {
    const { sageMakerFor } = options;
    this.#options = options;
    this.#site = site;
    this.#sageMaker = () => sageMakerFor(site);
  }

  /**
   * One page of a list, once the budget allows the call.
   *
   * @throws {SageMakerError} where there is none, or too much was asked of SageMaker again and again
   */
  async list(query: ListQuery, signal: AbortSignal): Promise<Sending & { page: JobPage }> {
    const { clock, onThrottled } = this.#options;
    for (let tries = 1;; tries++) {
      await this.#untilAllowed("ListProcessingJobs", signal);
      const [sent, sentAt] = [clock.monotonic(), clock.now()];
      try {
        const page = await this.#charged("ListProcessingJobs", () => this.#sageMaker().list(query, signal));
        return { page, sent, sentAt };
      } catch (error) {
        if (!isThrottled(error) || tries === MAX_TRIES) throw error;
        onThrottled(error.failure);
      }
    }
  }

  /** How long a `describe` has to wait for its budget, in milliseconds. */
  describeWaitMs(options: { background: boolean }): number {
    // While no limit is known there is no room to leave, and the slow start has to see how much is used.
    const budget = this.#budget("DescribeProcessingJob");
    const background = options.background && budget.perSecond < Infinity;
    return budget.waitMs(this.#options.clock.monotonic(), { background });
  }

  /**
   * The job of that name; `undefined` for none. Goes at once.
   *
   * @throws {SageMakerError}
   */
  describe(name: string, signal: AbortSignal): Promise<Job | undefined> {
    return this.#charged("DescribeProcessingJob", () => this.#sageMaker().describe(name, signal));
  }

  #budget(operation: string): CallBudget {
    return this.#options.budgets.of({ operation, ...this.#site });
  }

  async #charged<T>(operation: string, send: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const budget = this.#budget(operation);
    const sent = clock.monotonic();
    let outcome: "ok" | "throttled" | "unknown" = "unknown";
    budget.take(sent);
    try {
      const answer = await send();
      outcome = "ok";
      return answer;
    } catch (error) {
      if (isThrottled(error)) outcome = "throttled";
      throw error;
    } finally {
      budget.report(outcome, sent, clock.monotonic());
    }
  }

  async #untilAllowed(operation: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const waitMs = () => this.#budget(operation).waitMs(clock.monotonic());
    for (let wait = waitMs(); wait > 0; wait = waitMs()) await sleep(clock, Math.min(wait, MAX_WAIT_MS), signal);
  }
}

/** What a call ended with. Anything that isn't SageMaker's is a defect, and must not be asked for again at once either. */
export function failureOf(error: unknown): Failure {
  if (error instanceof SageMakerError) return error.failure;
  log.error("Cannot look at SageMaker's processing jobs", { error });
  const message = `Cannot look at the processing jobs: ${error instanceof Error ? error.message : error}`;
  return { retry: "slowly", reason: "UnknownError", code: "Defect", message };
}

/** Whether SageMaker has refused a call because there were too many. */
export function isThrottled(error: unknown): error is SageMakerError {
  return error instanceof SageMakerError && error.failure.reason === "Throttled";
}
