import { FINAL_JOB_STATUSES } from "../api/job.ts";
import { jobName } from "../api/job_name.ts";
import type { ProcessingJob } from "../api/processing_job.ts";

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

/** Reads a resource. A controller that wrote no job name is taken to have kept to the rule that makes it. */
export function viewOf({ metadata, spec, status = {} }: ProcessingJob): JobView {
  const word = status.processingJobStatus ?? "SynchronizingK8sJobWithSageMaker";
  const text = status.failureReason ?? status.additional ?? status.exitMessage;
  const at = Date.parse(status.processingEndTime ?? status.lastCheckTime ?? "");
  const { instanceCount, instancePreferences = [] } = spec.processingResources.clusterConfig;
  const hosts = Math.max(1, instanceCount ?? 1, ...instancePreferences.map((each) => each.instanceCount ?? 1));
  return {
    jobName: status.sageMakerProcessingJobName ?? jobName(metadata.name, metadata.uid),
    region: spec.region,
    hosts,
    createdAt: Date.parse(metadata.creationTimestamp),
    word,
    ...(text && { text }),
    isCreated: EXISTING.includes(word) || status.processingJobArn !== undefined,
    ...(ENDED.includes(word) && { end: { outcome: word as JobEnd["outcome"], ...(at && { at }) } }),
  };
}
