import type { Job } from "../api/job.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";

/**
 * What a job has cost: its instances times the seconds from its start to its end, each second that began counting whole.
 * `undefined` if it has not ended or never started, or while it isn't known when it started.
 */
export function billableInstanceSeconds(job: Job, spec: ProcessingJobSpec): number | undefined {
  const { startTime, endTime } = job;
  if (startTime === undefined || endTime === undefined) return undefined;
  return instancesOf(job, spec) * Math.ceil(Math.max(0, endTime - startTime) / 1000);
}

/** SageMaker names a number only where it had a choice, and each of a list of preferred types may come with one of its own. */
function instancesOf({ selectedInstanceType, selectedInstanceCount }: Job, { processingResources }: ProcessingJobSpec) {
  const { instanceCount = 1, instancePreferences } = processingResources.clusterConfig;
  const preferred = instancePreferences?.find(({ instanceType }) => instanceType === selectedInstanceType);
  return selectedInstanceCount ?? preferred?.instanceCount ?? instanceCount;
}
