/** Calls in the name of a role that the operator assumes, as in another account. */
import type { SageMakerClientConfig } from "@aws-sdk/client-sagemaker";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { NAMESPACE_ANNOTATIONS } from "../api/group.ts";
import { type Account, SageMakerError } from "../api/job.ts";
import { isRoleArn } from "../api/role_arn.ts";
import { assumeRoleFailure } from "./errors.ts";

type Credentials = NonNullable<SageMakerClientConfig["credentials"]>;

/** What CloudTrail shows the operator's calls under. */
const SESSION = "sagemaker-operator";

/**
 * Nothing is sent for a role that can't be one; least of all as the operator itself.
 *
 * @throws {SageMakerError} `InvalidNamespaceAnnotation`
 */
export function checkAccount({ roleArn }: Account): void {
  if (isRoleArn(roleArn)) return;
  const message =
    `The Namespace's annotation '${NAMESPACE_ANNOTATIONS.assumeRoleArn}' is '${roleArn}', and must be the ` +
    "ARN of an IAM role, as 'arn:aws:iam::123456789012:role/NAME'";
  throw new SageMakerError({
    retry: "person",
    reason: "InvalidNamespaceAnnotation",
    code: "InvalidNamespaceAnnotation",
    message,
  });
}

/**
 * Credentials of a session of the account's role, from an AssumeRole with the operator's own `credentials`. Each call asks STS
 * anew: the client that it is given to remembers them.
 */
export function assumedRole(
  account: Account,
  { region, credentials, requestHandler }: Required<
    Pick<SageMakerClientConfig, "region" | "credentials" | "requestHandler">
  >,
): Credentials {
  const { roleArn: RoleArn, externalId: ExternalId } = account;
  const assume = fromTemporaryCredentials({
    masterCredentials: credentials,
    params: { RoleArn, RoleSessionName: SESSION, ...(ExternalId !== undefined && { ExternalId }) },
    clientConfig: { region, requestHandler, maxAttempts: 2 },
  });
  return async (...context) => {
    // On their own, so that what is wrong with them isn't taken for a matter of the role.
    if (typeof credentials === "function") await credentials();
    try {
      return await assume(...context);
    } catch (error) {
      throw new SageMakerError(assumeRoleFailure(error, account), { cause: error });
    }
  };
}
