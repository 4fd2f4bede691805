/** Whether SageMaker's word that there is no job is one about the account that the job is in. */
import { accountIn } from "../api/arn.ts";
import { NAMESPACE_ANNOTATIONS } from "../api/group.ts";
import type { Failure } from "../api/job.ts";
import { type Action, type Context, settle } from "./action.ts";
import { provesJob } from "./history.ts";
import { nextAfter } from "./retry.ts";
import { viewOfFailure } from "./status.ts";

/** Credentials are put right by people, and roll-outs of them take minutes. */
const AGAIN_MS = 60_000;

/** Why a look that found no job is not believed: the caller's account is to be asked for, or is not the job's. */
export type Doubt = { do: "identify"; account: string } | { failure: Failure };

/** What keeps absence from being believed; undefined for nothing. */
export function doubtOfAbsence(context: Context): Doubt | undefined {
  const { resource: { status }, observed: { caller, failure } } = context;
  const wanted = jobsAccount(context);
  if (wanted === undefined) return undefined;
  if (caller === undefined) return failure ? { failure } : { do: "identify", account: wanted };
  const where = status?.processingJobArn === undefined
    ? `account '${wanted}', which 'roleArn' belongs to`
    : `account '${wanted}', where the job was created`;
  if (typeof caller !== "string") return { failure: unconfirmed(where, caller) };
  return caller === wanted ? undefined : { failure: wrong(where, wanted, caller) };
}

/** The step that follows from a doubt: it is resolved, or the status tells it and it is looked at again. */
export function stepOf(context: Context, doubt: Doubt): Action {
  if ("do" in doubt) return doubt;
  return settle(context, viewOfFailure(doubt.failure), true, nextAfter(doubt.failure));
}

/**
 * The account that the resource's job is in: its ARN names it. Where there is no ARN it is that of the job's role, since
 * SageMaker takes none of another account; that matters only if a job may exist.
 */
function jobsAccount({ resource: { status }, observed }: Context): string | undefined {
  if (status?.processingJobArn !== undefined) return accountIn(status.processingJobArn);
  const { unsettledAt, inheritedAt, site, roleAccount } = observed;
  const isSent = unsettledAt !== undefined;
  if (roleAccount === undefined || !(provesJob(status) || isSent || inheritedAt !== undefined)) return undefined;
  // Of what this process has sent it is known where, whatever the job's role.
  const sentTo = isSent && inheritedAt === undefined ? accountIn(site?.assumedRoleArn) : undefined;
  return sentTo ?? roleAccount;
}

function wrong(where: string, wanted: string, caller: string): Failure {
  const message =
    `SageMaker does not show this resource's processing job, but the operator asks with credentials of account '${caller}' ` +
    `and the job belongs to ${where}. Give the operator credentials of account '${wanted}', or correct the Namespace's ` +
    `annotation '${NAMESPACE_ANNOTATIONS.assumeRoleArn}'`;
  return { retry: "person", reason: "WrongAccount", code: "WrongAccount", message, retryMs: AGAIN_MS };
}

function unconfirmed(where: string, { message: why }: Failure): Failure {
  const message =
    `SageMaker does not show this resource's processing job, and the operator cannot confirm that its credentials are of ` +
    `${where}: ${why}. Let the operator reach STS; AWS_ENDPOINT_URL_STS can name an endpoint of it`;
  return { retry: "person", reason: "AccountUnconfirmed", code: "AccountUnconfirmed", message, retryMs: AGAIN_MS };
}
