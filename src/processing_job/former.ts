/**
 * Resources that the Go operator before this one has left finished. What it wrote came from SageMaker, so it is the last word: also
 * where the job's record is gone or can't be read. A look only adds what a record still tells.
 */
import { FINAL_JOB_STATUSES } from "../api/job.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { type Action, type Context, settle } from "./action.ts";
import { nextAfter } from "./retry.ts";
import { refreshed, statusOf, viewOfJob } from "./status.ts";
import { afterEnd } from "./ttl.ts";

/** The Go operator wrote that the job has ended. It wrote no `observedGeneration`. */
export function isFormerEnd(status: ProcessingJobStatus | undefined): boolean {
  return status !== undefined && status.observedGeneration === undefined &&
    FINAL_JOB_STATUSES.includes(status.processingJobStatus ?? "");
}

/** The next step for such a resource. After it, the status is one of this operator's. */
export function decideFormerEnd(context: Context): Action {
  const { resource: { status }, observed: { sighting, failure, isOwn, hasLooked } } = context;
  const kept = formerEnd(context);
  const keep = { do: "settle", status: kept, follow: false, next: afterEnd(context) } as const;
  if (failure?.retry === "soon" || failure?.retry === "slowly") {
    // Without a generation it is still the Go operator's, and is looked at again.
    const { observedGeneration: _, ...rest } = kept;
    return { ...keep, status: rest, next: nextAfter(failure) };
  }
  const job = sighting?.job;
  if (failure || isOwn === false) return keep;
  if (!hasLooked && !sighting?.absent && (job === undefined || job.isSummary)) return { do: "look" };
  if (job?.status !== status?.processingJobStatus) return keep;
  if (isOwn === undefined) return { do: "verify" };
  return settle(context, { ...viewOfJob(job!), suspended: false }, false, afterEnd(context));
}

/** The status as the Go operator left it, and the conditions that follow from it. */
export function formerEnd({ resource, names, now }: Context): ProcessingJobStatus {
  const { processingJobStatus: word = "", additional, failureReason = additional } = resource.status ?? {};
  const isFailure = word === "Failed" && failureReason;
  const ended = viewOfJob({ name: "", arn: "", status: word, ...(isFailure && { failureReason }) });
  const { job: _, ...view } = ended;
  const { conditions } = statusOf(resource, { ...view, ...names, suspended: false }, now);
  return {
    ...refreshed(resource),
    ...(isFailure && { failureReason }),
    // Whether SageMaker has the record is not known.
    conditions: conditions?.filter(({ type }) => type !== "Created") ?? [],
  };
}
