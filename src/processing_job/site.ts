/**
 * Where a resource's job is: at which endpoint, and in whose name SageMaker is asked there. The status keeps it, since a Namespace's
 * annotations and the operator's flags may change, or be unknown, while the job runs.
 */
import { accountIn } from "../api/arn.ts";
import type { Account, Failure, JobRef } from "../api/job.ts";
import type { JobSite } from "../api/processing_job.ts";
import { type NamespacePolicy, namespaceUnknown } from "./namespace_policy.ts";

/** Endpoints are put right by people, and roll-outs of flags take minutes. */
const AGAIN_MS = 60_000;

/** Where calls for resources go that name no endpoint: what the operator was started with. */
export interface OperatorPlace {
  /** Absent for AWS's own. */
  endpoint?: string | undefined;
  /** Whether an endpoint is AWS's. */
  isAws: (endpoint: string) => boolean;
}

/** What a status keeps of the place that calls for `ref` go to. */
export function siteOf({ account, endpoint }: JobRef, operator: OperatorPlace): JobSite {
  return {
    ...(account && { assumedRoleArn: account.roleArn }),
    ...(account?.externalId !== undefined && { externalId: account.externalId }),
    // An endpoint of the spec stays as it is.
    ...(endpoint === undefined && operator.endpoint !== undefined && { endpoint: operator.endpoint }),
  };
}

/**
 * In whose name the job is asked for that was created at `site`; without one, as in the statuses of earlier versions, in the name that
 * the Namespace says now. Another role of the same account takes the place of the one that the job was created with. Nothing is asked
 * anywhere else.
 *
 * @returns the account, absent for the operator's own; or why the job can't be asked for
 */
export function accountAt(
  site: JobSite | undefined,
  policy: NamespacePolicy,
): { account: Account | undefined } | { failure: Failure } {
  if (site === undefined) {
    return policy.unknown === undefined ? { account: policy.account } : { failure: namespaceUnknown(policy.unknown) };
  }
  const { assumedRoleArn: roleArn, externalId } = site;
  const number = roleArn === undefined ? site.account : accountIn(roleArn);
  const isSame = policy.account !== undefined && number !== undefined && accountIn(policy.account.roleArn) === number;
  if (isSame) return { account: policy.account };
  return { account: roleArn === undefined ? undefined : { roleArn, ...(externalId !== undefined && { externalId }) } };
}

/** Why the job of a resource that names no endpoint can't be asked for: its calls go elsewhere than when it was created. */
export function endpointProblem(site: JobSite | undefined, operator: OperatorPlace): Failure | undefined {
  if (site === undefined || site.endpoint === operator.endpoint) return undefined;
  const isAws = (endpoint: string | undefined) => endpoint === undefined || operator.isAws(endpoint);
  if (isAws(site.endpoint) && isAws(operator.endpoint)) return undefined;
  const text = (endpoint: string | undefined) => endpoint === undefined ? "AWS's own endpoint" : `'${endpoint}'`;
  const message = `The processing job was created at ${text(site.endpoint)}, and the operator now calls ` +
    `${text(operator.endpoint)}, so it is not asked for there. Start the operator with the endpoint that it had ` +
    "(--endpoint-url), or delete the resource";
  return { retry: "person", reason: "WrongEndpoint", code: "WrongEndpoint", message, retryMs: AGAIN_MS };
}
