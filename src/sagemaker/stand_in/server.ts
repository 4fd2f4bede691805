import { getLogger } from "@logtape/logtape";
import type { JobStatus } from "../../api/job.ts";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { ADMIN_PREFIX, answerAdmin, notFound } from "./admin.ts";
import { errorAnswer, jsonAnswer, ServiceError } from "./answer.ts";
import { type Call, parseCall, protocolOf } from "./call.ts";
import { type HttpAnswer, type HttpRequest, HttpServer, type Outcome } from "./http.ts";
import { changeCourse, phaseAt, type StoredJob } from "./jobs.ts";
import type { ListMode } from "./list.ts";
import { performLogs } from "./log_operations.ts";
import { perform } from "./operations.ts";
import type { Quotas } from "./quotas.ts";
import { type CreatedJob, SageMakerService } from "./service.ts";
import { callSts, stsErrorAnswer } from "./sts.ts";

const log = getLogger(["operator", "stand-in"]);

export interface StandInOptions {
  /** @default {"127.0.0.1"} */
  host?: string;
  /** 0 picks a free one. @default {0} */
  port?: number;
  /** How long a job runs unless its environment says otherwise, in milliseconds. @default {10_000} */
  jobDuration?: number;
  /** How long a job takes to stop, in milliseconds. @default {2_000} */
  stopDuration?: number;
  /** Told of each call once its answer is decided, before it is sent. */
  onRequest?: (record: CallRecord) => void;
  /** See `StandIn.intercept`. */
  intercept?: Intercept;
  /** Serves what `answerAdmin` says under `/_admin/`. @default {false} */
  admin?: boolean;
  /** What jobs age by. @default {systemClock} */
  clock?: Clock;
  /** When lists are filtered. @default {"late"} */
  lists?: ListMode;
  /** How many old jobs each region has from the start. @default {0} */
  history?: number;
  /** How often each operation may be called. @default without limits */
  quotas?: Quotas;
}

/** A call and how it went. The request may hold environment values: not for logs. */
export interface CallRecord {
  operation: string;
  region: string;
  /** Of the access key that the call was signed with. */
  accessKeyId: string;
  request: Record<string, unknown>;
  /** When it arrived by the service's clock, in milliseconds since the epoch. */
  at: number;
  outcome: number | "reset" | "hang";
  /** The error code of an answer that isn't a success. */
  error?: string;
}

/**
 * Decides what happens to a call instead of the ordinary; undefined leaves it be. May take its time, which delays the call.
 * `errorAnswer` makes errors, `FaultPlan` makes an intercept of rules.
 */
export type Intercept = (
  operation: string,
  request: Record<string, unknown>,
  context: InterceptContext,
) => Outcome | undefined | Promise<Outcome | undefined>;

export interface InterceptContext {
  region: string;
  /** Whose credentials the call was signed with; absent where no request came. */
  accessKeyId?: string;
  /**
   * Does what the call asks for and returns the answer, which may then be lost on purpose. With `staleMs`, a read answers what
   * was so that long ago; a record that was deleted since doesn't come back.
   */
  apply: (options?: { staleMs?: number }) => HttpAnswer;
  /** Aborted when the stand-in closes. */
  signal: AbortSignal;
}

/** A job as it is now. */
export interface JobView extends CreatedJob {
  status: JobStatus;
}

/** A running stand-in for SageMaker's processing jobs, on one address for all regions. Made by `startStandIn`. */
export class StandIn {
  /** May be set at any time, for the calls that arrive from then on. */
  intercept: Intercept | undefined;
  readonly #service: SageMakerService;
  readonly #server: HttpServer;
  readonly #host: string;
  readonly #calls = new Map<string, number>();
  readonly #throttled = new Map<string, number>();
  readonly #onRequest: ((record: CallRecord) => void) | undefined;
  readonly #closing = new AbortController();
  readonly #hasAdmin: boolean;

  /** @throws Deno.errors.AddrInUse and its like if the address can't be had */
  constructor(options: StandInOptions) {
    const { clock = systemClock, jobDuration = 10_000, stopDuration = 2_000, host = "127.0.0.1", port = 0 } = options;
    const { lists, history, quotas } = options;
    this.#service = new SageMakerService({ clock, jobDuration, stopDuration, lists, history, quotas });
    this.#onRequest = options.onRequest;
    this.intercept = options.intercept;
    this.#hasAdmin = options.admin ?? false;
    this.#host = host;
    this.#server = new HttpServer(host, port, (request) => this.#handle(request));
  }

  get url(): string {
    return `http://${this.#host.includes(":") ? `[${this.#host}]` : this.#host}:${this.#server.port}`;
  }

  /** How many calls arrived, by operation; those that `intercept` took are counted too. */
  get calls(): Record<string, number> {
    return Object.fromEntries(this.#calls);
  }

  /** How many of them were answered with ThrottlingException, by operation. */
  get throttled(): Record<string, number> {
    return Object.fromEntries(this.#throttled);
  }

  /** Every job that was ever created, in order, also those whose records have been deleted. */
  get created(): readonly CreatedJob[] {
    return this.#service.created;
  }

  /** The jobs that have a record, as they are now. */
  jobs(): JobView[] {
    const now = this.#service.now();
    return this.#service.all().map((job) => ({
      name: job.name,
      arn: job.arn,
      region: job.region,
      createdAt: job.createdAt,
      request: job.request as unknown as Record<string, unknown>,
      tags: Object.fromEntries(job.tags),
      status: phaseAt(job, now).status,
    }));
  }

  /** How far the service's clock is ahead of ours, in milliseconds; all its times are of that clock. May be set at any time. */
  get clockOffsetMs(): number {
    return this.#service.clockOffsetMs;
  }

  set clockOffsetMs(ms: number) {
    this.#service.clockOffsetMs = ms;
  }

  /** Others in the account have so many more jobs, which run for `durationMs` milliseconds. */
  createForeign(region: string, count: number, durationMs: number): void {
    this.#service.createForeign(region, count, durationMs);
  }

  /**
   * Ends a job now, or changes how it ended.
   *
   * @throws RangeError if there is no job of that name in any region
   */
  finish(name: string, status: JobStatus, failureReason?: string): void {
    const now = this.#service.now();
    changeCourse(this.#find(name), now, { at: now, status, ...(failureReason !== undefined && { failureReason }) });
  }

  /**
   * Takes a job's record away, whatever its status, as if it had never been.
   *
   * @throws RangeError if there is no job of that name in any region
   */
  deleteRecord(name: string): void {
    const job = this.#find(name);
    this.#service.table(job.region).delete(job);
  }

  /** Closes all connections, also those of calls that hang, and frees the port. A second time does nothing. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#server.close();
  }

  #find(name: string): StoredJob {
    const job = this.#service.findAnywhere(name);
    if (!job) throw new RangeError(`Cannot find job '${name}' in any region`);
    return job;
  }

  #handle(request: HttpRequest): Outcome | Promise<Outcome> {
    if (request.path.startsWith(ADMIN_PREFIX)) return this.#hasAdmin ? answerAdmin(this, request) : notFound();
    const requestId = crypto.randomUUID();
    const finish = (answer: HttpAnswer): HttpAnswer => ({
      ...answer,
      headers: { ...answer.headers, "x-amzn-RequestId": requestId, Date: new Date(this.#service.now()).toUTCString() },
    });
    const at = this.#service.now();
    let call: Call;
    try {
      call = parseCall(request);
    } catch (error) {
      log.debug("Refused request", { error: error instanceof ServiceError ? error.code : error });
      return finish(failure(error, protocolOf(request), requestId));
    }
    this.#calls.set(call.operation, (this.#calls.get(call.operation) ?? 0) + 1);
    const conclude = (outcome: Outcome): Outcome => {
      this.#record(call, at, outcome);
      return typeof outcome === "string" ? outcome : finish(outcome);
    };
    const apply = ({ staleMs = 0 } = {}) => this.#apply(call, requestId, staleMs);
    if (!this.intercept) return conclude(apply());
    return this.#intercepted(this.intercept, call, apply, requestId).then(conclude);
  }

  /** Never throws: what goes wrong is the answer. */
  #apply(call: Call, requestId: string, staleMs: number): HttpAnswer {
    try {
      if (call.protocol === "query") return callSts(call.operation, call.region, requestId);
      const performed = call.service === "Logs" ? performLogs : perform;
      return jsonAnswer(performed(this.#service, call, staleMs));
    } catch (error) {
      return failure(error, call.protocol, requestId);
    }
  }

  async #intercepted(
    intercept: Intercept,
    call: Call,
    apply: InterceptContext["apply"],
    requestId: string,
  ): Promise<Outcome> {
    try {
      const { region, accessKeyId } = call;
      const context = { region, accessKeyId, apply, signal: this.#closing.signal };
      return await intercept(call.operation, call.request, context) ?? apply();
    } catch (error) {
      if (this.#closing.signal.aborted) return "reset";
      return failure(error, call.protocol, requestId);
    }
  }

  #record({ operation, region, accessKeyId, request }: Call, at: number, outcome: Outcome): void {
    const result = typeof outcome === "string" ? outcome : outcome.status;
    const error = typeof outcome === "string" ? undefined : outcome.headers?.["x-amzn-ErrorType"];
    if (error === "ThrottlingException") this.#throttled.set(operation, (this.#throttled.get(operation) ?? 0) + 1);
    log.debug("Answered request", { operation, region, job: request.ProcessingJobName, outcome: result, error });
    const record = { operation, region, accessKeyId, request, at, outcome: result };
    this.#onRequest?.({ ...record, ...(error !== undefined && { error }) });
  }
}

/**
 * Starts a stand-in for SageMaker: the API of processing jobs over AWS JSON 1.1, with jobs that end by themselves.
 *
 * @throws Deno.errors.AddrInUse and its like if the address can't be had
 */
export function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  return new Promise((resolve) => resolve(new StandIn(options)));
}

function failure(error: unknown, protocol: Call["protocol"], requestId: string): HttpAnswer {
  let known: ServiceError;
  if (error instanceof ServiceError) known = error;
  else {
    log.error("Cannot answer request", { error });
    known = new ServiceError("InternalFailure", "The stand-in has a defect: see its log", 500);
  }
  if (protocol === "query") return stsErrorAnswer(known, requestId);
  return errorAnswer(known.code, known.message, known.status);
}
