import type { Job } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Outcome } from "../runtime/controller.ts";
import type { EndedCall } from "../sagemaker/client.ts";
import { CallMetrics } from "./metrics_calls.ts";
import { JobMetrics } from "./metrics_jobs.ts";
import { addProcessMetrics } from "./metrics_process.ts";
import { QueueMetrics } from "./metrics_queue.ts";
import { type Counter, type Histogram, Registry } from "./metrics_registry.ts";

/** As controller-runtime names the controller of this kind. */
const CONTROLLER = "processingjob";
const RECONCILE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Every outcome by the result that controller-runtime counts it under. */
const RESULTS: Record<Outcome, string> = {
  success: "success",
  requeue: "requeue",
  requeue_after: "requeue_after",
  error: "error",
  terminal: "error",
};

export interface OperatorMetricsOptions {
  clock: Clock;
  /** Of the operator. */
  version: string;
  /** Name of the Lease; also where there is but one process, which then always leads. */
  lease: string;
  isLeader: () => boolean;
  /** How many reconciles may run at once. */
  workers: number;
  /** How late the event loop's turns have been lately, in milliseconds. */
  eventLoopLagMs: () => number;
  /** In bytes, if it is known. */
  memoryLimitBytes?: number | undefined;
}

/**
 * All metrics of the operator: one object that its parts tell what happens, and that is asked for the text once in a while.
 * Names that controller-runtime has are controller-runtime's.
 */
export class OperatorMetrics {
  readonly #registry = new Registry();
  readonly #queue: QueueMetrics;
  readonly #calls: CallMetrics;
  readonly #jobs: JobMetrics;
  readonly #reconciles: Counter<"controller" | "result">;
  readonly #errors: Counter<"controller">;
  readonly #terminalErrors: Counter<"controller">;
  readonly #reconcileSeconds: Histogram<"controller">;
  #oldestLookMs: (() => number | undefined) | undefined;

  constructor(
    { clock, version, lease, isLeader, workers, eventLoopLagMs, memoryLimitBytes }: OperatorMetricsOptions,
  ) {
    const registry = this.#registry;
    const controller = CONTROLLER;
    registry.read("gauge", "sagemaker_operator_build_info", "Always 1; the labels say what runs", () => {
      return [{ labels: { version, deno: Deno.version.deno }, value: 1 }];
    });
    registry.read("gauge", "leader_election_master_status", "1 if this process leads, 0 if it stands by", () => {
      return [{ labels: { name: lease }, value: isLeader() ? 1 : 0 }];
    });
    this.#jobs = new JobMetrics(registry, clock);
    registry.read(
      "gauge",
      "sagemaker_operator_oldest_look_seconds",
      "How old what is known of the running jobs is at most; 0 if none is followed",
      () => (this.#oldestLookMs?.() ?? 0) / 1000,
    );
    this.#calls = new CallMetrics(registry);
    this.#reconciles = registry.counter(
      "controller_runtime_reconcile_total",
      "Reconciles by how they ended",
      [...new Set(Object.values(RESULTS))].map((result) => ({ controller, result })),
    );
    const initial = [{ controller }];
    this.#errors = registry.counter("controller_runtime_reconcile_errors_total", "Reconciles that failed", initial);
    this.#terminalErrors = registry.counter(
      "controller_runtime_terminal_reconcile_errors_total",
      "Reconciles that failed and are not tried again",
      initial,
    );
    this.#reconcileSeconds = registry.histogram(
      "controller_runtime_reconcile_time_seconds",
      "How long reconciles took",
      {
        bounds: RECONCILE_SECONDS,
        initial,
      },
    );
    registry.read("gauge", "controller_runtime_max_concurrent_reconciles", "Reconciles that may run at once", () => {
      return [{ labels: { controller }, value: workers }];
    });
    this.#queue = new QueueMetrics(registry, { clock, controller });
    registry.read(
      "gauge",
      "nodejs_eventloop_lag_seconds",
      "The latest turn of the event loop in the last minute",
      () => {
        return eventLoopLagMs() / 1000;
      },
    );
    addProcessMetrics(registry, clock, memoryLimitBytes);
  }

  /** How much is kept by keys and namespaces. */
  get size(): number {
    return this.#jobs.size + this.#queue.size;
  }

  /** Ends the series of namespaces that have had no resource for a while. */
  dropIdle(): void {
    this.#jobs.dropIdle();
  }

  /** A reconcile has ended. */
  readonly onResult = (outcome: Outcome, seconds: number): void => {
    const controller = CONTROLLER;
    this.#reconciles.inc({ controller, result: RESULTS[outcome] });
    if (RESULTS[outcome] === "error") this.#errors.inc({ controller });
    if (outcome === "terminal") this.#terminalErrors.inc({ controller });
    this.#reconcileSeconds.observe({ controller }, seconds);
  };

  /** A call of SageMaker has ended. */
  readonly onCall = (call: EndedCall): void => this.#calls.ended(call);

  /** A job was created for the resource just now. */
  readonly onCreate = (resource: ProcessingJob): void => this.#jobs.created(resource);

  /** The status was written to the resource, which had another. */
  readonly onStatus = (resource: ProcessingJob, status: ProcessingJobStatus): void => {
    this.#jobs.statusWritten(resource, status);
  };

  /** A deleted resource was let go, after its job was seen so. */
  readonly onRelease = (resource: ProcessingJob, job: Job | undefined): void => this.#jobs.released(resource, job);

  /** The resource under `key` is there, has changed, or is gone (`undefined`). */
  resourceChanged(key: string, resource: ProcessingJob | undefined): void {
    this.#jobs.resourceChanged(key, resource);
  }

  /**
   * This process works from now on, until the answer is disposed of; its work queue is to tell `queue` what it does.
   *
   * @param oldestLookMs how old the oldest look at a job that is followed is; `undefined` if none is followed
   */
  startWork({ oldestLookMs }: { oldestLookMs: () => number | undefined }): { queue: QueueMetrics } & Disposable {
    this.#oldestLookMs = oldestLookMs;
    return {
      queue: this.#queue,
      [Symbol.dispose]: () => {
        this.#oldestLookMs = undefined;
        this.#queue.reset();
      },
    };
  }

  /** All of it, in Prometheus's text format. */
  expose(): string {
    return this.#registry.expose();
  }
}
