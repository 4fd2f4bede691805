import { findCondition } from "../api/conditions.ts";
import { FINAL_JOB_STATUSES } from "../api/job.ts";
import { attemptName, jobName } from "../api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus, ProcessingJobStatusWord } from "../api/processing_job.ts";

/** What who reads the logs of a resource's job needs to know of it. */
export interface JobView {
  jobName: string;
  region: string;
  /** How many hosts write logs. */
  hosts: number;
  /** The resource's creation (milliseconds since the epoch), which the job's is not before. */
  createdAt: number;
  /** The status word, and the operator's text to it. */
  word: string;
  text?: string;
  /** Whether SageMaker has the job, or had. */
  isCreated: boolean;
  /** Set once nothing more will happen. */
  end?: JobEnd;
}

export interface JobEnd {
  /** `Gone` is a resource that was deleted. */
  outcome: "Completed" | "Failed" | "Stopped" | "Error" | "Gone";
  /** Milliseconds since the epoch, where that is known. */
  at?: number;
}

const EXISTING = ["InProgress", "Stopping", ...FINAL_JOB_STATUSES];
const ENDED: readonly string[] = [...FINAL_JOB_STATUSES, "Error"];

/**
 * Reads a resource, for the latest attempt unless `attempt` is another's number. A controller that wrote no job name is taken to
 * have kept to the rule that makes it.
 */
export function viewOf(resource: ProcessingJob, attempt?: number): JobView {
  const { metadata, spec, status = {} } = asOfAttempt(resource, attempt);
  const word = status.processingJobStatus ?? "SynchronizingK8sJobWithSageMaker";
  const text = status.failureReason ?? status.additional ?? status.exitMessage;
  const { instanceCount, instancePreferences = [] } = spec.processingResources.clusterConfig;
  const hosts = Math.max(1, instanceCount ?? 1, ...instancePreferences.map((each) => each.instanceCount ?? 1));
  const end = endOf(status) ?? endByOthers(resource, attempt);
  return {
    jobName: status.sageMakerProcessingJobName ?? jobName(metadata.name, metadata.uid),
    region: spec.region,
    hosts,
    createdAt: Date.parse(metadata.creationTimestamp),
    word,
    ...(text && { text }),
    isCreated: EXISTING.includes(word) || status.processingJobArn !== undefined,
    ...(end && { end }),
  };
}

/** The number of the attempt that a resource is at. */
export function latestAttempt({ status }: ProcessingJob): number {
  return status?.attemptCount ?? 1;
}

function endOf(status: ProcessingJobStatus): JobEnd | undefined {
  const isSuspended = findCondition(status.conditions, "Suspended")?.status === "True";
  const word = status.processingJobStatus ?? "";
  if (!ENDED.includes(word) || isSuspended) return undefined;
  const at = Date.parse(status.processingEndTime ?? status.lastCheckTime ?? "");
  return { outcome: word as JobEnd["outcome"], ...(at && { at }) };
}

/** What the other attempts say of one: it has ended if a later one is there, and will not come if the resource has ended. */
function endByOthers(resource: ProcessingJob, attempt = latestAttempt(resource)): JobEnd | undefined {
  if (attempt < latestAttempt(resource)) return { outcome: "Error" };
  return attempt > latestAttempt(resource) ? endOf(resource.status ?? {}) : undefined;
}

/** The resource as if it had no attempt after that, and had it already. */
function asOfAttempt(resource: ProcessingJob, number: number | undefined): ProcessingJob {
  const { metadata: { name, uid }, status = {} } = resource;
  if (number === undefined || number === latestAttempt(resource)) return resource;
  const attempt = status.attempts?.find((each) => each.number === number);
  return {
    ...resource,
    status: {
      sageMakerProcessingJobName: attempt?.name ?? attemptName(name, uid, number),
      ...(attempt && { processingJobStatus: attempt.status as ProcessingJobStatusWord }),
      ...(attempt?.arn !== undefined && { processingJobArn: attempt.arn }),
      ...(attempt?.message !== undefined && { failureReason: attempt.message }),
      ...(attempt?.endTime !== undefined && { processingEndTime: attempt.endTime }),
    },
  };
}
