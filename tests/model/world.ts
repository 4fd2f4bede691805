import { API_VERSION, FINALIZER, KIND, PLURAL } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES, type JobStatus } from "../../src/api/job.ts";
import { jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { ServiceError } from "../../src/sagemaker/stand_in/answer.ts";
import {
  changeCourse,
  type CreateRequest,
  type Phase,
  phaseAt,
  type StoredJob,
} from "../../src/sagemaker/stand_in/jobs.ts";
import { perform } from "../../src/sagemaker/stand_in/operations.ts";
import { ACCOUNT_ID, SageMakerService } from "../../src/sagemaker/stand_in/service.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { type Answer, FakeApiserver } from "../support/fake_apiserver.ts";
import { Connection, type WatchFault } from "./connection.ts";
import { OperatorProcess } from "./operator.ts";
import { Rules } from "./rules.ts";
import { networkError, replaceSdk, serviceError, withDates } from "./sdk.ts";
import { type Call, DEADLINE_MS, type Fault, Wire } from "./wire.ts";

export type System = "apiserver" | "sagemaker";

/** Jobs end when a test says so. */
const FOREVER_MS = 365 * 24 * 3_600_000;
const STOP_MS = 4_000;
/** How far behind SageMaker's answers may be. */
const STALE_MS = 3_000;
const RESOURCES = `/apis/${API_VERSION}/namespaces/default/${PLURAL}`;
const READS = /^(Describe|List|GetCallerIdentity)/;

/** What a resource may ask for beyond its job. */
export type Policies = Pick<
  ProcessingJob["spec"],
  "suspend" | "retryPolicy" | "ttlSecondsAfterFinished" | "deletionPolicy"
>;

/** An effect of an operator, on its way. */
export interface Effect {
  what: string;
  when: "before" | "after";
  sender: OperatorProcess;
}

/** A cluster, SageMaker and operators in between, all in memory and on one clock that stands still until the test moves it. */
export class World implements Disposable {
  readonly #elects: boolean;
  readonly clock = new FakeClock(Date.UTC(2026, 0, 1));
  readonly apiserver = new FakeApiserver(this.clock);
  readonly service: SageMakerService;
  readonly rules: Rules;
  /** What happened, for whoever has to understand a failure. */
  readonly trace: string[] = [];
  readonly operators: OperatorProcess[] = [];
  /** Faults for the next calls that fit, the first first. */
  faults: { system: System; operation: string | undefined; fault: Fault }[] = [];
  faultsInjected = 0;
  /** Decides about each call before the planned faults do. */
  fate: (call: Call<unknown>) => Fault | undefined = () => undefined;
  /** Told of each line of a watch before it reaches an operator. */
  onLine: () => void = () => {};
  /** The version that lists show and watches begin with, if not the latest. */
  listedVersion: number | undefined;
  /** How far behind SageMaker's reads are, in milliseconds. */
  staleMs = 0;
  /** On the monotonic clock: until when a system answers nobody. */
  readonly pausedUntil: Record<System | "events", number> = { apiserver: 0, sagemaker: 0, events: 0 };
  /** Of each change of a resource, the version that it gave rise to. */
  readonly versions: number[] = [];
  /** What operators have sent, as in `PATCH status` or `DescribeProcessingJob NAME`. */
  readonly requests: string[] = [];
  /** Told of each effect of an operator before and after its arrival. */
  onEffect: (effect: Effect) => void = () => {};
  /** How long after its end an operator is started again; none for never. */
  restartMs: number | undefined = 2_000;
  readonly #random: () => number;
  readonly #wire: Wire;
  readonly #connections = new Map<string, Connection>();
  readonly #sdk: Disposable;
  readonly #realRandom = Math.random;
  #started = 0;

  /** @param seed of everything that is left to chance */
  /** @param options.elects whether operators elect a leader; one that was killed then keeps the others waiting for 15 s */
  constructor(seed: number, { elects = false }: { elects?: boolean } = {}) {
    this.#elects = elects;
    this.#random = randomFrom(seed);
    // Backoffs and spreads take it; a run must be repeatable.
    Math.random = this.#random;
    this.service = new SageMakerService({ clock: this.clock, jobDuration: FOREVER_MS, stopDuration: STOP_MS });
    this.rules = new Rules(this);
    this.apiserver.onChange = (change, plural) => {
      const { metadata, status } = change.object as unknown as ProcessingJob;
      this.note(
        `  ${change.type} ${plural}/${metadata.name} ${metadata.resourceVersion} ${describeObject(metadata, status)}`,
      );
      if (plural !== PLURAL) return;
      this.versions.push(change.version);
      this.rules.onChange(change);
    };
    this.#wire = new Wire({
      clock: this.clock,
      random: this.#random,
      faultOf: (call) => {
        this.requests.push(call.what);
        return this.#takeFault(call);
      },
      heldFor: (call) => this.pausedUntil[systemOf(call)] - this.clock.monotonic(),
      // Of a call that another process has given up nobody can know; that there is but one is the leader's lease's business.
      lateness: () => {
        const [alone, started] = [this.liveOperators.length === 1, this.#started];
        return () => alone && this.#started === started;
      },
      onEffect: (when, call, sender) => {
        if (when === "before") {
          this.note(`  ${(sender as OperatorProcess).id} ${call.what}`);
          if (call.what.startsWith("PATCH")) this.rules.onCall("the apiserver to write");
        }
        this.onEffect({ what: call.what, when, sender: sender as OperatorProcess });
      },
    });
    this.#sdk = replaceSdk((call) => this.#callSageMaker(call));
  }

  [Symbol.dispose](): void {
    for (const operator of this.operators) operator.kill();
    this.#sdk[Symbol.dispose]();
    Math.random = this.#realRandom;
  }

  note(line: string): void {
    this.trace.push(`${(this.clock.monotonic() / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  get liveOperators(): OperatorProcess[] {
    return this.operators.filter((operator) => operator.isAlive);
  }

  startOperator(): OperatorProcess {
    const id = `operator-${++this.#started}`;
    this.note(`${id} starts`);
    const operator = new OperatorProcess(id, {
      clock: this.clock,
      elects: this.#elects,
      connect: (sender) => {
        const heldUntil = () => Math.max(this.pausedUntil.apiserver, this.pausedUntil.events);
        const { apiserver, clock } = this;
        const connection = new Connection({
          apiserver,
          wire: this.#wire,
          sender,
          clock,
          heldUntil,
          onLine: () => this.onLine(),
          listedVersion: () => this.listedVersion,
        });
        this.#connections.set(id, connection);
        return connection;
      },
      onEnd: (process, error) => {
        if (error !== undefined || !process.isStopping) this.rules.broken(`${id} ended by itself: ${error}`);
        this.note(`${id} has ended`);
        this.#connections.get(id)?.close();
        this.#restart();
      },
    });
    this.operators.push(operator);
    return operator;
  }

  kill(operator: OperatorProcess): void {
    if (!operator.isAlive) return;
    this.note(`${operator.id} is killed`);
    operator.kill();
    this.#connections.get(operator.id)?.close();
    this.#restart();
  }

  #restart(): void {
    if (this.restartMs === undefined || this.liveOperators.some((operator) => !operator.isStopping)) return;
    this.clock.setTimer(this.restartMs, () => {
      if (!this.liveOperators.some((operator) => !operator.isStopping)) this.startOperator();
    });
  }

  harmWatches(fault: WatchFault): void {
    for (const connection of this.#connections.values()) connection.harmWatches(fault);
  }

  /** Ends everything that harms. */
  endFaults(): void {
    this.faults = [];
    Object.assign(this.pausedUntil, { apiserver: 0, sagemaker: 0, events: 0 });
    this.onEffect = () => {};
    this.fate = () => undefined;
    this.onLine = () => {};
    this.listedVersion = undefined;
    this.staleMs = 0;
  }

  // What users do.

  create(
    name: string,
    policies: Policies = {},
    namespace = "default",
    annotations: Record<string, string> = {},
  ): void {
    const metadata = { name, annotations };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata, spec: { ...MINIMAL_SPEC, ...policies } };
    this.#asUser("POST", RESOURCES.replace("default", namespace), body);
  }

  /** As the apiserver has it, only until the job has finished. */
  suspend(name: string, suspend: boolean): void {
    const conditions = this.resource(name)?.status?.conditions ?? [];
    if (conditions.some(({ type }) => ["Complete", "Failed", "Stopped"].includes(type))) return;
    this.patch(name, { spec: { suspend } });
  }

  delete(name: string): void {
    const resource = this.resource(name);
    if (resource) this.rules.onDeletedByUser(resource);
    this.#asUser("DELETE", `${RESOURCES}/${name}`);
  }

  patch(name: string, patch: unknown): void {
    this.#asUser("PATCH", `${RESOURCES}/${name}`, patch);
  }

  /** As a person does who may write statuses. */
  patchStatus(name: string, status: object): void {
    this.#asUser("PATCH", `${RESOURCES}/${name}/status`, { status });
  }

  #asUser(method: string, path: string, body?: unknown): Answer {
    return this.apiserver.request({ method, path, body });
  }

  resources(): ProcessingJob[] {
    return this.apiserver.all(PLURAL) as unknown as ProcessingJob[];
  }

  resource(name: string): ProcessingJob | undefined {
    return this.resources().find(({ metadata }) => metadata.name === name);
  }

  // What SageMaker, or somebody else there, does.

  jobs(): StoredJob[] {
    return this.service.all();
  }

  jobOf({ metadata: { name, uid } }: ProcessingJob): StoredJob | undefined {
    return this.service.findAnywhere(jobName(name, uid));
  }

  phaseOf(job: StoredJob): Phase {
    return phaseAt(job, this.service.now());
  }

  statusOf(job: StoredJob): JobStatus {
    return this.phaseOf(job).status;
  }

  isRunning(job: StoredJob): boolean {
    return !FINAL_JOB_STATUSES.includes(this.statusOf(job));
  }

  endJob(job: StoredJob, status: "Completed" | "Failed" | "Stopping", failureReason = "AlgorithmError"): void {
    if (!this.isRunning(job)) return;
    const at = this.service.now();
    this.note(`  SageMaker: ${job.name} is ${status}`);
    if (status === "Stopping") {
      if (this.statusOf(job) === "Stopping") return;
      this.rules.stoppedByOthers.add(job.name);
      return changeCourse(job, at, { at, status }, { at: at + STOP_MS, status: "Stopped" });
    }
    changeCourse(job, at, status === "Failed" ? { at, status, failureReason } : { at, status });
  }

  /** Whose clock is wrong is told before there are any jobs, since their lives are of SageMaker's. */
  skew(aheadMs: number): void {
    if (this.jobs().length === 0) this.service.clockOffsetMs = aheadMs;
  }

  /** Somebody else has a job under the name that the resource's job would have. */
  takeName(name: string): void {
    const resource = this.resource(name);
    if (resource === undefined || resource.metadata.deletionTimestamp || this.jobOf(resource)) return;
    const taken = jobName(name, resource.metadata.uid);
    if (this.rules.hasBeenCreated(taken)) return;
    this.note(`  SageMaker: ${taken} is somebody else's`);
    const spec = {
      ...MINIMAL_SPEC,
      appSpecification: { imageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/another" },
    };
    this.service.create(spec.region, toCreateRequest(spec, taken) as CreateRequest);
    this.rules.onNameTaken(taken);
  }

  /**
   * DeleteProcessingJob, by somebody: only what has ended can be deleted. If that comes before anybody has shown the job, or
   * overtakes calls that are given up or another operator's and still on their way, nobody can know that there ever was one.
   */
  deleteRecord(job: StoredJob): void {
    const isOld = this.phaseOf(job).at + DEADLINE_MS <= this.service.now();
    if (this.isRunning(job) || !this.rules.hasBeenShown(job.name)) return;
    if (this.#wire.lateOnTheWay > 0 || (this.liveOperators.length > 1 && !isOld)) return;
    this.note(`  SageMaker: the record of ${job.name} is deleted`);
    this.service.table(job.region).delete(job);
    this.rules.onRecordDeleted(job.name);
  }

  #callSageMaker(
    call: { caller: string; operation: string; input: Record<string, unknown>; region: string; signal: AbortSignal },
  ): Promise<unknown> {
    const { caller, operation, input, region, signal } = call;
    const sender = this.operators.find(({ id }) => id === caller)!;
    this.rules.onCall(operation, String(input.ProcessingJobName));
    return this.#wire.send<unknown>({
      what: `${operation} ${input.ProcessingJobName ?? ""}`.trimEnd(),
      isEffect: !READS.test(operation),
      apply: ({ stale }) => this.#perform({ operation, region, request: input }, stale),
      refuse: (fault) => {
        if (fault === "throttled") throw serviceError("ThrottlingException", "Rate exceeded");
        throw serviceError("InternalFailure", "An internal error occurred", 500);
      },
      reset: () => networkError(),
      signal,
    }, sender);
  }

  #perform(call: { operation: string; region: string; request: Record<string, unknown> }, stale: boolean): unknown {
    if (call.operation === "GetCallerIdentity") return { Account: ACCOUNT_ID };
    const known = this.service.created.length;
    try {
      const answer = perform(this.service, call, stale ? Math.floor(this.#random() * STALE_MS) : this.staleMs);
      const $metadata = { date: new Date(this.service.now()).toUTCString() };
      return { ...withDates(answer ?? {}) as object, $metadata };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw serviceError(error.code, error.message, error.status);
    } finally {
      if (this.service.created.length > known) this.rules.onCreated(this.service.created.at(-1)!.name);
    }
  }

  #takeFault(call: Call<unknown>): Fault | undefined {
    const fate = this.fate(call);
    if (fate !== undefined) return fate;
    const system = systemOf(call);
    const index = this.faults.findIndex((planned) =>
      planned.system === system && (planned.operation === undefined || call.what.startsWith(planned.operation)) &&
      (planned.fault !== "stale" || call.what.startsWith("Describe"))
    );
    if (index === -1) return undefined;
    const { fault } = this.faults[index]!;
    this.faults.splice(index, 1);
    this.faultsInjected++;
    this.note(`  fault '${fault}' befalls ${call.what}`);
    return fault;
  }
}

function systemOf({ what }: Call<unknown>): System {
  return /^[A-Z]+ /.test(what) ? "apiserver" : "sagemaker";
}

function describeObject(metadata: ProcessingJob["metadata"], status: ProcessingJob["status"]): string {
  const held = metadata.finalizers?.includes(FINALIZER) ? "held" : "free";
  const deleting = metadata.deletionTimestamp ? " deleting" : "";
  return `${held}${deleting} ${status?.processingJobStatus ?? ""} ${status?.additional?.slice(0, 60) ?? ""}`.trimEnd();
}

/** Mulberry32: numbers in [0, 1) that depend on nothing but the seed. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6D2B79F5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
