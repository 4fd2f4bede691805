/**
 * Single calls of AWS services for which the program has no client: signed and sent by the SDK's own parts, which the client
 * of SageMaker brings along.
 */
import type { SageMakerClient, SageMakerClientConfig } from "@aws-sdk/client-sagemaker";
import { clientForSingleCalls } from "./single_calls.ts";

type Credentials = NonNullable<SageMakerClientConfig["credentials"]>;

export interface AwsCall {
  /** As in signatures: `sts`, `iam`, `logs`. */
  service: string;
  /** That the signature is for. */
  region: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** What a service answered, an error perhaps. */
export interface AwsAnswer {
  status: number;
  /** The service's clock, in milliseconds since the epoch. */
  date?: number;
  body: string;
}

/** An error of a service. `name` is its code, as for the SDK's errors. */
export class AwsError extends Error {
  readonly $metadata: { httpStatusCode: number };
  constructor(override readonly name: string, message: string, readonly answer: AwsAnswer) {
    super(message);
    this.$metadata = { httpStatusCode: answer.status };
  }
}

/**
 * Sends one call.
 *
 * @throws {AwsError} if the service answers with an error
 * @throws the network's error, or the signal's reason
 */
export async function callAws(credentials: Credentials, call: AwsCall, signal: AbortSignal): Promise<AwsAnswer> {
  const client = clientForSingleCalls({ region: call.region, credentials });
  try {
    return await sendAwsCall(client, call, signal);
  } finally {
    client.destroy();
  }
}

/**
 * The same with the credentials and the transport of `client`.
 *
 * @throws {AwsError} if the service answers with an error
 * @throws the network's error, or the signal's reason
 */
export async function sendAwsCall(client: SageMakerClient, call: AwsCall, signal: AbortSignal): Promise<AwsAnswer> {
  const { config } = client;
  const url = new URL(call.url);
  const signer = await config.signer({
    name: "sigv4",
    signingName: call.service,
    signingRegion: call.region,
    properties: {},
  });
  const request = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    ...url.port !== "" && { port: Number(url.port) },
    path: url.pathname,
    query: {},
    headers: { host: url.host, ...call.headers },
    body: call.body,
  });
  const { response } = await config.requestHandler.handle(request as never, { abortSignal: signal });
  const date = Date.parse(response.headers["date"] ?? "");
  const body = new TextDecoder().decode(await config.streamCollector(response.body));
  const answer = { status: response.statusCode, body, ...!Number.isNaN(date) && { date } };
  if (answer.status >= 400) throw errorOf(answer);
  return answer;
}

/** A call of a service that takes forms and answers in XML. */
export function queryCall(
  { service, region, url }: Pick<AwsCall, "service" | "region" | "url">,
  parameters: Record<string, string>,
): AwsCall {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return { service, region, url, headers, body: `${new URLSearchParams(parameters)}` };
}

/** The text of the first element of that name; entities other than those of plain names do not occur in what is asked for. */
export function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

function errorOf(answer: AwsAnswer): AwsError {
  const { status, body } = answer;
  const code = element(body, "Code") ?? jsonMember(body, "__type")?.split("#").at(-1) ?? "Unknown";
  const message = element(body, "Message") ?? jsonMember(body, "message") ?? jsonMember(body, "Message") ??
    `it answered with status ${status}`;
  return new AwsError(code, message, answer);
}

function jsonMember(body: string, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body)?.[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
