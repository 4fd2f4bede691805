import type { Clock } from "../../runtime/clock.ts";
import { partitionOf } from "../region.ts";
import { ServiceError } from "./answer.ts";
import { addHistory } from "./history.ts";
import { type CreateRequest, JobTable, type StoredJob } from "./jobs.ts";
import { plannedPhases } from "./lifecycle.ts";
import type { ListMode } from "./list.ts";
import { QUOTAS, type Quotas, Throttle } from "./quotas.ts";

/** The account that every caller belongs to unless another one is named. */
export const ACCOUNT_ID = "123456789012";

/** What a CreateProcessingJob that succeeded has asked for. */
export interface CreatedJob {
  name: string;
  arn: string;
  region: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** As it came, without its tags. */
  request: Record<string, unknown>;
  tags: Record<string, string>;
}

export interface ServiceOptions {
  clock: Clock;
  /** How long a job runs, in milliseconds. */
  jobDuration: number;
  /** How long a job takes to stop, in milliseconds. */
  stopDuration: number;
  /** When lists are filtered. @default {"late"} */
  lists?: ListMode | undefined;
  /** How many old jobs each region has from the start. @default {0} */
  history?: number | undefined;
  /** How often each operation may be called. @default without limits */
  quotas?: Quotas | undefined;
  /** @default ACCOUNT_ID */
  accountId?: string | undefined;
}

/** The processing jobs of one account, in all regions. */
export class SageMakerService {
  /** Every job that was ever created, in order; a deleted record leaves no gap. */
  readonly created: CreatedJob[] = [];
  /** How far this service's clock is ahead of ours, in milliseconds. */
  clockOffsetMs = 0;
  readonly throttle: Throttle;
  readonly #options: ServiceOptions;
  readonly #regions = new Map<string, JobTable>();
  #sequence = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.throttle = new Throttle(options.quotas ?? QUOTAS.none, options.clock);
  }

  get lists(): ListMode {
    return this.#options.lists ?? "late";
  }

  /** Milliseconds since the epoch, by this service's own clock. */
  now(): number {
    return this.#options.clock.now() + this.clockOffsetMs;
  }

  /** How long a job runs unless its environment says otherwise, in milliseconds. */
  get jobDuration(): number {
    return this.#options.jobDuration;
  }

  get stopDuration(): number {
    return this.#options.stopDuration;
  }

  /** The jobs of a region. */
  table(region: string): JobTable {
    let table = this.#regions.get(region);
    if (!table) {
      this.#regions.set(region, table = new JobTable());
      addHistory(this.#options.history ?? 0, this.now(), (job) => this.#store(region, job));
    }
    return table;
  }

  /** The jobs of all regions. */
  all(): StoredJob[] {
    return [...this.#regions.values()].flatMap((table) => [...table.all()]);
  }

  /** The first of that name in any region. */
  findAnywhere(name: string): StoredJob | undefined {
    return this.#regions.values().map((table) => table.get(name)).find((job) => job !== undefined);
  }

  /** @throws ServiceError if there is no job of that name in the region, or wasn't at `asOf` yet */
  find(region: string, name: string, asOf = Infinity): StoredJob {
    const job = this.table(region).get(name);
    if (!job || job.createdAt > asOf) {
      throw new ServiceError("ValidationException", `Could not find requested job with name: ${name}`);
    }
    return job;
  }

  /** @throws ServiceError if a variable that steers the job makes no sense */
  create(region: string, request: CreateRequest): StoredJob {
    const job = this.#add(region, request);
    this.created.push({
      name: job.name,
      arn: job.arn,
      region,
      createdAt: job.createdAt,
      request: job.request as unknown as Record<string, unknown>,
      tags: Object.fromEntries(job.tags),
    });
    return job;
  }

  /** Others in the account have so many more jobs, which run for `durationMs`. Nobody asked for them by a call. */
  createForeign(region: string, count: number, durationMs: number): void {
    const Environment = { SIMULATE_DURATION: `${durationMs}ms` };
    for (let index = 0; index < count; index++) {
      const ProcessingJobName = `foreign-${this.#sequence}`;
      this.#add(region, { ProcessingJobName, ProcessingResources: { ClusterConfig: {} }, Environment });
    }
  }

  #add(region: string, { Tags, ...request }: CreateRequest): StoredJob {
    const now = this.now();
    // The region's history comes before its first job.
    this.table(region);
    return this.#store(region, {
      name: request.ProcessingJobName,
      createdAt: now,
      request,
      tags: new Map((Tags ?? []).map(({ Key, Value }) => [Key, Value])),
      phases: plannedPhases(request, now, this.#options.jobDuration),
    });
  }

  #store(region: string, job: Omit<StoredJob, "sequence" | "arn" | "region">): StoredJob {
    const { accountId = ACCOUNT_ID } = this.#options;
    const arn = `arn:${partitionOf(region)}:sagemaker:${region}:${accountId}:processing-job/${job.name}`;
    const stored = { ...job, sequence: this.#sequence++, arn, region };
    this.table(region).add(stored);
    return stored;
  }
}
