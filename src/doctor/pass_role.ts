import { type Aws, problemOf } from "./aws_context.ts";
import { element, queryCall } from "../sagemaker/aws_call.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import type { Finding } from "./finding.ts";

const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/**
 * Whether the operator may hand a role to SageMaker, as IAM's simulator sees it; a warning where that may not be asked.
 *
 * @param identity the ARN that STS gave our credentials; absent if it did not
 */
export async function checkPassRole(aws: Aws, roleArn: string, identity: string | undefined): Promise<Finding> {
  if (!ROLE.test(roleArn)) {
    return { check: "pass-role", level: "failure", text: `'${roleArn}' must be the ARN of a role`, mend: EXAMPLE };
  }
  const principal = identity === undefined ? undefined : principalOf(identity);
  if (principal === undefined) return unknown(roleArn, "IAM can't simulate these credentials");
  const place = placeOf("iam", aws.home, aws.env);
  try {
    const { body } = await aws.call(queryCall(place, {
      Action: "SimulatePrincipalPolicy",
      Version: "2010-05-08",
      PolicySourceArn: principal,
      "ActionNames.member.1": "iam:PassRole",
      "ResourceArns.member.1": roleArn,
      "ContextEntries.member.1.ContextKeyName": "iam:PassedToService",
      "ContextEntries.member.1.ContextKeyType": "string",
      "ContextEntries.member.1.ContextKeyValues.member.1": "sagemaker.amazonaws.com",
    }));
    const decision = element(body, "EvalDecision");
    if (decision === "allowed") {
      return { check: "pass-role", level: "ok", text: `'${principal}' may pass '${roleArn}' to SageMaker` };
    }
    if (decision === undefined) return unknown(roleArn, "IAM's answer holds no decision");
    const mend = `allow 'iam:PassRole' on it as docs/credentials.md does`;
    return {
      check: "pass-role",
      level: "failure",
      text: `'${principal}' may not pass '${roleArn}': ${decision}`,
      mend,
    };
  } catch (error) {
    const call = { operation: "SimulatePrincipalPolicy", service: "IAM", region: place.region, endpoint: place.url };
    return unknown(roleArn, problemOf(error, aws, call).message);
  }
}

const EXAMPLE = "write it as in arn:aws:iam::123456789012:role/NAME";

function unknown(roleArn: string, why: string): Finding {
  return { check: "pass-role", level: "warning", text: `Cannot tell whether '${roleArn}' may be passed: ${why}` };
}

/** IAM simulates users and roles. A session of a role is none of them, and hides the path that the role may have. */
function principalOf(identity: string): string | undefined {
  const [, partition, account, role] = /^arn:([\w-]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(identity) ?? [];
  if (role !== undefined) return `arn:${partition}:iam::${account}:role/${role}`;
  return /^arn:[\w-]+:iam::\d+:(user|role)\//.test(identity) ? identity : undefined;
}
