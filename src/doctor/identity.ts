import { deadline, orAbort } from "../runtime/clock.ts";
import { credentialsFailure } from "../sagemaker/errors.ts";
import { AwsError, element, queryCall } from "../sagemaker/aws_call.ts";
import { type Aws, CALL_MS, problemOf } from "./aws_context.ts";
import { placeOf } from "../sagemaker/aws_endpoints.ts";
import { skewOf } from "./clock.ts";
import type { Finding } from "./finding.ts";

/** Why there are no credentials to sign with; nothing if there are. */
export async function credentialsProblem({ client, clock, signal }: Aws): Promise<Finding | undefined> {
  using limit = deadline(clock, CALL_MS, signal);
  try {
    await orAbort(client.config.credentials(), limit.signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return { check: "credentials", level: "failure", text: credentialsFailure(error).message };
  }
}

/** Whose the credentials are, and how far our clock is from that of STS. */
export async function checkIdentity(aws: Aws): Promise<{ finding: Finding; arn?: string; skewMs: number | undefined }> {
  const place = placeOf("sts", aws.home, aws.env);
  const sentAt = aws.clock.now();
  try {
    const answer = await aws.call(queryCall(place, { Action: "GetCallerIdentity", Version: "2011-06-15" }));
    const arn = element(answer.body, "Arn") ?? "";
    const finding: Finding = { check: "credentials", level: "ok", text: `AWS knows the credentials as '${arn}'` };
    return { finding, arn, skewMs: skewOf(answer.date, sentAt, aws.clock.now()) };
  } catch (error) {
    const problem = problemOf(error, aws, {
      operation: "GetCallerIdentity",
      service: "STS",
      region: place.region,
      endpoint: place.url,
    });
    const skewMs = error instanceof AwsError ? skewOf(error.answer.date, sentAt, aws.clock.now()) : undefined;
    // Whoever has a network without STS, or a wrong clock, may have good credentials all the same.
    const level = problem.reason === "CredentialsUnavailable" ? "failure" : "warning";
    return {
      finding: { check: "credentials", level, text: `STS does not confirm the credentials: ${problem.message}` },
      skewMs,
    };
  }
}
