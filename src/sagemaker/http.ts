import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { limited } from "../util/limited_answer.ts";
import { MOST_ANSWER_BYTES } from "./limited_http.ts";
import { extraAuthorities } from "./trust.ts";

/**
 * How the SDK sends its requests: by `fetch`, which takes half the time of Node's client here and reads an answer in one piece
 * instead of in buffers of 64 KiB. Of an answer `MOST_ANSWER_BYTES` are read at most. No redirect is followed, since the request is signed for one host. Destroying it closes its
 * connections; a call after that opens new ones.
 *
 * @param requestTimeoutMs bounds the calls that have no signal of their own, as those of the credential chain
 */
export function httpHandler(requestTimeoutMs: number): FetchHttpHandler {
  let client: Deno.HttpClient | undefined;
  const handler = new FetchHttpHandler({
    requestTimeout: requestTimeoutMs,
    requestInit: () => ({ redirect: "manual" }),
    customFetch: (input: RequestInfo | URL, init?: RequestInit) => {
      const ca = client ? undefined : extraAuthorities();
      if (ca !== undefined) client = Deno.createHttpClient({ caCerts: [ca] });
      return fetch(input, client ? { ...init, client } : init)
        .then((response) => limited(response, MOST_ANSWER_BYTES))
        .catch((error) => {
          throw networkFault(error);
        });
    },
  });
  const destroy = () => {
    client?.close();
    client = undefined;
  };
  return Object.assign(handler, { destroy });
}

/** Reads an answer's body, in the way in which `httpHandler` gives it. */
export async function collectBody(body: ReadableStream<Uint8Array> | Blob): Promise<Uint8Array> {
  const answer = new Response(body);
  try {
    return new Uint8Array(await answer.arrayBuffer());
  } catch (error) {
    throw networkFault(error);
  }
}

/** What the texts of `fetch` mean, in Node's codes: Deno has none of its own for the network. */
const FAULTS: [pattern: RegExp, code: string, text: string][] = [
  [/Connection refused/, "ECONNREFUSED", "the connection was refused"],
  // Those that web browsers keep away from, as 1 and 25.
  [/Requests to port \d+ are blocked/, "ECONNREFUSED", "nothing of AWS listens on such a port"],
  [/Temporary failure in name resolution/, "EAI_AGAIN", "its name cannot be resolved for now"],
  [/dns error/, "ENOTFOUND", "its name cannot be resolved"],
  [/No route to host/, "EHOSTUNREACH", "there is no route to its host"],
  [/Network is unreachable/, "ENETUNREACH", "its network is unreachable"],
  [/timed out/, "ETIMEDOUT", "connecting took too long"],
  [/invalid peer certificate: Expired/, "CERT_HAS_EXPIRED", "its certificate has expired"],
  [
    /invalid peer certificate: NotValidForName|not valid for name/,
    "CERT_NAME_INVALID",
    "its certificate is for another name",
  ],
  [/invalid peer certificate: UnknownIssuer/, "CERT_UNKNOWN_ISSUER", "an unknown authority signed its certificate"],
  [/invalid peer certificate/, "CERT_INVALID", "its certificate is not valid"],
  [/tunnel|proxy/i, "EPROXY", "the proxy that HTTPS_PROXY names does not connect to it"],
  [/handshake|received corrupt message/i, "EPROTO", "it does not speak TLS as it should"],
];

/** The network's faults with a code; everything else, an abort among it, as it is. */
function networkFault(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const said = error.cause instanceof Error ? error.cause.message : error.message;
  const host = /for (?:url )?\(?https?:\/\/([^/\s)]+)/.exec(said)?.[1] ?? "";
  const [, code, text] = FAULTS.find(([pattern]) => pattern.test(said)) ??
    [null, "ECONNRESET", "the connection was lost"];
  return Object.assign(new Error(`${text} (${[code, host].filter(Boolean).join(" ")})`, { cause: error }), { code });
}
