import type { Clock } from "../../runtime/clock.ts";
import { ServiceError } from "./answer.ts";
import { TokenBucket } from "./token_bucket.ts";

/** How often an operation may be called in one region. */
export interface Quota {
  perSecond: number;
  /** How many calls may come at once. @default a second's worth, and 1 at least */
  burst?: number;
}

/** By operation, as in `CreateProcessingJob`. An operation without an entry is not limited. */
export type Quotas = Readonly<Record<string, Quota>>;

export const QUOTA_SETS = ["none", "account"] as const;
export type QuotaSet = typeof QUOTA_SETS[number];

/**
 * The quotas that `--quotas` names. Those of `account` are what an ordinary account has, as far as that is known:
 *
 * - CreateProcessingJob: 1/s, not adjustable (AWS's page of SageMaker quotas).
 * - ListProcessingJobs: 2/s. That page has it for ListTrainingJobs only; taken to be the same.
 * - DescribeProcessingJob, StopProcessingJob: 5/s. Assumed: AWS publishes neither.
 *
 * AWS publishes no burst either; a second's worth is assumed.
 */
export const QUOTAS: Record<QuotaSet, Quotas> = {
  none: {},
  account: {
    CreateProcessingJob: { perSecond: 1 },
    ListProcessingJobs: { perSecond: 2 },
    DescribeProcessingJob: { perSecond: 5 },
    StopProcessingJob: { perSecond: 5 },
  },
};

/**
 * Reads `OPERATION=RATE[:BURST]`, for instance `ListProcessingJobs=0.5:3`.
 *
 * @throws SyntaxError for any other text
 */
export function parseQuota(text: string): [operation: string, quota: Quota] {
  const { operation, rate, burst } =
    /^(?<operation>[A-Z]\w+)=(?<rate>\d+(?:\.\d+)?)(?::(?<burst>[1-9]\d*))?$/.exec(text)
      ?.groups ?? {};
  const perSecond = Number(rate);
  if (operation === undefined || !(perSecond > 0)) throw new SyntaxError("Not of that form");
  return [operation, { perSecond, ...(burst !== undefined && { burst: Number(burst) }) }];
}

/** Refuses calls beyond the quotas. Each region has its own, as at AWS. */
export class Throttle {
  readonly #quotas: Quotas;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(quotas: Quotas, clock: Clock) {
    this.#quotas = quotas;
    this.#clock = clock;
  }

  /**
   * Counts a call.
   *
   * @throws ServiceError if it is one too many
   */
  admit(operation: string, region: string): void {
    const quota = Object.hasOwn(this.#quotas, operation) ? this.#quotas[operation] : undefined;
    if (quota === undefined) return;
    const name = `${operation} ${region}`;
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#clock, quota.perSecond, quota.burst);
      this.#buckets.set(name, bucket);
    }
    if (!bucket.take()) throw new ServiceError("ThrottlingException", "Rate exceeded");
  }
}
