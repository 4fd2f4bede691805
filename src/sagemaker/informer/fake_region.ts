import { type Job, type JobRef, type JobStatus, SageMakerError, type Sighting } from "../../api/job.ts";
import { sleep } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { CallBudgets } from "../budget.ts";
import type { JobPage, ListQuery, SageMaker } from "../client.ts";
import { classify } from "../errors.ts";
import { errorAnswer, jsonAnswer, ServiceError } from "../stand_in/answer.ts";
import { FaultPlan, type FaultRule } from "../stand_in/faults.ts";
import type { HttpAnswer } from "../stand_in/http.ts";
import { changeCourse, type CreateRequest, phaseAt } from "../stand_in/jobs.ts";
import type { ListMode } from "../stand_in/list.ts";
import { perform } from "../stand_in/operations.ts";
import type { Quotas } from "../stand_in/quotas.ts";
import { SageMakerService } from "../stand_in/service.ts";
import { toJob, toSummary } from "../to_job.ts";
import { JobInformer } from "./informer.ts";

export const REGION = "us-west-2";
const FOREVER_MS = 365 * 24 * 3_600_000;
const DEADLINE_MS = 10_000;

export interface FakeRegionOptions {
  pollIntervalMs?: number;
  /** Of each call, there and back. */
  latencyMs?: number;
  stopMs?: number;
  lists?: ListMode;
  history?: number;
  quotas?: Quotas;
}

/** A region of the stand-in, and an informer that runs against it, both on a clock that the test moves. */
export class FakeRegion implements AsyncDisposable {
  readonly clock = new FakeClock();
  /** When the test began, in milliseconds since the epoch. */
  readonly start = this.clock.now();
  readonly service: SageMakerService;
  readonly informer: JobInformer;
  /** What the informer told, and when on the monotonic clock. */
  readonly told: { at: number; key: string }[] = [];
  /** What it asked for. */
  readonly calls: { at: number; operation: string; request: Record<string, unknown> }[] = [];
  /** Called with each key that is told. */
  onTold: (key: string) => void = () => {};
  readonly #latencyMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #faults: FaultPlan | undefined;

  constructor({ pollIntervalMs = 1_000, latencyMs = 20, stopMs = 5_000, ...service }: FakeRegionOptions = {}) {
    const { clock } = this;
    this.#latencyMs = latencyMs;
    this.service = new SageMakerService({ clock, jobDuration: FOREVER_MS, stopDuration: stopMs, ...service });
    this.informer = new JobInformer({
      sageMakerFor: () => this.#sageMaker as SageMaker,
      clock,
      pollIntervalMs,
      stalenessMs: 30_000,
      budgets: new CallBudgets({ clock: this.clock, random: () => 0.5 }),
      onChange: (key) => {
        this.told.push({ at: clock.monotonic(), key });
        this.onTold(key);
      },
    });
    this.#running = this.informer.run(this.#stop.signal);
  }

  /** What goes wrong from now on, in the place of what went wrong before. */
  faults(...rules: FaultRule[]): void {
    this.#faults = rules.length === 0 ? undefined : new FaultPlan({ rules, clock: this.clock });
  }

  /** Somebody makes a job. */
  create(name: string, durationMs = FOREVER_MS): void {
    const Environment = { SIMULATE_DURATION: `${durationMs}ms` };
    const request = { ProcessingJobName: name, ProcessingResources: { ClusterConfig: {} }, Environment };
    this.service.create(REGION, request as CreateRequest);
  }

  /** Makes a job as the reconciler does, and follows it; its key is its name. */
  createAndFollow(name: string, durationMs?: number, details = true): void {
    const { arn } = (this.create(name, durationMs), this.service.find(REGION, name));
    this.informer.record(name, refOf(name), { name, arn, status: "InProgress" }, this.clock.now());
    this.follow(name, details);
  }

  /** @param createdAfter what is known of the job's age, in milliseconds since the epoch */
  follow(name: string, details = true, createdAfter = this.start): void {
    this.informer.watch(name, refOf(name), { details, createdAfter });
  }

  /** Looks at a job at once, as the reconciler does. */
  async look(name: string): Promise<Sighting> {
    const look = this.informer.look(name, refOf(name));
    await this.clock.advance(this.#latencyMs);
    return await look;
  }

  end(
    name: string,
    status: JobStatus = "Completed",
    texts: { failureReason?: string; exitMessage?: string } = {},
  ): void {
    const at = this.service.now();
    changeCourse(this.service.find(REGION, name), at, { at, status, ...texts });
  }

  stop(name: string): void {
    const request = { ProcessingJobName: name };
    perform(this.service, { operation: "StopProcessingJob", region: REGION, request });
  }

  delete(name: string): void {
    this.service.table(REGION).delete(this.service.find(REGION, name));
  }

  /** What SageMaker says now. */
  statusOf(name: string): JobStatus {
    return phaseAt(this.service.find(REGION, name), this.service.now()).status;
  }

  /** What the informer knows. */
  known(name: string): Job | undefined {
    return this.informer.get(name, refOf(name))?.job;
  }

  count(operation: string, since = 0): number {
    return this.calls.filter((call) => call.operation === operation && call.at >= since).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DOMException("The test has ended", "AbortError"));
    await this.#running;
    if (this.clock.pendingTimers > 0) throw new Error(`${this.clock.pendingTimers} timers are left behind`);
  }

  readonly #sageMaker: Pick<SageMaker, "describe" | "list"> = {
    describe: async (name, signal) => {
      const answer = await this.#call("DescribeProcessingJob", { ProcessingJobName: name }, signal);
      return answer && toJob(name, answer as Parameters<typeof toJob>[1]);
    },
    list: async (query, signal): Promise<JobPage> => {
      const { ProcessingJobSummaries = [], NextToken } = await this.#call(
        "ListProcessingJobs",
        requestOf(query),
        signal,
      ) as { ProcessingJobSummaries?: object[]; NextToken?: string };
      const jobs = ProcessingJobSummaries.map((job) => toSummary(withDates(job) as Parameters<typeof toSummary>[0]));
      return { jobs, ...(NextToken !== undefined && { nextToken: NextToken }) };
    },
  };

  async #call(
    operation: string,
    request: Record<string, unknown>,
    signal = new AbortController().signal,
  ): Promise<object | undefined> {
    this.calls.push({ at: this.clock.monotonic(), operation, request });
    await sleep(this.clock, this.#latencyMs / 2, signal);
    const apply = ({ staleMs = 0 } = {}) => this.#apply(operation, request, staleMs);
    const outcome = await this.#faults?.intercept(operation, request, { region: REGION, apply, signal }) ?? apply();
    if (outcome === "hang") await sleep(this.clock, DEADLINE_MS, signal);
    else await sleep(this.clock, this.#latencyMs / 2, signal);
    if (typeof outcome !== "string" && outcome.status === 200) return withDates(JSON.parse(outcome.body));
    const failure = classify(errorOf(outcome), { operation, region: REGION });
    if (failure === "not-found") return undefined;
    throw new SageMakerError(failure);
  }

  #apply(operation: string, request: Record<string, unknown>, staleMs: number): HttpAnswer {
    try {
      return jsonAnswer(perform(this.service, { operation, region: REGION, request }, staleMs));
    } catch (error) {
      if (error instanceof ServiceError) return errorAnswer(error.code, error.message, error.status);
      throw error;
    }
  }
}

export function refOf(name: string): JobRef {
  return { region: REGION, name };
}

function requestOf({ status, modifiedAfter, createdAfter, nextToken }: ListQuery): Record<string, unknown> {
  return {
    MaxResults: 100,
    SortBy: "CreationTime",
    SortOrder: "Descending",
    ...(status !== undefined && { StatusEquals: status }),
    ...(modifiedAfter !== undefined && { LastModifiedTimeAfter: modifiedAfter / 1000 }),
    ...(createdAfter !== undefined && { CreationTimeAfter: createdAfter / 1000 }),
    ...(nextToken !== undefined && { NextToken: nextToken }),
  };
}

function errorOf(outcome: HttpAnswer | "hang" | "reset"): Error {
  if (outcome === "hang") return new DOMException("No answer", "TimeoutError");
  if (outcome === "reset") return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
  const { __type, message } = JSON.parse(outcome.body);
  return Object.assign(new Error(message), { name: __type, $metadata: { httpStatusCode: outcome.status } });
}

/** On the wire times are seconds since the epoch. */
function withDates(output: object): object {
  return Object.fromEntries(
    Object.entries(output).map(([name, value]) => {
      return [name, name.endsWith("Time") && typeof value === "number" ? new Date(value * 1000) : value];
    }),
  );
}
