import { type Clock, deadline, systemClock } from "../runtime/clock.ts";
import type { Cluster } from "./config.ts";
import { AnswerTooLargeError, readText } from "../util/limited_answer.ts";
import { answerError, answerTooLarge, KubeError, networkError } from "./errors.ts";
import type { KubeList } from "./objects.ts";
export { KubeError };

export type Query = Record<string, string | number | boolean | undefined>;

export interface RequestOptions {
  query?: Query;
  /** How long to wait for the whole answer, in milliseconds; the client's own default unless given. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface KubeClientOptions {
  clock?: Clock;
  userAgent?: string;
  /** @default {10_000} */
  timeoutMs?: number;
  /** Called before anything is written, with how long that may take; what it throws is thrown instead of writing. */
  beforeWrite?: ((timeoutMs: number) => void) | undefined;
}

/** As much is read of an answer. A list comes in pages, which its reader makes smaller where they have more. */
const MOST_ANSWER_BYTES = 16 * 2 ** 20;

const PATCH_TYPES = {
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

/**
 * JSON requests to the API server, each with a deadline.
 *
 * Every method throws a `KubeError` if the API server refuses or doesn't answer in time, and the signal's reason if it is
 * aborted. The network layer may send a request again after a reset, so a caller makes each repeatable: patches carry the
 * resourceVersion, creates a fixed name.
 */
export class KubeClient {
  readonly cluster: Cluster;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  readonly #beforeWrite: ((timeoutMs: number) => void) | undefined;

  constructor(cluster: Cluster, options: KubeClientOptions = {}) {
    this.cluster = cluster;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#userAgent = options.userAgent ?? "sagemaker-operator";
    this.#beforeWrite = options.beforeWrite;
  }

  get<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.#json("GET", path, options);
  }

  /** One page, or everything if the query has no `limit`. */
  list<T>(path: string, options?: RequestOptions): Promise<KubeList<T>> {
    return this.#json("GET", path, options);
  }

  /** Posts to the path of a collection, or of a subresource. */
  create<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.#json("POST", path, options, body, "application/json");
  }

  /** Replaces an object; its `metadata.resourceVersion` makes a lost race a conflict (409). */
  update<T>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return this.#json("PUT", path, options, body, "application/json");
  }

  /** `apply` also needs `fieldManager` in the query. */
  patch<T>(path: string, body: unknown, options: RequestOptions & { type: keyof typeof PATCH_TYPES }): Promise<T> {
    return this.#json("PATCH", path, options, body, PATCH_TYPES[options.type]);
  }

  /** @param options.body `DeleteOptions`, as preconditions or a propagation policy */
  delete<T>(path: string, options?: RequestOptions & { body?: unknown }): Promise<T> {
    return this.#json("DELETE", path, options, options?.body, "application/json");
  }

  /** Opens an answer that has no end of its own, without a deadline; the caller reads or cancels its body. */
  async stream(path: string, { query, signal }: { query?: Query; signal: AbortSignal }): Promise<Response> {
    try {
      const response = await this.#send("GET", path, { query, signal });
      if (!response.ok) {
        throw answerError(`GET '${path}'`, this.cluster, response, await readText(response, MOST_ANSWER_BYTES, signal));
      }
      return response;
    } catch (error) {
      throw signal.aborted ? signal.reason : networkError(this.cluster, error);
    }
  }

  async #json<T>(
    method: string,
    path: string,
    options: RequestOptions = {},
    body?: unknown,
    contentType?: string,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    if (method !== "GET") this.#beforeWrite?.(timeoutMs);
    using limit = deadline(this.#clock, timeoutMs, options.signal);
    let response: Response;
    let text: string;
    try {
      const content = body === undefined ? undefined : { type: contentType!, text: JSON.stringify(body) };
      response = await this.#send(method, path, { query: options.query, signal: limit.signal, content });
      text = await readText(response, MOST_ANSWER_BYTES, limit.signal);
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      if (error instanceof AnswerTooLargeError) throw answerTooLarge(`${method} '${path}'`, this.cluster, error);
      throw networkError(this.cluster, limit.signal.aborted ? limit.signal.reason : error);
    }
    if (!response.ok) throw answerError(`${method} '${path}'`, this.cluster, response, text);
    try {
      return JSON.parse(text);
    } catch {
      throw new KubeError(`Cannot ${method} '${path}': the answer from '${this.cluster.server}' is not JSON`, {
        status: 0,
        reason: "InvalidAnswer",
      });
    }
  }

  #send(
    method: string,
    path: string,
    { query, signal, content }: {
      query: Query | undefined;
      signal: AbortSignal;
      content?: { type: string; text: string } | undefined;
    },
  ): Promise<Response> {
    signal.throwIfAborted();
    return this.cluster.fetch(path + encodeQuery(query), {
      method,
      signal,
      headers: {
        accept: "application/json",
        "user-agent": this.#userAgent,
        ...(content ? { "content-type": content.type } : {}),
      },
      ...(content ? { body: content.text } : {}),
    });
  }
}

function encodeQuery(query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : [[name, String(value)]]);
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}
