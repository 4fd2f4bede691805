/** What follows from a resource's own fields. */
import { GROUP, PLURAL, VERSION } from "../api/group.ts";
import type { JobRef } from "../api/job.ts";
import { attemptName } from "../api/job_name.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { attemptNumber } from "./attempts.ts";
import { oneSpelling } from "../sagemaker/endpoint_url.ts";
import { ownPart } from "./backup.ts";

/** Where the job of `resource` is: that of the attempt that its status speaks of, if it speaks of this resource's jobs. */
export function refOf(resource: ProcessingJob): JobRef {
  const { metadata, spec, status } = ownPart(resource);
  const ref = { region: spec.region, name: attemptName(metadata.name, metadata.uid, attemptNumber(status)) };
  return spec.sageMakerEndpoint === undefined ? ref : { ...ref, endpoint: oneSpelling(spec.sageMakerEndpoint) };
}

/** Its key in stores and queues. */
export function keyOf({ metadata }: ProcessingJob): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** Its path at the apiserver. */
export function pathOf({ metadata }: ProcessingJob): string {
  return `${collectionPath(metadata.namespace)}/${metadata.name}`;
}

/** The path of all resources of a namespace. */
export function collectionPath(namespace: string): string {
  return `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${PLURAL}`;
}

/** What names it in a log. */
export function identity({ metadata }: ProcessingJob): { namespace: string; name: string } {
  return { namespace: metadata.namespace, name: metadata.name };
}
