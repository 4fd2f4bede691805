import type { DescribeProcessingJobCommandOutput, ProcessingJobSummary } from "@aws-sdk/client-sagemaker";
import type { Job } from "../api/job.ts";

/** The job of that name as a Describe shows it. */
export function toJob(name: string, answer: DescribeProcessingJobCommandOutput): Job {
  return withoutUndefined({
    ...common(answer),
    name: answer.ProcessingJobName ?? name,
    startTime: answer.ProcessingStartTime?.getTime(),
    selectedInstanceType: answer.ProcessingResources?.ClusterConfig?.SelectedInstanceType,
    selectedInstanceCount: answer.ProcessingResources?.ClusterConfig?.SelectedInstanceCount,
  });
}

/** A job as a list shows it. */
export function toSummary(answer: ProcessingJobSummary): Job {
  return withoutUndefined({ ...common(answer), name: answer.ProcessingJobName ?? "", isSummary: true });
}

function common(answer: DescribeProcessingJobCommandOutput | ProcessingJobSummary) {
  return {
    arn: answer.ProcessingJobArn ?? "",
    status: answer.ProcessingJobStatus ?? "",
    failureReason: answer.FailureReason,
    exitMessage: answer.ExitMessage,
    creationTime: answer.CreationTime?.getTime(),
    endTime: answer.ProcessingEndTime?.getTime(),
    lastModifiedTime: answer.LastModifiedTime?.getTime(),
  };
}

function withoutUndefined(job: { [Name in keyof Job]: Job[Name] | undefined }): Job {
  return Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined)) as unknown as Job;
}
