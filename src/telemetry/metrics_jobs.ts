import { findCondition } from "../api/conditions.ts";
import { FINAL_JOB_STATUSES, type Job, REASONS, STANDINGS } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus, ProcessingJobStatusWord } from "../api/processing_job.ts";
import { billableInstanceSeconds } from "../processing_job/billable.ts";
import { causeOf } from "../processing_job/retry_policy.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Counter, Histogram, Registry } from "./metrics_registry.ts";

const WORDS: readonly ProcessingJobStatusWord[] = [
  "SynchronizingK8sJobWithSageMaker",
  "Reconciling",
  "InProgress",
  "Completed",
  "Failed",
  "Stopping",
  "Stopped",
  "Error",
];
/** What SageMaker begins a failure reason with. */
const FAILURE_CLASSES = ["AlgorithmError", "CapacityError", "ClientError", "InternalServerError"];
const FAILURES = [
  ...FAILURE_CLASSES,
  "JobFailed",
  "StoppedOutsideOperator",
  ...REASONS.filter((reason) => !(STANDINGS as readonly string[]).includes(reason)),
];
/** How long the series of a namespace stays after its last resource, so that scrapes still see its last value. */
const KEEP_SERIES_MS = 8 * 60_000;
const CREATE_SECONDS = [0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600];
const JOB_SECONDS = [10, 60, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400, 432_000];

/** What becomes of the resources and their jobs. */
export class JobMetrics {
  readonly #clock: Clock;
  /** By key, the word that its resource is counted under. */
  readonly #words = new Map<string, ProcessingJobStatusWord>();
  readonly #counts = new Map<ProcessingJobStatusWord, number>(WORDS.map((word) => [word, 0]));
  /** By namespace, how many resources there are. */
  readonly #namespaces = new Map<string, number>();
  /** Namespaces with a series and no resource: since when, on the monotonic clock. */
  readonly #emptySince = new Map<string, number>();
  readonly #createSeconds: Histogram;
  readonly #jobSeconds: Histogram;
  readonly #failures: Counter<"reason">;
  readonly #billableSeconds: Counter<"namespace">;

  constructor(registry: Registry, clock: Clock) {
    this.#clock = clock;
    registry.read("gauge", "sagemaker_operator_jobs", "ProcessingJob resources by their status", () => {
      return [...this.#counts].map(([status, value]) => ({ labels: { status }, value }));
    });
    this.#createSeconds = registry.histogram(
      "sagemaker_operator_create_latency_seconds",
      "From the creation of a resource, whose time Kubernetes cuts to the second, to that of its job",
      { bounds: CREATE_SECONDS, initial: [{}] },
    );
    this.#jobSeconds = registry.histogram(
      "sagemaker_operator_job_duration_seconds",
      "From the start of a job's containers to its end",
      { bounds: JOB_SECONDS, initial: [{}] },
    );
    this.#failures = registry.counter(
      "sagemaker_operator_job_failures_total",
      "Resources that ended without success: what the job's failure reason begins with, or the reason of the condition Ready",
      FAILURES.map((reason) => ({ reason })),
    );
    this.#billableSeconds = registry.counter(
      "sagemaker_operator_billable_instance_seconds_total",
      "Instances times seconds of the jobs that have ended",
    );
  }

  /** How many keys, namespaces and series of namespaces there are. */
  get size(): number {
    return this.#words.size + this.#namespaces.size + this.#emptySince.size +
      [...this.#billableSeconds.samples()].length;
  }

  /** Ends the series of namespaces that have had no resource for a while. */
  dropIdle(): void {
    const before = this.#clock.monotonic() - KEEP_SERIES_MS;
    for (const [namespace, since] of this.#emptySince) {
      if (since > before) continue;
      this.#emptySince.delete(namespace);
      if (!this.#namespaces.has(namespace)) this.#billableSeconds.delete({ namespace });
    }
  }

  /** The resource under `key` is there, has changed, or is gone (`undefined`). */
  resourceChanged(key: string, resource: ProcessingJob | undefined): void {
    const before = this.#words.get(key);
    const word = resource && wordOf(resource.status);
    if (before === word) return;
    if (before) this.#counts.set(before, this.#counts.get(before)! - 1);
    if (word) this.#counts.set(word, this.#counts.get(word)! + 1);
    if (word) this.#words.set(key, word);
    else this.#words.delete(key);
    if (!before || !word) this.#countIn(key.slice(0, key.indexOf("/")), word ? 1 : -1);
  }

  /** A job was created for the resource just now. */
  created({ metadata, status }: ProcessingJob): void {
    // How long a later attempt waited, or a suspended one, is not our doing.
    const isFirst = status?.attemptCount === undefined && !findCondition(status?.conditions, "Suspended");
    if (isFirst) this.#createSeconds.observe({}, (this.#clock.now() - Date.parse(metadata.creationTimestamp)) / 1000);
    this.#addBillable(metadata.namespace, 0);
  }

  /** The status `after` was written to `resource`, which had another. */
  statusWritten({ metadata, status: before }: ProcessingJob, after: ProcessingJobStatus): void {
    const failure = failureOf(after);
    if (failure !== undefined && before?.processingJobStatus !== after.processingJobStatus) {
      this.#failures.inc({ reason: failure });
    }
    if (isOfAnother(before)) return;
    if (hasTimes(after) && !hasTimes(before)) {
      const { processingStartTime: start = "", processingEndTime: end = "" } = after;
      this.#observeSeconds(Date.parse(start), Date.parse(end));
    }
    // By the difference, so that what a status has said already is not counted again, whoever wrote it.
    const billable = (after.billableInstanceSeconds ?? 0) - (before?.billableInstanceSeconds ?? 0);
    if (billable > 0) this.#addBillable(metadata.namespace, billable);
  }

  /** A deleted resource was let go, after its job was seen as `job`. */
  released({ metadata, spec, status }: ProcessingJob, job: Job | undefined): void {
    if (hasEnded(status) || job?.startTime === undefined || job.endTime === undefined) return;
    this.#observeSeconds(job.startTime, job.endTime);
    this.#addBillable(metadata.namespace, billableInstanceSeconds(job, spec) ?? 0);
  }

  #countIn(namespace: string, change: number): void {
    const count = (this.#namespaces.get(namespace) ?? 0) + change;
    if (count > 0) this.#namespaces.set(namespace, count);
    else this.#namespaces.delete(namespace);
    if (count === 0) this.#emptySince.set(namespace, this.#clock.monotonic());
  }

  #addBillable(namespace: string, seconds: number): void {
    this.#billableSeconds.inc({ namespace }, seconds);
    // Its last resource may be gone by the time its end is counted.
    if (!this.#namespaces.has(namespace)) this.#emptySince.set(namespace, this.#clock.monotonic());
  }

  /** Times are milliseconds since the epoch. */
  #observeSeconds(startTime: number, endTime: number): void {
    this.#jobSeconds.observe({}, Math.max(0, endTime - startTime) / 1000);
  }
}

/** What somebody else wrote counts as not looked at. */
function wordOf(status: ProcessingJobStatus | undefined): ProcessingJobStatusWord {
  return WORDS.find((word) => word === status?.processingJobStatus) ?? "SynchronizingK8sJobWithSageMaker";
}

/** One of `FAILURES`, or nothing for a status that is no failure or not the last word. */
function failureOf(status: ProcessingJobStatus): string | undefined {
  const { processingJobStatus: word, failureReason, conditions } = status;
  if (word !== "Failed" && word !== "Error" && word !== "Stopped") return undefined;
  const cause = causeOf({ status: word, ...(failureReason !== undefined && { failureReason }) });
  const jobClass = FAILURE_CLASSES.find((name) =>
    word === "Failed" && (name === cause || cause === undefined && failureReason?.startsWith(name))
  );
  const reason = jobClass ?? findCondition(conditions, "Ready")?.reason ?? "UnknownError";
  return FAILURES.includes(reason) ? reason : undefined;
}

function hasEnded(status: ProcessingJobStatus | undefined): boolean {
  return FINAL_JOB_STATUSES.includes(status?.processingJobStatus ?? "");
}

/** The start of a job may become known later than its end. */
function hasTimes(status: ProcessingJobStatus | undefined): boolean {
  return hasEnded(status) && status?.processingStartTime !== undefined && status.processingEndTime !== undefined;
}

/** The job had ended under the controller before this one, which wrote no times. */
function isOfAnother(status: ProcessingJobStatus | undefined): boolean {
  return hasEnded(status) && status?.observedGeneration === undefined;
}
