import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { CallerIdentity } from "../../src/sagemaker/caller_identity.ts";
import { accountOfKey, credentialsOf, OWN_ACCOUNT } from "./accounts.ts";

/** A call of SageMaker, at the point where the SDK would send it. */
export interface SdkCall {
  /** The version that the operator says it has. */
  caller: string;
  /** As in `CreateProcessingJob`. */
  operation: string;
  input: Record<string, unknown>;
  region: string;
  /** The account whose credentials sign the call. */
  account: string;
  /** It goes to an endpoint that a resource names. */
  isCustomEndpoint: boolean;
  signal: AbortSignal;
}

/** What answers calls instead of the network: those of SageMaker, and the GetCallerIdentity of STS. */
export type Answering = (call: SdkCall) => Promise<unknown>;

/** Throws an error as STS answers it, if a caller of `account` gets no session of the role. */
export type AssumingRole = (account: string, roleArn: string) => void;

interface Client {
  constructor: { name: string };
  config: {
    customUserAgent?: [string, string][];
    isCustomEndpoint?: boolean;
    region(): Promise<string>;
    credentials(): Promise<{ accessKeyId: string }>;
  };
}
interface Command {
  /** Its third member is the operation. */
  schema: [unknown, string, string];
  input: Record<string, unknown>;
}

/**
 * Replaces `send` of every client of the SDK, SageMaker's and STS's: the clients are the real ones, and nothing is sent. All of
 * `src/sagemaker/` is therefore part of the test, the credentials included. Disposing of the result restores the SDK.
 */
export function replaceSdk(answer: Answering, assumeRole: AssumingRole = () => {}): Disposable {
  for (const [name, value] of Object.entries(credentialsOf(OWN_ACCOUNT))) Deno.env.set(name, value);
  // Without a region in the environment the SDK reads a file to find one for STS.
  Deno.env.set("AWS_REGION", "us-west-2");
  const prototype = Object.getPrototypeOf(SageMakerClient.prototype) as { send: unknown };
  const original = prototype.send;
  prototype.send = async function (this: Client, command: Command, options: { abortSignal: AbortSignal }) {
    const operation = command.schema[2];
    const account = accountOfKey((await this.config.credentials()).accessKeyId);
    if (operation === "AssumeRole") {
      const roleArn = String(command.input.RoleArn);
      assumeRole(account, roleArn);
      return sessionOf(roleArn);
    }
    return await answer({
      caller: this.config.customUserAgent![0]![1],
      operation,
      input: onTheWire(command.input),
      region: await this.config.region(),
      account,
      isCustomEndpoint: this.config.isCustomEndpoint === true,
      signal: options.abortSignal,
    });
  };
  const identity = CallerIdentity.prototype as unknown as { send: unknown };
  const askedOfSts = identity.send;
  identity.send = async (client: Client, _call: unknown, signal: AbortSignal) => {
    const isCustomEndpoint = client.config.isCustomEndpoint === true;
    const key = (await client.config.credentials()).accessKeyId;
    const account = isCustomEndpoint ? OWN_ACCOUNT : accountOfKey(key);
    const caller = client.config.customUserAgent![0]![1];
    const region = await client.config.region();
    await answer({ caller, operation: "GetCallerIdentity", input: {}, region, account, isCustomEndpoint, signal });
    return `<Account>${account}</Account>`;
  };
  return {
    [Symbol.dispose]() {
      prototype.send = original;
      identity.send = askedOfSts;
    },
  };
}

function sessionOf(roleArn: string): object {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = credentialsOf(roleArn.split(":")[4]!);
  return {
    Credentials: {
      AccessKeyId: AWS_ACCESS_KEY_ID,
      SecretAccessKey: AWS_SECRET_ACCESS_KEY,
      SessionToken: "token",
      // By the clock of the test and by that of the machine: the SDK goes by the latter.
      Expiration: new Date(Date.UTC(2100, 0, 1)),
    },
  };
}

// What the SDK imports when it is first needed takes real time, which the clock of a test does not wait for.
{
  using _ = replaceSdk(() => Promise.resolve({}));
  await import("@aws-sdk/credential-provider-env");
  const RoleArn = `arn:aws:iam::${OWN_ACCOUNT}:role/any`;
  const masterCredentials = { accessKeyId: `AKIA${OWN_ACCOUNT}`, secretAccessKey: "none" };
  await fromTemporaryCredentials({ params: { RoleArn }, masterCredentials, clientConfig: { region: "us-west-2" } })();
}

/** An error as the SDK throws it for an answer of the service. */
export function serviceError(code: string, message: string, status = 400): Error {
  return Object.assign(new Error(message), { name: code, $metadata: { httpStatusCode: status, requestId: "r-1" } });
}

/** An error as the SDK passes it on from the network. */
export function networkError(code = "ECONNRESET", host = ""): Error {
  return Object.assign(new Error(`${code} ${host}`.trimEnd()), { code });
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
