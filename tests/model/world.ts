/** Operators in a cluster, with faults on all their ways. */
import { ServiceError } from "../../src/sagemaker/stand_in/answer.ts";
import type { StoredJob } from "../../src/sagemaker/stand_in/jobs.ts";
import { perform } from "../../src/sagemaker/stand_in/operations.ts";
import { accountOfArn, OWN_ACCOUNT } from "./accounts.ts";
import { Connection, type WatchFault } from "./connection.ts";
import { watchLog } from "./log.ts";
import { OperatorProcess } from "./operator.ts";
import { networkError, replaceSdk, type SdkCall, serviceError, withDates } from "./sdk.ts";
import { Stage } from "./stage.ts";
import { type Call, DEADLINE_MS, type Fault, Wire } from "./wire.ts";

export type System = "apiserver" | "sagemaker";

/** How far behind SageMaker's answers may be. */
const STALE_MS = 3_000;
const LEASE_NAME = "sagemaker-operator";
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/default/leases/${LEASE_NAME}`;
/** Where resources that name an endpoint have their calls go; an operator may be started without leave to use it. */
export const ENDPOINT = "https://sagemaker.example.com";
const READS = /^(Describe|List|GetCallerIdentity)/;

/** An effect of an operator, on its way. */
export interface Effect {
  what: string;
  when: "before" | "after";
  sender: OperatorProcess;
}

/** A cluster, SageMaker and operators in between, all in memory and on one clock that stands still until the test moves it. */
export class World extends Stage implements Disposable {
  readonly #elects: boolean;
  /** Whether operators that are started may use `ENDPOINT`. */
  isEndpointAllowed = true;
  /** On the monotonic clock: until when the host of SageMaker does not resolve. */
  unresolvedUntil = 0;
  /** On the monotonic clock: until when each write of a resource is a conflict. */
  contendedUntil = 0;
  /** On the monotonic clock: until when SageMaker refuses an operation for lack of a permission. */
  readonly deniedUntil = new Map<string, number>();
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
  /** What operators have sent, as in `PATCH a/status` or `DescribeProcessingJob NAME`. */
  readonly requests: string[] = [];
  /** Told of each effect of an operator before and after its arrival. */
  onEffect: (effect: Effect) => void = () => {};
  /** How long after its end an operator is started again; none for never. */
  restartMs: number | undefined = 2_000;
  readonly #random: () => number;
  readonly #wire: Wire;
  readonly #connections = new Map<string, Connection>();
  readonly #sdk: Disposable;
  readonly #log: Disposable;
  readonly #realRandom = Math.random;
  #started = 0;

  /** @param seed of everything that is left to chance */
  /** @param options.elects whether operators elect a leader; one that was killed then keeps the others waiting for 15 s */
  constructor(seed: number, { elects = false }: { elects?: boolean } = {}) {
    super();
    this.#elects = elects;
    this.#random = randomFrom(seed);
    // Backoffs and spreads take it; a run must be repeatable.
    Math.random = this.#random;
    this.#wire = new Wire({
      clock: this.clock,
      random: this.#random,
      faultOf: (call) => {
        this.requests.push(call.what);
        if (call.what.startsWith("PATCH")) this.rules.onWrite(call.what.replace(/^PATCH /, ""));
        return this.#takeFault(call);
      },
      heldFor: (call) => this.pausedUntil[systemOf(call)] - this.clock.monotonic(),
      onEffect: (when, call, sender) => {
        if (when === "before") {
          if (!call.what.endsWith(LEASE_NAME)) this.note(`  ${(sender as OperatorProcess).id} ${call.what}`);
        }
        this.onEffect({ what: call.what, when, sender: sender as OperatorProcess });
      },
    });
    this.#log = watchLog((rule) => this.rules.broken(rule));
    this.#sdk = replaceSdk((call) => this.#callSageMaker(call), (caller) => {
      if (caller === OWN_ACCOUNT) return;
      throw serviceError("AccessDenied", `The account ${caller} is not authorized to perform: sts:AssumeRole`, 403);
    });
  }

  [Symbol.dispose](): void {
    for (const operator of this.operators) operator.kill();
    this.#sdk[Symbol.dispose]();
    this.#log[Symbol.dispose]();
    Math.random = this.#realRandom;
  }

  get liveOperators(): OperatorProcess[] {
    return this.operators.filter((operator) => operator.isAlive);
  }

  startOperator(): OperatorProcess {
    const id = `operator-${++this.#started}`;
    this.note(`${id} starts`);
    // It looks at what it finds.
    this.rules.budgets.step();
    const operator = new OperatorProcess(id, {
      clock: this.clock,
      elects: this.#elects,
      allowedEndpoints: this.isEndpointAllowed ? [ENDPOINT] : [],
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
          onDelivered: (object) => this.rules.onDelivered(id, object),
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

  /** Another holds the operators' lease from now on; it runs out unless that renews it. */
  takeLease(): void {
    const renewTime = new Date(this.clock.now()).toISOString().replace("Z", "000Z");
    const spec = { holderIdentity: "another", leaseDurationSeconds: 15, acquireTime: renewTime, renewTime };
    this.asUser("PATCH", LEASE, { spec });
  }

  /** Ends everything that harms. */
  endFaults(): void {
    this.faults = [];
    this.unresolvedUntil = 0;
    this.contendedUntil = 0;
    this.deniedUntil.clear();
    this.useAccount(OWN_ACCOUNT);
    this.isEndpointAllowed = true;
    for (const operator of this.liveOperators) if (operator.allowedEndpoints.length === 0) this.kill(operator);
    Object.assign(this.pausedUntil, { apiserver: 0, sagemaker: 0, events: 0 });
    this.onEffect = () => {};
    this.fate = () => undefined;
    this.onLine = () => {};
    this.listedVersion = undefined;
    this.staleMs = 0;
  }

  /**
   * DeleteProcessingJob, by somebody: only what has ended can be deleted. If that comes before anybody has shown the job, or
   * overtakes calls that are given up or another operator's and still on their way, nobody can know that there ever was one.
   */
  deleteRecord(job: StoredJob): void {
    const isOld = this.phaseOf(job).at + DEADLINE_MS <= this.serviceNow();
    if (this.isRunning(job) || !this.rules.hasBeenShown(job.name)) return;
    if (this.#wire.lateOnTheWay > 0 || (this.liveOperators.length > 1 && !isOld)) return;
    this.note(`  SageMaker: the record of ${job.name} is deleted`);
    this.serviceOf(job).table(job.region).delete(job);
    this.rules.onRecordDeleted(job.name);
  }

  #callSageMaker({ caller, operation, input, region, account, isCustomEndpoint, signal }: SdkCall): Promise<unknown> {
    const sender = this.operators.find(({ id }) => id === caller)!;
    const job = String(input.ProcessingJobName ?? "");
    this.rules.onCall({ sender: caller, operation, job, account });
    // What answers there has one account, and takes any role.
    const asked = isCustomEndpoint ? undefined : account;
    return this.#wire.send<unknown>({
      what: `${operation} ${job}`.trimEnd(),
      isEffect: !READS.test(operation),
      apply: ({ stale }) => this.#perform({ operation, region, request: input }, asked, stale),
      refuse: (fault) => {
        if (fault === "throttled") throw serviceError("ThrottlingException", "Rate exceeded");
        if (fault === "denied") throw serviceError("AccessDeniedException", `not authorized to perform: ${operation}`);
        throw serviceError("InternalFailure", "An internal error occurred", 500);
      },
      reset: (fault) => fault === "reset" ? networkError() : networkError("ENOTFOUND", `api.sagemaker.${region}.test`),
      signal,
    }, sender);
  }

  #perform(
    call: { operation: string; region: string; request: Record<string, unknown> },
    account: string | undefined,
    stale: boolean,
  ): unknown {
    if (call.operation === "GetCallerIdentity") return {};
    const service = this.accounts.service(account ?? OWN_ACCOUNT);
    const known = service.created.length;
    const { RoleArn } = call.request;
    try {
      if (call.operation === "CreateProcessingJob" && account !== (account && accountOfArn(String(RoleArn)))) {
        throw new ServiceError("AccessDeniedException", "Cross-account pass role is not allowed", 403);
      }
      const answer = perform(service, call, stale ? Math.floor(this.#random() * STALE_MS) : this.staleMs);
      const $metadata = { date: new Date(service.now()).toUTCString() };
      return { ...withDates(answer ?? {}) as object, $metadata };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      throw serviceError(error.code, error.message, error.status);
    } finally {
      if (service.created.length > known) this.rules.onCreated(service.created.at(-1)!.name);
    }
  }

  #takeFault(call: Call<unknown>): Fault | undefined {
    const fate = this.fate(call);
    if (fate !== undefined) return fate;
    const system = systemOf(call);
    const now = this.clock.monotonic();
    if (now < this.contendedUntil && call.what.startsWith("PATCH") && !call.what.endsWith(LEASE_NAME)) {
      return "conflict";
    }
    if (system === "sagemaker") {
      if (now < this.unresolvedUntil) return "unresolved";
      if (now < (this.deniedUntil.get(call.what.split(" ")[0]!) ?? 0)) return "denied";
    }
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
