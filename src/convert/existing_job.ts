import { DescribeProcessingJobCommand, ListTagsCommand, type Tag } from "@aws-sdk/client-sagemaker";
import { SageMakerError } from "../api/job.ts";
import { type Clock, deadline } from "../runtime/clock.ts";
import { classify } from "../sagemaker/errors.ts";
import { clientForSingleCalls } from "../sagemaker/single_calls.ts";

export interface ExistingJob {
  name: string;
  region: string;
  /** Absent for AWS's own. */
  endpoint?: string | undefined;
}

const TIMEOUT_MS = 10_000;
/** Tags that AWS itself sets, and those by which this operator knows its jobs: nobody asked for them. */
const NOT_ASKED_FOR = /^(aws:|sagemaker-operator\/)/;

/**
 * What SageMaker says of a job, with the tags that its description lacks; `tagsDenied` says why there are none where they may
 * not be read.
 *
 * @throws {SageMakerError} if SageMaker has no such job, or does not answer
 */
export async function describeExistingJob(
  job: ExistingJob,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ description: Record<string, unknown>; tagsDenied?: string }> {
  const { name, region, endpoint } = job;
  const client = clientForSingleCalls({ region, ...endpoint !== undefined && { endpoint } });
  using limit = deadline(clock, TIMEOUT_MS, signal);
  try {
    const answer = await client.send(new DescribeProcessingJobCommand({ ProcessingJobName: name }), {
      abortSignal: limit.signal,
    }).catch((error) => {
      throw failed("DescribeProcessingJob", job, error);
    });
    const description: Record<string, unknown> = { ...answer };
    try {
      const { Tags = [] } = await client.send(
        new ListTagsCommand({ ResourceArn: answer.ProcessingJobArn, MaxResults: 50 }),
        { abortSignal: limit.signal },
      );
      const tags = asked(Tags);
      return { description: tags.length > 0 ? { ...description, Tags: tags } : description };
    } catch (error) {
      return { description, tagsDenied: failed("ListTags", job, error).message };
    }
  } finally {
    client.destroy();
  }
}

function asked(tags: Tag[]): Tag[] {
  return tags.filter(({ Key = "" }) => !NOT_ASKED_FOR.test(Key));
}

function failed(operation: string, { name, region, endpoint }: ExistingJob, cause: unknown): Error {
  const failure = classify(cause, { operation, region, endpoint });
  if (failure !== "not-found") return new SageMakerError(failure, { cause });
  return new Error(`Cannot find the processing job '${name}' in region '${region}'`, { cause });
}
