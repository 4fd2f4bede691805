import type { JobStatus } from "../../api/job.ts";

/** A CreateProcessingJob request, as far as the stand-in looks into it; the rest is kept and given back. */
export interface CreateRequest {
  ProcessingJobName: string;
  ProcessingResources: { ClusterConfig: ClusterConfig };
  StoppingCondition?: { MaxRuntimeInSeconds: number };
  Environment?: Record<string, string>;
  Tags?: Tag[];
}

export interface ClusterConfig {
  InstanceCount?: number;
  InstancePreferences?: { InstanceType: string; InstanceCount?: number }[];
}

export interface Tag {
  Key: string;
  Value: string;
}

/** What a job is from a moment on. Times are milliseconds since the epoch. */
export interface Phase {
  at: number;
  status: JobStatus;
  failureReason?: string;
  exitMessage?: string;
}

/**
 * A job and its whole life, the future included: at each moment the last phase that has begun holds. So nothing has to happen
 * for a job to end, and ten thousand of them cost no timer.
 */
export interface StoredJob {
  /** Counts up over the jobs of a region; unlike the creation time, different for each. */
  sequence: number;
  name: string;
  arn: string;
  region: string;
  createdAt: number;
  /** Without its tags. */
  request: Omit<CreateRequest, "Tags">;
  tags: Map<string, string>;
  /** In order of time; never empty. */
  phases: Phase[];
}

/** The phase that holds at `now`. */
export function phaseAt(job: StoredJob, now: number): Phase {
  for (let index = job.phases.length - 1; index > 0; index--) {
    if (job.phases[index]!.at <= now) return job.phases[index]!;
  }
  return job.phases[0]!;
}

/** Lets what has happened until now stand and replaces what would have come. */
export function changeCourse(job: StoredJob, now: number, ...phases: Phase[]): void {
  job.phases = [...job.phases.filter((phase) => phase.at <= now), ...phases];
}

/** The jobs of one region. */
export class JobTable {
  readonly #byName = new Map<string, StoredJob>();
  readonly #bySequence: StoredJob[] = [];

  get(name: string): StoredJob | undefined {
    return this.#byName.get(name);
  }

  /** In the order of their creation. */
  all(): readonly StoredJob[] {
    return this.#bySequence;
  }

  add(job: StoredJob): void {
    this.#byName.set(job.name, job);
    this.#bySequence.push(job);
  }

  delete(job: StoredJob): void {
    this.#byName.delete(job.name);
    this.#bySequence.splice(partitionPoint(this.#bySequence, (other) => other.sequence < job.sequence), 1);
  }
}

/** The index of the first element that `before` is false for; those that it is true for must all come first. */
export function partitionPoint<T>(sorted: readonly T[], before: (element: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
