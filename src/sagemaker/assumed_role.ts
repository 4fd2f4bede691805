/** Calls in the name of a role that the operator assumes, as in another account. */
import type { SageMakerClientConfig } from "@aws-sdk/client-sagemaker";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { NAMESPACE_ANNOTATIONS } from "../api/group.ts";
import { type Account, SageMakerError } from "../api/job.ts";
import { isRoleArn } from "../api/role_arn.ts";
import { type Credentials, isSame, type Provider } from "./credentials.ts";
import { assumeRoleFailure, isRefusalOfCredentials } from "./errors.ts";

/** What CloudTrail shows the operator's calls under, before the namespace. */
const SESSION = "sagemaker-operator";
/** STS takes no longer name (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
const MAX_SESSION_NAME = 64;
/** The key that EKS Pod Identity has for it (https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html). */
const NAMESPACE_TAG = "kubernetes-namespace";

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
 * Credentials of a session of the account's role, from an AssumeRole with the operator's own `credentials`. Every call asks STS;
 * `remembered` keeps the answer. Where STS refuses the operator's own credentials, these are loaded again, and where that gives
 * other ones STS is asked a second time.
 *
 * @throws {SageMakerError} `CredentialsUnavailable`
 */
export function assumedRole(
  account: Account,
  { region, credentials, requestHandler }: {
    region: SageMakerClientConfig["region"];
    credentials: Provider;
    requestHandler: SageMakerClientConfig["requestHandler"];
  },
): Provider {
  const { roleArn: RoleArn, externalId: ExternalId } = account;
  const identity = sessionIdentity(account);
  const assume = fromTemporaryCredentials({
    masterCredentials: credentials,
    params: { RoleArn, ...identity, ...(ExternalId !== undefined && { ExternalId }) },
    clientConfig: { ...(region && { region }), ...(requestHandler && { requestHandler }), maxAttempts: 2 },
  });
  return async (context) => {
    // Loaded first, so that a failure to load them is not reported as a failure to assume the role.
    const own = await credentials();
    try {
      return await assume(context).catch(async (error) => {
        if (!isRefusalOfCredentials(error) || !await hasOthers(credentials, own)) throw error;
        return await assume(context);
      });
    } catch (error) {
      throw new SageMakerError(assumeRoleFailure(error, account), { cause: error });
    }
  };
}

/** The name is cut for a long namespace, the tag never is. */
function sessionIdentity({ namespace }: Account): { RoleSessionName: string; Tags?: { Key: string; Value: string }[] } {
  if (namespace === undefined) return { RoleSessionName: SESSION };
  return {
    RoleSessionName: `${SESSION}-${namespace}`.slice(0, MAX_SESSION_NAME),
    Tags: [{ Key: NAMESPACE_TAG, Value: namespace }],
  };
}

/** Whether the source gives other credentials than those that STS refused, once it is asked again. */
async function hasOthers(source: Provider, refused: Credentials): Promise<boolean> {
  try {
    return !isSame(await source({ forceRefresh: true }), refused);
  } catch {
    // The refusal by STS is the better explanation.
    return false;
  }
}
