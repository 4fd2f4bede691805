/** The words of the policies for a job's whole life. */

/** What becomes of a job when its resource is deleted. */
export const DELETION_POLICIES = ["Stop", "Retain", "Delete"] as const;
export type DeletionPolicy = typeof DELETION_POLICIES[number];

/**
 * Why a job ended, as far as another attempt may help; after the exceptions of SageMaker Pipelines' retry policies
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html), under the words that FailureReason begins with.
 */
export const RETRY_CAUSES = [
  "CapacityError",
  "InternalServerError",
  "ServiceFault",
  "ResourceLimit",
  "Stopped",
  "AlgorithmError",
] as const;
export type RetryCause = typeof RETRY_CAUSES[number];

/** What holds for resources that say nothing. */
export interface PolicyDefaults {
  deletionPolicy?: DeletionPolicy | undefined;
  ttlSecondsAfterFinished?: number | undefined;
}
