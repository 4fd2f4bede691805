import type { DescribeProcessingJobCommandOutput, ProcessingJobSummary } from "@aws-sdk/client-sagemaker";
import type { Job } from "../api/job.ts";
import { cutText } from "../api/text.ts";

/** SageMaker's model has 1,024 characters for each text, of up to 4 bytes. An endpoint that is not AWS's may answer more. */
const MOST_BYTES = 4_096;

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
    failureReason: bounded(answer.FailureReason),
    exitMessage: bounded(answer.ExitMessage),
    creationTime: answer.CreationTime?.getTime(),
    endTime: answer.ProcessingEndTime?.getTime(),
    lastModifiedTime: answer.LastModifiedTime?.getTime(),
  };
}

function bounded(text: string | undefined): string | undefined {
  return text && cutText(text, MOST_BYTES);
}

function withoutUndefined(job: { [Name in keyof Job]: Job[Name] | undefined }): Job {
  return Object.fromEntries(Object.entries(job).filter(([, value]) => value !== undefined)) as unknown as Job;
}
