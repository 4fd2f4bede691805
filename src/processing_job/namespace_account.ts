/** In whose name SageMaker is called for a namespace: what its annotations ask for, within what the operator's flags allow. */
import { matchesAny } from "../api/globs.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../api/group.ts";
import type { Account, Failure } from "../api/job.ts";
import { isRoleArn } from "../api/role_arn.ts";

/** What a namespace's annotations, or an earlier status, say of the account. */
export interface AskedAccount {
  account: Account | undefined;
  /** Whether it comes from the status of a job that was created there. */
  isKept?: boolean;
}

/** The UID is read again every five seconds. */
const UID_AGAIN_MS = 10_000;

/** What the operator's flags say of roles that Namespaces ask it to assume. */
export interface AssumedRoles {
  /** `--allowed-assume-role-arns`: globs; empty for none. */
  roleArns: readonly string[];
  /** Whether the annotation `external-id` holds (`--allow-external-id-annotation`). @default false */
  externalIdAnnotation?: boolean;
}

/**
 * The account that calls for `namespace` are made in, where its annotations, or an earlier status, ask for `asked`. What is no ARN of a
 * role stays as it is and is refused where it is used. While the cluster's UID can't be read, jobs are asked for with the external id that
 * they were created with, if it is this namespace's.
 *
 * @param clusterUid tells this cluster from others; undefined where it can't be read
 * @returns why no call may be made, if none may
 */
export function accountFor(
  namespace: string,
  { account: asked, isKept = false }: AskedAccount,
  { roleArns, externalIdAnnotation = false }: AssumedRoles,
  clusterUid: string | undefined,
): { account: Account | undefined } | { failure: Failure } {
  if (asked === undefined || !isRoleArn(asked.roleArn)) return { account: asked };
  const { roleArn, externalId } = asked;
  if (!matchesAny(roleArn, roleArns)) {
    const message =
      `The role '${roleArn}' of the Namespace's annotation '${NAMES.assumeRoleArn}' is not one that the ` +
      "operator's --allowed-assume-role-arns names";
    return { failure: { retry: "person", reason: "RoleNotAllowed", code: "RoleNotAllowed", message } };
  }
  if (externalIdAnnotation && externalId !== undefined) return { account: { roleArn, externalId, namespace } };
  const ending = `/${namespace}`;
  if (clusterUid === undefined && isKept && externalId?.endsWith(ending)) {
    return { account: { roleArn, externalId, namespace } };
  }
  if (clusterUid === undefined) {
    const message =
      `Cannot assume the role '${roleArn}' of the resource's namespace: the operator may not read the UID that its ` +
      "external id begins with; 'sagemaker-operator doctor' says which permission is missing";
    return {
      failure: {
        retry: "person",
        reason: "CredentialsUnavailable",
        code: "NoExternalId",
        message,
        retryMs: UID_AGAIN_MS,
      },
    };
  }
  return { account: { roleArn, externalId: clusterUid + ending, namespace } };
}
