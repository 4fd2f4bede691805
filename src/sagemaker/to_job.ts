import type { DescribeProcessingJobCommandOutput, ProcessingJobSummary } from "@aws-sdk/client-sagemaker";
import type { Job } from "../api/job.ts";
import { causeOfFailure } from "../api/retry_cause.ts";
import { cutText } from "../api/text.ts";
import { type Environment, textWithout } from "./hidden.ts";

/** SageMaker's model has 1,024 characters for each text, of up to 4 bytes. An endpoint that is not AWS's may answer more. */
const MOST_BYTES = 4_096;

/**
 * What SageMaker itself puts before a job's reason to fail. It is never hidden: retry policies go by it.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html
 */
const CODE = /^(?:[A-Z][A-Za-z]*(?:Error|Exception|Fault|Failure))\b(?:: )?/;
const SHOWN_LATER = "(shown once SageMaker has described the job)";

/** The job of that name as a Describe shows it. Its texts hold no value of its environment. */
export function toJob(name: string, answer: DescribeProcessingJobCommandOutput): Job {
  const environment = answer.Environment ?? {};
  return withoutUndefined({
    ...common(answer),
    failureReason: bounded(reasonWithout(environment, answer.FailureReason)),
    exitMessage: bounded(answer.ExitMessage && textWithout(environment, answer.ExitMessage)),
    name: answer.ProcessingJobName ?? name,
    startTime: answer.ProcessingStartTime?.getTime(),
    selectedInstanceType: answer.ProcessingResources?.ClusterConfig?.SelectedInstanceType,
    selectedInstanceCount: answer.ProcessingResources?.ClusterConfig?.SelectedInstanceCount,
  });
}

/**
 * A job as a list shows it. A list has no environment, so which values to leave out of what the job's code may have written isn't known:
 * of the reason only SageMaker's own part is kept, and no exit message.
 */
export function toSummary(answer: ProcessingJobSummary): Job {
  const { ProcessingJobName: name = "", FailureReason: reason, ExitMessage: exitMessage } = answer;
  const shown = ownPart(reason);
  const hasMoreText = shown !== reason || exitMessage ? true : undefined;
  return withoutUndefined({ ...common(answer), name, failureReason: bounded(shown), isSummary: true, hasMoreText });
}

function reasonWithout(environment: Environment, reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const [code = ""] = CODE.exec(reason) ?? [];
  return code + textWithout(environment, reason.slice(code.length));
}

function ownPart(reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const cause = causeOfFailure(reason);
  if (cause !== undefined && cause !== "AlgorithmError") return reason;
  const [code = ""] = CODE.exec(reason) ?? [];
  return code.endsWith(": ") || code === "" ? code + SHOWN_LATER : code;
}

function common(answer: DescribeProcessingJobCommandOutput | ProcessingJobSummary) {
  return {
    arn: answer.ProcessingJobArn ?? "",
    status: answer.ProcessingJobStatus ?? "",
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
