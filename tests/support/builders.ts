import { API_VERSION, FINALIZER, KIND } from "../../src/api/group.ts";
import type { Job } from "../../src/api/job.ts";
import type { ProcessingJob, ProcessingJobSpec, ProcessingJobStatus } from "../../src/api/processing_job.ts";

export const UID = "12345678-90ab-cdef-1234-567890abcdef";
export const ARN = "arn:aws:sagemaker:us-west-2:123456789012:processing-job/";

/** The smallest spec that SageMaker takes. */
export const MINIMAL_SPEC: ProcessingJobSpec = {
  region: "us-west-2",
  roleArn: "arn:aws:iam::123456789012:role/sagemaker-execution",
  appSpecification: { imageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/hello-world:latest" },
  processingResources: { clusterConfig: { instanceCount: 1, instanceType: "ml.m5.large", volumeSizeInGB: 5 } },
};

/** A resource as the apiserver gives a fresh one out; `metadata` and `status` are laid over it. */
export function makeProcessingJob(
  options: { metadata?: Partial<ProcessingJob["metadata"]>; spec?: ProcessingJobSpec; status?: ProcessingJobStatus } =
    {},
): ProcessingJob {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: "job",
      namespace: "team-a",
      uid: UID,
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...options.metadata,
    },
    spec: options.spec ?? MINIMAL_SPEC,
    status: options.status ?? { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 },
  };
}

/** The same with the finalizer, and deleted if asked for. */
export function heldProcessingJob(status?: ProcessingJobStatus, deleted = false): ProcessingJob {
  return makeProcessingJob({
    metadata: {
      finalizers: [FINALIZER],
      ...(deleted ? { deletionTimestamp: "2026-01-01T01:00:00Z", generation: 2 } : {}),
    },
    ...(status ? { status } : {}),
  });
}

/** A job as SageMaker describes it. */
export function makeJob(status: string, rest: Partial<Job> = {}): Job {
  const name = "job-1234567890abcdef1234567890abcdef";
  return { name, arn: ARN + name, status, creationTime: Date.parse("2026-01-01T00:00:00Z"), ...rest };
}
