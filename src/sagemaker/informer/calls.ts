import { getLogger } from "@logtape/logtape";
import { type Failure, type Job, SageMakerError, type Site } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type CallBudget, type CallBudgets, PUBLISHED_PER_SECOND } from "../budget.ts";
import type { JobPage, ListQuery, SageMaker, SageMakerFor } from "../client.ts";

/** Lists take at most this part of the rate that is known: it belongs to all callers in the account. */
const SHARE = 0.5;
/** So many lists may come at once after a pause. */
const BURST = 2;

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
}

/** The calls of SageMaker at one place, each within its budget. */
export class LaneCalls {
  readonly #options: LaneCallsOptions;
  readonly #sageMaker: () => SageMaker;
  readonly #site: Site;
  #listTokens = BURST;
  #refilledAt: number;

  constructor(options: LaneCallsOptions, site: Site) {
    const { sageMakerFor, clock } = options;
    this.#options = options;
    this.#site = site;
    this.#sageMaker = () => sageMakerFor(site);
    this.#refilledAt = clock.monotonic();
  }

  /** How long a `list` has to wait, in milliseconds, for its budget and to leave others their share. */
  listWaitMs(): number {
    const now = this.#options.clock.monotonic();
    const rate = this.#refill(now);
    const wait = Math.ceil((1 - this.#listTokens) / rate * 1000);
    return Math.max(0, wait, this.#budget("ListProcessingJobs").waitMs(now));
  }

  /** Whether a list can be sent now and still another one `at` that time, on the monotonic clock. */
  leavesListAt(at: number): boolean {
    const now = this.#options.clock.monotonic();
    const rate = this.#refill(now);
    return Math.min(BURST, this.#listTokens + Math.max(0, at - now) / 1000 * rate) >= 2;
  }

  /**
   * One page of a list. Goes at once.
   *
   * @throws {SageMakerError} where there is none
   */
  async list(query: ListQuery, signal: AbortSignal): Promise<Sending & { page: JobPage }> {
    const { clock } = this.#options;
    const [sent, sentAt] = [clock.monotonic(), clock.now()];
    this.#refill(sent);
    this.#listTokens--;
    const page = await this.#charged("ListProcessingJobs", () => this.#sageMaker().list(query, signal));
    return { page, sent, sentAt };
  }

  /** Says how many lists may be sent per second. */
  #refill(now: number): number {
    const rate = SHARE *
      Math.min(PUBLISHED_PER_SECOND.ListProcessingJobs, this.#budget("ListProcessingJobs").perSecond);
    this.#listTokens = Math.min(BURST, this.#listTokens + (now - this.#refilledAt) / 1000 * rate);
    this.#refilledAt = now;
    return rate;
  }

  /** Whether so many Describes can be made within that time, going by what throttling has shown so far. */
  canDescribeWithin(count: number, ms: number): boolean {
    return count / this.#budget("DescribeProcessingJob").perSecond * 1000 <= ms;
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
