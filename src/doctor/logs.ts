import { type Aws, problemOf } from "./aws_context.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import type { Finding } from "./finding.ts";

const GROUP = "/aws/sagemaker/ProcessingJobs";

/** Whether the jobs' logs can be read. Only `logs` needs that, so it is never a failure. */
export async function checkLogs(aws: Aws, region: string): Promise<Finding> {
  const place = placeOf("logs", region, aws.env);
  try {
    await aws.call({
      ...place,
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.FilterLogEvents" },
      body: JSON.stringify({ logGroupName: GROUP, limit: 1 }),
    });
    return { check: "logs", level: "ok", text: `The log group '${GROUP}' can be read` };
  } catch (error) {
    const call = { operation: "FilterLogEvents", service: "CloudWatch Logs", region, endpoint: place.url };
    const { reason, message } = problemOf(error, aws, call);
    if (reason === "NotFound") {
      return { check: "logs", level: "ok", text: `The log group '${GROUP}' is not there yet; the first job makes it` };
    }
    const finding: Finding = {
      check: "logs",
      level: "warning",
      text: `Cannot read the log group '${GROUP}': ${message}`,
    };
    return reason === "AccessDenied"
      ? { ...finding, mend: "allow logs:FilterLogEvents; only 'logs' needs it" }
      : finding;
  }
}
