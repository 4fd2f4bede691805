import { type Clock, deadline, systemClock } from "../../src/runtime/clock.ts";
import type { Access } from "./kubeconfig.ts";

/** An apiserver's answer; `body` is the parsed JSON, or the text where it isn't JSON. */
export interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any -- whoever asked knows the kind
  body: any;
}

export interface RequestOptions {
  contentType?: string;
  accept?: string;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
}

/**
 * Plain requests to one apiserver. It shares no code with the operator's own client, so that a test which looks at the
 * cluster through it doesn't trust what it tests.
 */
export class ApiClient {
  readonly access: Access;
  readonly #clock: Clock;
  readonly #http: Deno.HttpClient;

  constructor(access: Access, clock: Clock = systemClock) {
    this.access = access;
    this.#clock = clock;
    this.#http = Deno.createHttpClient({ caCerts: [access.ca] });
  }

  /**
   * Sends one request; every status is an answer.
   *
   * @param body sent as JSON, a string as it is
   * @throws TypeError where the server can't be reached
   */
  async request(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    using limit = deadline(this.#clock, options.timeoutMs ?? 30_000, options.signal);
    const response = await fetch(this.access.server + path, {
      method,
      client: this.#http,
      signal: limit.signal,
      headers: {
        authorization: `Bearer ${this.access.token}`,
        accept: options.accept ?? "application/json",
        "content-type": options.contentType ?? "application/json",
      },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: isJson(response) ? JSON.parse(text) : text };
  }

  close(): void {
    this.#http.close();
  }
}

function isJson(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("application/json") ?? false;
}
