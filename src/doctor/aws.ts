import { deadline } from "../runtime/clock.ts";
import { knownRegion } from "../sagemaker/region.ts";
import { clientForSingleCalls } from "../sagemaker/single_calls.ts";
import { callAws } from "../sagemaker/aws_call.ts";
import { type Aws, type AwsOptions, CALL_MS } from "./aws_context.ts";
import { checkClock } from "./clock.ts";
import type { Finding } from "./finding.ts";
import { checkIdentity, credentialsProblem } from "./identity.ts";
import { checkLogs } from "./logs.ts";
import { checkPassRole } from "./pass_role.ts";
import { checkQuotas } from "./quotas.ts";
import { checkSageMaker } from "./sagemaker.ts";

const REGION_MISSING: Finding = {
  check: "sagemaker",
  level: "warning",
  text: "SageMaker was not asked, since no region is named",
  mend: "'--region REGION', or AWS_REGION",
};

/** What the operator needs of AWS: who it is there, what it may do, and whether the clocks agree. */
export async function checkAws(options: AwsOptions): Promise<Finding[]> {
  const { region, endpoint, clock, signal } = options;
  const home = region ?? knownRegion("");
  const client = clientForSingleCalls({ region: home, ...endpoint !== undefined && { endpoint } });
  const aws: Aws = {
    ...options,
    client,
    home,
    async call(call) {
      using limit = deadline(clock, CALL_MS, signal);
      return await callAws(client.config.credentials, call, limit.signal);
    },
  };
  try {
    const problem = await credentialsProblem(aws);
    if (problem) return [problem];
    const identity = await checkIdentity(aws);
    const [sageMaker, passRole, logs, quotas] = await Promise.all([
      region === undefined ? { finding: REGION_MISSING, skewMs: undefined } : checkSageMaker(aws, region),
      options.roleArn === undefined ? undefined : checkPassRole(aws, options.roleArn, identity.arn),
      region === undefined ? undefined : checkLogs(aws, region),
      region === undefined ? undefined : checkQuotas(aws, region),
    ]);
    const clocks = checkClock(sageMaker.skewMs ?? identity.skewMs);
    return [identity.finding, sageMaker.finding, clocks, passRole, logs, quotas].filter((finding) =>
      finding !== undefined
    );
  } finally {
    client.destroy();
  }
}
