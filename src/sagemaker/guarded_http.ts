import { NodeHttpHandler, streamCollector } from "@smithy/node-http-handler";
import { lookup as systemLookup } from "node:dns";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { LookupFunction } from "node:net";
import { SageMakerError } from "../api/job.ts";
import { AnswerTooLargeError } from "../util/limited_answer.ts";
import { isForbiddenAddress } from "./addresses.ts";
import { limitNodeAnswers } from "./limited_http.ts";
import { trustOptions } from "./trust.ts";

/** Finds all addresses of a host, as `lookup` of `node:dns` does. */
export type Lookup = (
  hostname: string,
  options: { all: true },
  callback: (error: Error | null, addresses: { address: string; family: number }[]) => void,
) => void;

/** Connections that are kept for the next request; more than that close as they end. */
const MAX_FREE_SOCKETS = 8;

/**
 * How requests go to an endpoint that a resource names: over connections whose address is looked at before they are opened.
 * `fetch` can't do that, as it finds the address by itself, and a name may have another one by then. No redirect is followed.
 * Proxies aren't used: they would choose the address.
 */
export function guardedHttp(lookup: Lookup = systemLookup) {
  limitNodeAnswers();
  const options = { keepAlive: true, maxSockets: 50, maxFreeSockets: MAX_FREE_SOCKETS, lookup: guarded(lookup) };
  return {
    requestHandler: new GuardedHandler({
      httpAgent: new HttpAgent(options),
      httpsAgent: new HttpsAgent({ ...options, ...trustOptions() }),
    }),
    streamCollector: (body: Parameters<typeof streamCollector>[0]) =>
      streamCollector(body).catch((error) => {
        throw networkFault(error);
      }),
  };
}

class GuardedHandler extends NodeHttpHandler {
  override async handle(...request: Parameters<NodeHttpHandler["handle"]>) {
    try {
      return await super.handle(...request);
    } catch (error) {
      throw networkFault(error);
    }
  }
}

/** The addresses that are given are those that are connected to: one that isn't fine spoils them all. */
function guarded(lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      const forbidden = addresses.find(({ address }) => isForbiddenAddress(address));
      if (forbidden !== undefined) return callback(refused(hostname, forbidden.address), []);
      if (options.all) return callback(null, addresses);
      callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 0);
    });
  };
}

function refused(hostname: string, address: string): SageMakerError {
  const message =
    `Cannot use the endpoint '${hostname}': its address '${address}' is for link-local, metadata or other special use`;
  return new SageMakerError({ retry: "person", reason: "EndpointNotAllowed", code: "EndpointNotAllowed", message });
}

/** Deno 2.4 gives no code to what is wrong with a connection or its TLS. */
function networkFault(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SageMakerError || error instanceof AnswerTooLargeError) {
    return error;
  }
  if ("code" in error && error.code !== undefined || /^(Abort|Timeout)Error$/.test(error.name)) return error;
  const text = "the connection was lost, or its TLS is not valid (ECONNRESET)";
  return Object.assign(new Error(text, { cause: error }), { code: "ECONNRESET" });
}
