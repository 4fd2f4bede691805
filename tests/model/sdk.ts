import { SageMakerClient } from "@aws-sdk/client-sagemaker";

import { CallerIdentity } from "../../src/sagemaker/caller_identity.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";

/** What answers a call instead of the network. `caller` is the version that the operator says it has. */
export type Answering = (call: {
  caller: string;
  /** As in `CreateProcessingJob`. */
  operation: string;
  input: Record<string, unknown>;
  region: string;
  signal: AbortSignal;
}) => Promise<unknown>;

interface Client {
  config: { customUserAgent: [string, string][]; region(): Promise<string> };
}
interface Command {
  /** Its third member is the operation. */
  schema: [unknown, string, string];
  input: Record<string, unknown>;
}

/**
 * Takes the SDK's place from below: its clients are the real ones, up to the moment when they would send. Everything in
 * `src/sagemaker/` is so part of the test, and no socket is. Disposing of the result gives the SDK back.
 */
export function replaceSdk(answer: Answering): Disposable {
  const replacement = async function (this: Client, command: Command, options: { abortSignal: AbortSignal }) {
    return await answer({
      caller: this.config.customUserAgent[0]![1],
      operation: command.schema[2],
      input: onTheWire(command.input),
      region: await this.config.region(),
      signal: options.abortSignal,
    });
  };
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  const prototype = SageMakerClient.prototype as unknown as { send?: unknown };
  prototype.send = replacement;
  const identity = CallerIdentity.prototype as unknown as { send: unknown };
  const askedOfSts = identity.send;
  identity.send = async (client: Client, _call: unknown, signal: AbortSignal) => {
    const answered = await answer({
      caller: client.config.customUserAgent[0]![1],
      operation: "GetCallerIdentity",
      input: {},
      region: await client.config.region(),
      signal,
    });
    return `<Account>${(answered as { Account: string }).Account}</Account>`;
  };
  return {
    [Symbol.dispose]: () => {
      // What it inherits shows again.
      delete prototype.send;
      identity.send = askedOfSts;
    },
  };
}

/** An error as the SDK throws it for an answer of the service. */
export function serviceError(code: string, message: string, status = 400): Error {
  return Object.assign(new Error(message), { name: code, $metadata: { httpStatusCode: status, requestId: "r-1" } });
}

/** An error as the SDK passes it on from the network. */
export function networkError(code = "ECONNRESET"): Error {
  return Object.assign(new Error(`socket hang up: ${code}`), { code });
}

/** An input as the service gets it: nothing undefined, and times in seconds since the epoch. */
function onTheWire(input: Record<string, unknown>): Record<string, unknown> {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, value instanceof Date ? value.getTime() / 1000 : value]));
}

/** An output as the SDK gives it: on the wire times are seconds since the epoch. */
export function withDates(output: unknown): unknown {
  if (Array.isArray(output)) return output.map(withDates);
  if (output === null || typeof output !== "object") return output;
  return Object.fromEntries(
    Object.entries(output).map(([name, value]) => {
      return [name, name.endsWith("Time") && typeof value === "number" ? new Date(value * 1000) : withDates(value)];
    }),
  );
}
