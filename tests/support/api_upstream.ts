import { decodeLines } from "../../src/kubernetes/watch.ts";
import type { Access } from "../../tools/control_plane/kubeconfig.ts";
import type { ApiAnswer } from "./api_proxy.ts";
import type { ApiRequest } from "./api_request.ts";

/** A watch event as it is on the wire; `ERROR` brings a Status. */
export interface ApiEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  // deno-lint-ignore no-explicit-any -- whoever watches knows the kind
  object: any;
}

/** The real apiserver's side of the proxy. */
export class Upstream {
  readonly #access: Access;
  readonly #http: Deno.HttpClient;

  constructor(access: Access) {
    this.#access = access;
    this.#http = Deno.createHttpClient({ caCerts: [access.ca] });
  }

  /** Sends the request as it is now, and reads the whole answer. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<ApiAnswer> {
    const response = await this.#fetch(request, signal);
    return { status: response.status, headers: passedOn(response.headers), body: await response.text() };
  }

  /** Opens a watch. Where the apiserver refuses it, the refusal comes as the only event, as its body is JSON too. */
  async watch(
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<{ status: number; headers: Record<string, string>; events: AsyncGenerator<ApiEvent> }> {
    const response = await this.#fetch(request, signal);
    return { status: response.status, headers: passedOn(response.headers), events: eventsOf(response) };
  }

  close(): void {
    this.#http.close();
  }

  #fetch({ method, path, query, headers, body }: ApiRequest, signal: AbortSignal): Promise<Response> {
    const wanted = ["authorization", "accept", "content-type", "user-agent"].filter((name) => headers[name]);
    return fetch(`${this.#access.server}${path}${query.size > 0 ? `?${query}` : ""}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#access.token}`,
        "accept-encoding": "identity",
        ...Object.fromEntries(wanted.map((name) => [name, headers[name]!])),
      },
      body: body === "" ? null : body,
      client: this.#http,
      signal,
    });
  }
}

async function* eventsOf(response: Response): AsyncGenerator<ApiEvent> {
  for await (const line of decodeLines(response.body!)) yield JSON.parse(line);
}

/** All but what belongs to the one connection. */
function passedOn(headers: Headers): Record<string, string> {
  const own = ["connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"];
  return Object.fromEntries([...headers].filter(([name]) => !own.includes(name)));
}
