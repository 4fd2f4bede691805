import type { Cluster } from "./config.ts";
import type { KubeObject } from "./objects.ts";

/** What a request came for; `watch` tells the two uses of GET on a collection apart. */
export interface FakeRequest {
  method: string;
  url: URL;
  headers: Headers;
  body: string;
  watch: boolean;
}

/** An API server for tests that is a function: no sockets, so that a fake clock governs everything. */
export class FakeCluster implements Cluster {
  readonly server = "https://fake.invalid";
  readonly source = "a test";
  readonly namespace = "default";
  readonly requests: FakeRequest[] = [];
  /** Whether it knows watches that begin with all there is; one that doesn't refuses them, beside `requests` and `answer`. */
  canStream = false;
  /** What answers from now on; may be replaced at any time. */
  answer: (request: FakeRequest) => Response | Promise<Response>;

  constructor(answer: (request: FakeRequest) => Response | Promise<Response>) {
    this.answer = answer;
  }

  get watches(): FakeRequest[] {
    return this.requests.filter(({ watch }) => watch);
  }

  get lists(): FakeRequest[] {
    return this.requests.filter(({ watch }) => !watch);
  }

  async fetch(path: string, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted();
    const url = new URL(path, this.server);
    if (url.searchParams.has("sendInitialEvents") && !this.canStream) return failure(422, { reason: "Invalid" });
    const request = {
      method: init.method ?? "GET",
      url,
      headers: new Headers(init.headers),
      body: String(init.body ?? ""),
      watch: url.searchParams.get("watch") === "true",
    };
    this.requests.push(request);
    const response = await untilAborted(Promise.resolve(this.answer(request)), init.signal);
    return new Response(response.body && bytesOf(response.body, init.signal), {
      status: response.status,
      headers: response.headers,
    });
  }

  close(): void {}
}

/** The same as a stream of bytes, which the bodies of Deno's own answers are; broken by the signal. */
function bytesOf(body: ReadableStream<Uint8Array>, signal: AbortSignal | null | undefined): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const { value, done } = await untilAborted(reader.read(), signal);
      if (!done) return controller.enqueue(value);
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

/** The annotations of the bookmark that ends what was there when a watch began. */
export const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" };

/** An answer to a watch that the test writes as it goes. */
export class FakeWatch {
  readonly response: Response;
  #controller!: ReadableByteStreamController;

  constructor() {
    const body = new ReadableStream({ type: "bytes", start: (controller) => void (this.#controller = controller) });
    this.response = new Response(body);
  }

  send(type: string, object: unknown): void {
    this.#controller.enqueue(new TextEncoder().encode(JSON.stringify({ type, object }) + "\n"));
  }

  end(): void {
    this.#controller.close();
    this.#controller.byobRequest?.respond(0);
  }

  /** As a reset connection does it under Deno. */
  cut(): void {
    this.#controller.error(new TypeError("error reading a body from connection"));
  }
}

/** An answer that is a `Status`. */
export function failure(
  code: number,
  options: { reason?: string; message?: string; retryAfter?: number } = {},
): Response {
  const { reason, message, retryAfter } = options;
  return Response.json({ kind: "Status", code, reason, message }, {
    status: code,
    headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
  });
}

export function listOf(items: KubeObject[], resourceVersion: string | number, next?: string): Response {
  const metadata = { resourceVersion: String(resourceVersion), ...(next ? { continue: next } : {}) };
  return Response.json({ metadata, items });
}

export interface Thing extends KubeObject {
  value?: string;
}

/** @param version its resourceVersion */
export function thing(name: string, version: number | string, more: { uid?: string; value?: string } = {}): Thing {
  const { uid = `uid-${name}`, value } = more;
  const metadata = { name, namespace: "default", uid, resourceVersion: String(version) };
  return value === undefined ? { metadata } : { metadata, value };
}
