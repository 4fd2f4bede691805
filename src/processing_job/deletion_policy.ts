/** `spec.deletionPolicy`: what becomes of the job of a resource that is deleted. */
import type { DeletionPolicy } from "../api/policies.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import type { Action, Context } from "./action.ts";
import { errorReason, provesJob } from "./history.ts";

/** The policy that holds, wherever it was asked for; undefined if nowhere, which is `Stop`. */
export function deletionPolicyOf({ resource: { spec }, observed: { defaults } }: Context): DeletionPolicy | undefined {
  return spec.deletionPolicy ?? defaults?.deletionPolicy;
}

/** The last step of a deletion, once nothing runs: the resource is let go, and under `Delete` the records of its jobs go first. */
export function decideRelease(context: Context): Action {
  const { observed: { areRecordsDeleted, isOwn }, resource: { status } } = context;
  const isOurs = isOwn !== false && errorReason(status) !== "NameConflict";
  const hasRecords = hasRecord(context) || (status?.attempts?.length ?? 0) > 0;
  if (deletionPolicyOf(context) === "Delete" && isOurs && hasRecords && !areRecordsDeleted) {
    return { do: "delete-records" };
  }
  return { do: "release", forced: false };
}

function hasRecord({ observed: { sighting }, resource: { status } }: Context): boolean {
  return sighting?.job !== undefined || provesJob(status);
}

/** `status` with the policy that holds. */
export function withDeletionPolicy(context: Context, status: ProcessingJobStatus): ProcessingJobStatus {
  const policy = deletionPolicyOf(context);
  const { deletionPolicy: _, ...rest } = status;
  return policy === undefined ? rest : { ...rest, deletionPolicy: policy };
}
