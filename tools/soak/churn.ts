import { FINAL_JOB_STATUSES, type JobStatus } from "../../src/api/job.ts";
import type { JobView, StandIn } from "../../src/sagemaker/stand_in/server.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type Administrator, jobNameOf, Resources } from "../../tests/support/resources.ts";

const REGIONS = ["us-west-2", "eu-west-1"];
/** How long the record of a job stays after its resource was deleted; the operator has let it go long before. */
const RECORD_MS = 15 * 60_000;

/** People and time: resources come and go, jobs end, records are deleted. Everything past the faults. */
export class Churn {
  readonly #resources: Resources;
  readonly #cluster: Administrator;
  readonly #standIn: StandIn;
  readonly #random: () => number;
  readonly #population: number;
  /** Resources that nobody has deleted, and their jobs' names. */
  readonly #living = new Map<string, string>();
  /** Names of the jobs whose resources were deleted, and when, the earliest first. */
  readonly #deletedAt = new Map<string, number>();
  readonly #clock: Clock;
  readonly #counts = { created: 0, finished: 0, deleted: 0, forgotten: 0 };

  constructor({ cluster, standIn, namespace, random, population, clock }: {
    cluster: Administrator;
    standIn: StandIn;
    namespace: string;
    random: () => number;
    /** How many resources there are once it goes. */
    population: number;
    clock: Clock;
  }) {
    this.#resources = new Resources(cluster, namespace);
    this.#cluster = cluster;
    this.#standIn = standIn;
    this.#random = random;
    this.#population = population;
    this.#clock = clock;
  }

  counts(): { resources: number; created: number; finished: number; deleted: number; forgotten: number } {
    return { resources: this.#living.size, ...this.#counts };
  }

  /** Makes as many resources as there shall be, as fast as it goes. */
  async fill(signal: AbortSignal): Promise<void> {
    while (this.#living.size < this.#population && !signal.aborted) await this.#create();
  }

  /** One act of somebody. */
  async step(): Promise<void> {
    if (this.#living.size < this.#population && this.#random() < 0.6) return await this.#create();
    const dice = this.#random();
    if (dice < 0.4) this.#finish();
    else if (dice < 0.95) await this.#delete();
    else await this.#forget();
  }

  async deleteAll(): Promise<void> {
    for (const name of this.#living.keys()) await this.#resources.delete(name);
    this.#counts.deleted += this.#living.size;
    this.#living.clear();
  }

  async #create(): Promise<void> {
    const name = `soak-${++this.#counts.created}`;
    const resource = await this.#resources.create(name, { spec: { region: this.#pick(REGIONS)! } });
    this.#living.set(name, jobNameOf(resource));
  }

  /** Takes away the records of jobs that have ended and whose resources were deleted long ago. */
  expireRecords(): void {
    const before = this.#clock.monotonic() - RECORD_MS;
    const records = new Map(this.#standIn.jobs().map(({ name, status }) => [name, status]));
    for (const [jobName, at] of this.#deletedAt) {
      if (at > before) return;
      const status = records.get(jobName);
      // One that still runs is a violation, which the referee must see.
      if (status !== undefined && !FINAL_JOB_STATUSES.includes(status)) continue;
      if (status !== undefined) this.#standIn.deleteRecord(jobName);
      this.#deletedAt.delete(jobName);
    }
  }

  /** SageMaker's side of the story. */
  #finish(): void {
    const job = this.#pick(this.#standIn.jobs().filter(({ status }) => status === "InProgress"));
    if (!job) return;
    const dice = this.#random();
    const status: JobStatus = dice < 0.7 ? "Completed" : dice < 0.95 ? "Failed" : "Stopped";
    this.#standIn.finish(job.name, status, status === "Failed" ? "ClientError: as the soak will have it" : undefined);
    this.#counts.finished++;
  }

  async #delete(): Promise<void> {
    const name = this.#pick([...this.#living.keys()]);
    if (name === undefined) return;
    this.#deletedAt.set(this.#living.get(name)!, this.#clock.monotonic());
    this.#living.delete(name);
    this.#counts.deleted++;
    await this.#resources.delete(name);
  }

  /** Deletes the record of a job that has ended, where the status says that there was one: nothing else could tell later. */
  async #forget(): Promise<void> {
    const ended = new Map<string, JobView>();
    for (const job of this.#standIn.jobs()) if (FINAL_JOB_STATUSES.includes(job.status)) ended.set(job.name, job);
    const found = this.#pick([...this.#living].filter(([, jobName]) => ended.has(jobName)));
    if (!found) return;
    const { status } = await this.#resources.get(found[0]);
    if (status?.processingJobArn === undefined) return;
    this.#standIn.deleteRecord(found[1]);
    this.#counts.forgotten++;
  }

  #pick<T>(values: T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }
}
