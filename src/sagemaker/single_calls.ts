import { SageMakerClient, type SageMakerClientConfig } from "@aws-sdk/client-sagemaker";
import { Agent } from "node:https";
import process from "node:process";
import { credentialChain, remembered } from "./credentials.ts";
import { limitNodeAnswers } from "./limited_http.ts";
import { trustOptions } from "./trust.ts";

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** A client for a command that a person runs: a few calls, and nothing on the screen but what the command says. */
export function clientForSingleCalls(config: SageMakerClientConfig): SageMakerClient {
  // Deno 2.4 says on stderr that the way in which the SDK makes its HMACs is deprecated; its users can do nothing about that.
  Object.assign(process, { noDeprecation: true });
  limitNodeAnswers();
  return new SageMakerClient({
    maxAttempts: 2,
    logger: quiet,
    credentials: remembered(credentialChain(quiet)),
    requestHandler: { httpsAgent: new Agent({ keepAlive: true, ...trustOptions() }) },
    ...config,
  });
}
