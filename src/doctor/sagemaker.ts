import { ListProcessingJobsCommand } from "@aws-sdk/client-sagemaker";
import { deadline } from "../runtime/clock.ts";
import { type Aws, CALL_MS, problemOf } from "./aws_context.ts";
import { skewOf } from "./clock.ts";
import type { Finding } from "./finding.ts";

const OPERATION = "ListProcessingJobs";

/** Whether SageMaker answers in the region, and lets us list its jobs. */
export async function checkSageMaker(
  aws: Aws,
  region: string,
): Promise<{ finding: Finding; skewMs: number | undefined }> {
  const { client, clock, endpoint, signal } = aws;
  let host = endpoint ?? region;
  let skewMs: number | undefined;
  // Also where the answer is an error, which the SDK would only throw.
  client.middlewareStack.add((next) => async (args) => {
    const sentAt = clock.now();
    const result = await next(args);
    const { headers } = result.response as { headers: Record<string, string> };
    skewMs = skewOf(Date.parse(headers["date"] ?? "") || undefined, sentAt, clock.now());
    host = (args.request as { hostname: string }).hostname;
    return result;
  }, { step: "deserialize", priority: "low" });
  using limit = deadline(clock, CALL_MS, signal);
  const started = clock.monotonic();
  try {
    await client.send(new ListProcessingJobsCommand({ MaxResults: 1 }), { abortSignal: limit.signal });
    const ms = Math.round(clock.monotonic() - started);
    return {
      finding: { check: "sagemaker", level: "ok", text: `${OPERATION} is allowed at ${host}, ${ms} ms` },
      skewMs,
    };
  } catch (error) {
    const { reason, message } = problemOf(error, aws, { operation: OPERATION, region, endpoint });
    const finding: Finding = { check: "sagemaker", level: "failure", text: `${OPERATION} fails: ${message}` };
    const mend = MENDS[reason];
    return { finding: mend === undefined ? finding : { ...finding, mend }, skewMs };
  }
}

const MENDS: Record<string, string> = {
  AccessDenied: "give the operator's identity the policy in docs/credentials.md",
  NetworkUnavailable: "let the operator reach that address, or name another with '--endpoint-url'",
  InvalidRegion: "name a region that has SageMaker with '--region'",
};
