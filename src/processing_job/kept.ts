import { FINALIZER, MARK } from "../api/group.ts";
import type { ProcessingJob, ProcessingJobSpec, ProcessingJobStatus } from "../api/processing_job.ts";
import { boundedValue, ownAnnotations } from "./annotations.ts";
import { warningsOf } from "./spec_warnings.ts";

const NO_WARNINGS: readonly string[] = [];
/** Finalizers of more characters together are not kept. Everyone who may write a resource may add some. */
const MOST_OF_FINALIZERS = 1_024;
/** Stands for finalizers that are not kept; no finalizer can have that name. */
const OTHER_FINALIZERS = "…";

/**
 * What is kept in memory of a resource: what some decision may need, which is bounded, however large the resource is. A create, and the
 * check whose a job is, need the whole spec, and get it from the apiserver, with the write or the read that comes before them.
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
      ...(finalizers !== undefined && { finalizers: keptFinalizers(finalizers) }),
      ...(annotations !== undefined && { annotations }),
    },
    // The CRD before this one took resources without a spec.
    ...(spec ? reducedSpec(resource) : { spec }),
    ...(status !== undefined && { status: keptStatus(status) }),
  };
}

/** Whether what is kept of `resource` does not have all its finalizers, which a write of them needs. */
export function lacksFinalizers({ metadata }: ProcessingJob): boolean {
  return metadata.finalizers?.includes(OTHER_FINALIZERS) ?? false;
}

function keptFinalizers(finalizers: string[]): string[] {
  const length = finalizers.reduce((sum, finalizer) => sum + finalizer.length, 0);
  if (length <= MOST_OF_FINALIZERS) return finalizers;
  return [...finalizers.filter((finalizer) => finalizer === FINALIZER), OTHER_FINALIZERS];
}

/** Earlier versions copied whatever was in the annotation. */
function keptStatus(status: ProcessingJobStatus): ProcessingJobStatus {
  const { observedReconcileAt } = status;
  if (observedReconcileAt === undefined) return status;
  return { ...status, observedReconcileAt: boundedValue(observedReconcileAt) };
}

function reducedSpec(resource: ProcessingJob): Pick<ProcessingJob, "spec" | "reduced"> {
  const warnings = warningsOf(resource);
  return { spec: essentials(resource.spec), reduced: { warnings: warnings.length === 0 ? NO_WARNINGS : warnings } };
}

/** Where the job is, what its calls are counted by, and what is done with it. */
function essentials(spec: ProcessingJobSpec): ProcessingJobSpec {
  const { region, sageMakerEndpoint, roleArn, suspend, ttlSecondsAfterFinished, deletionPolicy, retryPolicy } = spec;
  // A resource may have been stored under another schema.
  const { instanceType, instanceCount, instancePreferences, volumeSizeInGB } =
    spec.processingResources?.clusterConfig ??
      {};
  const kept: Partial<ProcessingJobSpec> = {
    region,
    ...(sageMakerEndpoint !== undefined && { sageMakerEndpoint }),
    ...(roleArn !== undefined && { roleArn }),
    processingResources: {
      clusterConfig: {
        ...(instanceType !== undefined && { instanceType }),
        ...(instanceCount !== undefined && { instanceCount }),
        ...(instancePreferences !== undefined && { instancePreferences }),
        ...(volumeSizeInGB !== undefined && { volumeSizeInGB }),
      } as ProcessingJobSpec["processingResources"]["clusterConfig"],
    },
    ...(suspend !== undefined && { suspend }),
    ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
    ...(deletionPolicy !== undefined && { deletionPolicy }),
    ...(retryPolicy !== undefined && { retryPolicy }),
  };
  return kept as ProcessingJobSpec;
}
