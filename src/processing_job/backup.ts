/** What of a resource came from a backup, or from the copy of another resource: its status, or all of it. */
import { MARK } from "../api/group.ts";
import { attemptName } from "../api/job_name.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { attemptNumber } from "./attempts.ts";
import { hadJob, provesJob } from "./history.ts";

/**
 * The status speaks of a job of another UID: it was put over this resource. Where the resource has no mark of its own the status
 * must also show that there was a job, as the controller before this one wrote names before there were any.
 */
export function isOfOther(resource: ProcessingJob): boolean {
  const { metadata: { name, uid, annotations }, status } = resource;
  const named = status?.sageMakerProcessingJobName;
  if (named === undefined || named === attemptName(name, uid, attemptNumber(status))) return false;
  return annotations?.[MARK] === uid || hadJob(status);
}

/** The operator has acted for this resource's predecessor, by the mark or the status, and for this one not knowingly. */
export function isRestored(resource: ProcessingJob): boolean {
  const { status } = resource;
  if (isOfOther(resource)) return hadJob(status);
  return isMarkedForOther(resource) && !provesJob(status);
}

/** The mark is another UID's. The finalizer is written together with the mark, so it came from the backup as well. */
export function isMarkedForOther({ metadata: { uid, annotations } }: ProcessingJob): boolean {
  return (annotations?.[MARK] ?? uid) !== uid;
}

/** The resource with nothing but what is known of its own UID's jobs. */
export function ownPart(resource: ProcessingJob): ProcessingJob {
  return isOfOther(resource) || isRestored(resource) ? { ...resource, status: {} } : resource;
}
