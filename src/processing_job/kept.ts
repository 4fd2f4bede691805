import { MARK } from "../api/group.ts";
import { isOfOther } from "./backup.ts";
import type { ProcessingJob, ProcessingJobSpec } from "../api/processing_job.ts";

/** Annotations of other tools can be as large as the rest of the resource. */
const OURS = "sagemaker.aws.amazon.com/";

/**
 * What is kept in memory of a resource: what some decision may still need. A job that is known by its ARN is never created
 * again, so most of the spec has done its work; it stays with the apiserver. The status of a further attempt has no ARN, and comes
 * with the whole spec.
 */
export function kept(resource: ProcessingJob): ProcessingJob {
  const { apiVersion, kind, metadata, spec, status } = resource;
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = metadata;
  const { deletionTimestamp, finalizers } = metadata;
  const annotations = ownAnnotations(metadata.annotations);
  // One copy of the text is enough.
  if (annotations?.[MARK] === uid) annotations[MARK] = uid;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      generation,
      creationTimestamp,
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(finalizers !== undefined && { finalizers }),
      ...(annotations !== undefined && { annotations }),
    },
    // The CRD before this one took resources without a spec.
    spec: spec && isCreated(resource) ? essentials(spec) : spec,
    ...(status !== undefined && { status }),
  };
}

/** The job of this UID is known by its ARN. Where a backup has put another's status here, a job may yet be created. */
function isCreated(resource: ProcessingJob): boolean {
  return resource.status?.processingJobArn !== undefined && !isOfOther(resource);
}

/** The annotations that ask something of the operator; `undefined` for none. */
export function ownAnnotations(annotations: Record<string, string> = {}): Record<string, string> | undefined {
  const own = Object.entries(annotations).filter(([key]) => key.startsWith(OURS));
  return own.length === 0 ? undefined : Object.fromEntries(own);
}

/** Where the job is, what its calls are counted by, and what is done with it. */
function essentials(spec: ProcessingJobSpec): ProcessingJobSpec {
  const { region, sageMakerEndpoint, roleArn, processingResources: { clusterConfig } } = spec;
  const { suspend, ttlSecondsAfterFinished, deletionPolicy, retryPolicy } = spec;
  const { instanceType, instanceCount, instancePreferences } = clusterConfig;
  const kept: Partial<ProcessingJobSpec> = {
    region,
    ...(sageMakerEndpoint !== undefined && { sageMakerEndpoint }),
    ...(roleArn !== undefined && { roleArn }),
    processingResources: {
      clusterConfig: {
        ...(instanceType !== undefined && { instanceType }),
        ...(instanceCount !== undefined && { instanceCount }),
        ...(instancePreferences !== undefined && { instancePreferences }),
      } as ProcessingJobSpec["processingResources"]["clusterConfig"],
    },
    ...(suspend !== undefined && { suspend }),
    ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
    ...(deletionPolicy !== undefined && { deletionPolicy }),
    ...(retryPolicy !== undefined && { retryPolicy }),
  };
  return kept as ProcessingJobSpec;
}
