import type { SageMakerClient } from "@aws-sdk/client-sagemaker";
import type { Clock } from "../runtime/clock.ts";
import { type CallSite, classify } from "../sagemaker/errors.ts";
import type { AwsAnswer, AwsCall } from "../sagemaker/aws_call.ts";

export interface AwsOptions {
  /** Where jobs run. The operator has no region of its own, so it must be named. */
  region: string | undefined;
  /** Of SageMaker; absent for AWS's own. */
  endpoint: string | undefined;
  /** A role that jobs run with. */
  roleArn: string | undefined;
  /** The instance types that resources in the cluster ask for; none where that cannot be read. */
  instanceTypes: Promise<readonly string[]>;
  env: (name: string) => string | undefined;
  clock: Clock;
  signal: AbortSignal;
}

/** What a check has of AWS. */
export interface Aws extends AwsOptions {
  client: SageMakerClient;
  /** The region, or one that is certain to be there. */
  home: string;
  /** Sends a call to a service that isn't SageMaker; throws as `callAws` does. */
  call(call: AwsCall): Promise<AwsAnswer>;
}

/** How long each call may take, in milliseconds. */
export const CALL_MS = 10_000;

/**
 * What went wrong with a call.
 *
 * @throws the reason of the command's signal once that is aborted
 */
export function problemOf(
  error: unknown,
  { signal }: Pick<Aws, "signal">,
  call: CallSite,
): { reason: string; message: string } {
  signal.throwIfAborted();
  const failure = classify(error, call);
  return failure === "not-found" ? { reason: "NotFound", message: String((error as Error).message) } : failure;
}
