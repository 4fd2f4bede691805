/** What a test knows of each resource: its past, and the jobs that were created for it. */
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES } from "../../src/api/job.ts";
import { attemptName, jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";

/**
 * How long an operator may act on what has just changed, in milliseconds: a reconcile reads the resource, then waits for answers
 * for as long as their deadlines allow.
 */
export const ACTS_WITHIN_MS = 30_000;

/** One resource and its jobs. */
export class Life {
  /** As it is now, or as it was last. */
  resource: ProcessingJob;
  /** By name, the jobs that were created for it, and how often. */
  readonly creates = new Map<string, number>();
  /** By name, when a create was last sent; on the monotonic clock. */
  readonly sentAt = new Map<string, number>();
  /** When its jobs were created; on the monotonic clock. */
  readonly createdAt: number[] = [];
  /** How far statuses have shown the present attempt's job to have come. */
  rank = 0;
  /** How often `suspend` was set: so many attempts more there may be than the policy allows. */
  suspensions = 0;
  /** The user has asked for the deletion. */
  isDeletedByUser = false;
  /** The job of the first attempt's name is another's. */
  isTaken = false;
  /** Its jobs may run on, by the policy that held when it was released. */
  isRetained = false;
  /** Its cluster was lost: whatever it had is nobody's. */
  isLost = false;
  /** It came from a backup of a resource that the operator had acted for. */
  isRestored = false;
  /** Another look or try was asked for, by `reconcile-at`. */
  isAskedAgain = false;
  /** When the resource went; on the monotonic clock. */
  goneAt: number | undefined;
  /** Earlier versions of the resource, and when each was replaced; the latest first. */
  readonly #past: { resource: ProcessingJob; until: number }[] = [];

  constructor(resource: ProcessingJob) {
    this.resource = resource;
  }

  /** The name that its first job has. */
  get name(): string {
    return jobName(this.resource.metadata.name, this.resource.metadata.uid);
  }

  /** The name of the job that its status speaks of. */
  get attempt(): string {
    return attemptOf(this.resource);
  }

  get isGone(): boolean {
    return this.goneAt !== undefined;
  }

  /** @param now on the monotonic clock */
  change(resource: ProcessingJob, now: number): void {
    if (resource.spec.suspend && !this.resource.spec.suspend) this.suspensions++;
    this.#past.unshift({ resource: this.resource, until: now });
    this.resource = resource;
  }

  /** Whether `holds` of the resource now, or did at some time since `since` (on the monotonic clock). */
  wasSince(since: number, holds: (resource: ProcessingJob) => boolean): boolean {
    if (holds(this.resource)) return true;
    for (const { resource, until } of this.#past) {
      if (until < since) return false;
      if (holds(resource)) return true;
    }
    return false;
  }
}

/** The name of the job that the status of a resource speaks of; that of the first where it speaks of another resource's. */
export function attemptOf({ metadata: { name, uid }, status }: ProcessingJob): string {
  const own = attemptName(name, uid, status?.attemptCount ?? 1);
  return (status?.sageMakerProcessingJobName ?? own) === own ? own : jobName(name, uid);
}

/** The status speaks of the job of another resource. */
export function isOfOther(resource: ProcessingJob): boolean {
  const named = resource.status?.sageMakerProcessingJobName;
  return named !== undefined && named !== attemptOf(resource);
}

export function isPaused({ metadata }: ProcessingJob): boolean {
  return metadata.annotations?.[ANNOTATIONS.paused] === "true";
}

export function isForced({ metadata }: ProcessingJob): boolean {
  return metadata.annotations?.[ANNOTATIONS.forceDelete] === "true";
}

export function isDeleting({ metadata }: ProcessingJob): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** The status says that a suspension holds. */
export function isSuspended(status: ProcessingJobStatus | undefined): boolean {
  return findCondition(status?.conditions, "Suspended")?.status === "True";
}

/** The same, and that nothing runs. */
export function isAtRest(status: ProcessingJobStatus | undefined): boolean {
  return isSuspended(status) &&
    ["Stopped", "SynchronizingK8sJobWithSageMaker"].includes(status?.processingJobStatus ?? "");
}

/** The operator, or the controller before it, has said how the job ended, and that there is no other to come. */
export function isOver(status: ProcessingJobStatus | undefined): boolean {
  return FINAL_JOB_STATUSES.includes(status?.processingJobStatus ?? "") && !isSuspended(status);
}

export function readyReason(status: ProcessingJobStatus | undefined): string | undefined {
  return findCondition(status?.conditions, "Ready")?.reason;
}
