/**
 * A plain-HTTP proxy in front of a real apiserver that can do harm: between a client and the proxy, requests and watch events
 * can be looked at, held, changed, answered otherwise, lost and sent twice.
 *
 *   await using proxy = await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)));
 *   const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/proxied.kubeconfig`);
 *   proxy.intercept = async ({ verb, subresource }, { forward }) => {
 *     if (verb !== "patch" || subresource !== "status") return undefined; // passes
 *     await forward();
 *     return "reset"; // it was done, and nobody hears of it
 *   };
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Access, kubeconfigText } from "../../tools/control_plane/kubeconfig.ts";
import { type ApiRequest, parseApiRequest } from "./api_request.ts";
import { type ApiEvent, Upstream } from "./api_upstream.ts";
export type { ApiEvent, ApiRequest };

/** What a client gets. */
export interface ApiAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

/** `reset` ends the connection with a RST instead of an answer; `hang` answers nothing until the client leaves. */
export type ApiOutcome = ApiAnswer | "reset" | "hang";

/**
 * Decides what happens to a request instead of the ordinary; undefined lets it pass. May take its time, which delays the
 * request: before `forward` on its way there, after it on its way back. Must not throw.
 *
 * `forward` sends the request to the apiserver, at each call again, and gives the answer, which may then be changed or lost on
 * purpose. It isn't for watches: they pass or are answered here, and `onEvent` sees what they bring. `signal` is aborted when
 * the client leaves or the proxy closes.
 */
export type ApiIntercept = (
  request: ApiRequest,
  context: { forward: () => Promise<ApiAnswer>; signal: AbortSignal },
) => ApiOutcome | undefined | Promise<ApiOutcome | undefined>;

/**
 * Decides what a watch delivers for an event: none drops it, two are a duplicate, others may be held for later ones to be
 * reordered; undefined passes it. Taking time delays this event and all that follow it on the same watch. Must not throw.
 */
export type ApiEventHook = (
  event: ApiEvent,
  watch: ApiRequest,
  context: { signal: AbortSignal },
) => ApiEvent[] | undefined | Promise<ApiEvent[] | undefined>;

interface RunningWatch {
  request: ApiRequest;
  cut(how: "reset" | "close"): void;
}

/** The proxy. Disposing of it ends all that goes through it. */
export class ApiProxy implements AsyncDisposable {
  /** May be set at any time, for the requests that arrive from then on. */
  intercept: ApiIntercept | undefined;
  /** May be set at any time, for the events that arrive from then on. */
  onEvent: ApiEventHook | undefined;
  readonly #access: Access;
  readonly #upstream: Upstream;
  readonly #server: Server;
  readonly #closing = new AbortController();
  readonly #handling = new Set<Promise<void>>();
  readonly #watches = new Set<RunningWatch>();
  #sequence = 0;
  #past: { resourceVersion: string; ended: Promise<void> } | undefined;

  private constructor(access: Access) {
    this.#access = access;
    this.#upstream = new Upstream(access);
    this.#server = createServer((incoming, response) => {
      const handling = this.#handle(incoming, response).finally(() => this.#handling.delete(handling));
      this.#handling.add(handling);
    });
  }

  /** @param access of the apiserver; its token is used for requests that bring none */
  static async start(access: Access): Promise<ApiProxy> {
    const proxy = new ApiProxy(access);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once("error", reject);
      proxy.#server.listen(0, "127.0.0.1", resolve);
    });
    return proxy;
  }

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes a kubeconfig that leads through the proxy, with that token or else the proxy's own, and gives its path. */
  async writeKubeconfig(path: string, { token = this.#access.token, namespace = "default" } = {}): Promise<string> {
    const access = { ...this.#access, server: this.url, token };
    await Deno.writeTextFile(path, kubeconfigText(access, { namespace }), { mode: 0o600 });
    return path;
  }

  /** The watches that are open now. */
  get watches(): ApiRequest[] {
    return [...this.#watches].map(({ request }) => request);
  }

  /** Ends watches that are open, all or those that `which` picks, with a RST or as the apiserver does when their time is up. */
  cutWatches(how: "reset" | "close", which: (request: ApiRequest) => boolean = () => true): void {
    for (const watch of [...this.#watches]) if (which(watch.request)) watch.cut(how);
  }

  /**
   * Makes it an apiserver that is behind: until released, lists answer what was so at `resourceVersion` (the real thing, from
   * etcd's history, which goes 5 minutes back), and watches open but deliver nothing. Reads of one object and writes are as
   * ever, as they are with a real apiserver, whose cache alone is behind. After the release watches bring all that they held.
   */
  staleAt(resourceVersion: string): { release: () => void } & Disposable {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const past = { resourceVersion, ended };
    this.#past = past;
    const release = () => {
      if (this.#past === past) this.#past = undefined;
      resolve();
    };
    return { release, [Symbol.dispose]: release };
  }

  /** Frees the port and ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await Promise.all(this.#handling);
    await closed;
    this.#upstream.close();
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const leaving = new AbortController();
    response.once("close", () => leaving.abort());
    response.on("error", () => leaving.abort());
    const signal = AbortSignal.any([leaving.signal, this.#closing.signal]);
    try {
      const { method = "", url = "" } = incoming;
      const body = await readAll(incoming);
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      const request = parseApiRequest({ sequence: ++this.#sequence, method, url, headers, body });
      if (request.verb === "list" && this.#past) rewind(request, this.#past.resourceVersion);
      await this.#answer(request, response, signal);
    } catch {
      // The client has left, or the apiserver can't be reached: either way this connection is over.
      reset(response);
    }
  }

  async #answer(request: ApiRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const isWatch = request.verb === "watch";
    // A client that leaves doesn't take back what it asked for.
    const send = () => this.#upstream.send(request, this.#closing.signal);
    const forward = () => isWatch ? Promise.reject(new TypeError("Cannot forward a watch: let it pass")) : send();
    let outcome = await this.intercept?.(request, { forward, signal });
    // The past can be listed only.
    if (this.#past && request.query.has("sendInitialEvents")) outcome ??= CANNOT_STREAM;
    if (outcome === undefined && isWatch) return await this.#watch(request, response, signal);
    outcome ??= await send();
    if (outcome === "hang") await aborted(signal);
    if (typeof outcome === "string") return reset(response);
    response.writeHead(outcome.status, outcome.headers ?? { "content-type": "application/json" });
    response.end(outcome.body);
  }

  async #watch(request: ApiRequest, response: ServerResponse, signal: AbortSignal): Promise<void> {
    const cutting = new AbortController();
    const until = AbortSignal.any([signal, cutting.signal]);
    let end: "reset" | "close" = "close";
    const watch: RunningWatch = {
      request,
      cut(how) {
        end = how;
        cutting.abort();
      },
    };
    const gone = aborted(until);
    const { status, headers, events } = await this.#upstream.watch(request, until);
    this.#watches.add(watch);
    try {
      response.writeHead(status, headers);
      // Otherwise the head waits for the first event.
      response.flushHeaders();
      for await (const event of events) {
        await Promise.race([this.#past?.ended, gone]);
        const delivered = await Promise.race([this.onEvent?.(event, request, { signal: until }), gone]) ?? [event];
        if (until.aborted) break;
        response.write(delivered.map((each) => `${JSON.stringify(each)}\n`).join(""));
      }
    } catch {
      if (!cutting.signal.aborted) end = "reset";
    } finally {
      this.#watches.delete(watch);
    }
    if (end === "close") response.end();
    else reset(response);
  }
}

/** What an apiserver before Kubernetes 1.32 answers to a watch that shall begin with all there is. */
const CANNOT_STREAM: ApiAnswer = {
  status: 422,
  body: JSON.stringify({ kind: "Status", code: 422, reason: "Invalid" }),
};

/** Only the first page names the moment: a `continue` token holds it already. */
function rewind({ query }: ApiRequest, resourceVersion: string): void {
  if (query.has("continue")) return;
  query.set("resourceVersion", resourceVersion);
  query.set("resourceVersionMatch", "Exact");
}

function reset(response: ServerResponse): void {
  const { socket } = response;
  if (socket && !socket.destroyed) socket.resetAndDestroy();
  response.destroy();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function readAll(incoming: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
}
