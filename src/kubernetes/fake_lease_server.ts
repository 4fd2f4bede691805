import { type Clock, sleep } from "../runtime/clock.ts";
import type { Cluster } from "./config.ts";
import { failure, FakeWatch, INITIAL_EVENTS_END, listOf } from "./fake_cluster.ts";
import type { Lease } from "./lease.ts";

/** How requests of one candidate fare; a test changes it at any time. */
export interface Network {
  /** Milliseconds that the next message takes, in either direction. */
  delay(): number;
  /** What becomes of the next request: `lost` ones never arrive, of `unanswered` ones the answer is lost. */
  fate(): "arrives" | "lost" | "unanswered" | "refused";
  /** Whether events of watches get lost without a word. */
  deaf: boolean;
}

export function goodNetwork(): Network {
  return { delay: () => 5, fate: () => "arrives", deaf: false };
}

/** An API server that holds one Lease, in `team-a`. */
export class FakeLeaseServer {
  lease: Lease | undefined;
  /** Of each write that was carried out, the Lease that it left. */
  readonly writes: Lease[] = [];
  /** Requests that arrive wait for it. */
  paused: Promise<void> | undefined;
  readonly #clock: Clock;
  readonly #watchers = new Set<{ watch: FakeWatch; network: Network }>();
  readonly #events: { version: number; type: string; lease: Lease }[] = [];
  #version = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The way to the server from one candidate. A request that has been sent arrives even if its sender has given up. */
  connect(network: Network): Cluster {
    return {
      server: "https://fake.invalid",
      source: "a test",
      namespace: "team-a",
      fetch: (path, init) => untilAborted(this.#carry(path, init, network), init.signal!),
      close() {},
    };
  }

  /** What a person does with `kubectl delete`. */
  delete(): void {
    if (this.lease === undefined) return;
    const gone = { ...this.lease, metadata: { ...this.lease.metadata, resourceVersion: String(++this.#version) } };
    this.lease = undefined;
    this.#tell("DELETED", gone);
  }

  /** What a person does with `kubectl edit`. */
  edit(change: Partial<Lease["spec"]>, metadata: Partial<Lease["metadata"]> = {}): void {
    const { lease } = this;
    if (lease === undefined) throw new Error("There is no lease to edit");
    this.#store({ metadata: { ...lease.metadata, ...metadata }, spec: { ...lease.spec, ...change } }, "MODIFIED");
  }

  async #carry(path: string, init: RequestInit, network: Network): Promise<Response> {
    const fate = network.fate();
    await sleep(this.#clock, network.delay());
    if (fate === "lost") return await new Promise<never>(() => {});
    if (fate === "refused") throw new TypeError("Connection refused");
    await this.paused;
    const response = this.#answer(new URL(path, "https://fake.invalid"), init, network);
    if (fate === "unanswered") return await new Promise<never>(() => {});
    await sleep(this.#clock, network.delay());
    return response;
  }

  #answer(url: URL, init: RequestInit, network: Network): Response {
    if (url.searchParams.get("watch") === "true") {
      return this.#watch(url.searchParams.get("resourceVersion"), network, init.signal!);
    }
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    switch (init.method) {
      case "GET":
        return listOf(this.lease ? [this.lease] : [], this.#version);
      case "POST":
        if (this.lease) return failure(409, { reason: "AlreadyExists" });
        return this.#store({ ...body, metadata: { ...body.metadata, uid: crypto.randomUUID() } }, "ADDED");
      case "PATCH": {
        if (this.lease === undefined) return failure(404, { reason: "NotFound" });
        const { uid, resourceVersion } = body.metadata;
        const { metadata } = this.lease;
        const isCurrent = (uid ?? metadata.uid) === metadata.uid &&
          (resourceVersion ?? metadata.resourceVersion) === metadata.resourceVersion;
        if (!isCurrent) return failure(409, { reason: "Conflict" });
        return this.#store({ metadata, spec: { ...this.lease.spec, ...body.spec } }, "MODIFIED");
      }
      default:
        return failure(405);
    }
  }

  #store(lease: Lease, event: "ADDED" | "MODIFIED"): Response {
    const metadata = { ...lease.metadata, namespace: "team-a", resourceVersion: String(++this.#version) };
    this.lease = { ...lease, metadata };
    this.writes.push(this.lease);
    this.#tell(event, this.lease);
    return Response.json(this.lease);
  }

  /** @param from null for a watch that begins with all there is */
  #watch(from: string | null, network: Network, signal: AbortSignal): Response {
    const watcher = { watch: new FakeWatch(), network };
    if (from === null) {
      if (this.lease) watcher.watch.send("ADDED", this.lease);
      const metadata = { resourceVersion: String(this.#version), annotations: INITIAL_EVENTS_END };
      watcher.watch.send("BOOKMARK", { metadata });
    } else {for (const { version, type, lease } of this.#events) {
        if (version > Number(from)) watcher.watch.send(type, lease);
      }}
    this.#watchers.add(watcher);
    signal.addEventListener("abort", () => {
      if (this.#watchers.delete(watcher)) watcher.watch.cut();
    }, { once: true });
    return watcher.watch.response;
  }

  #tell(type: string, lease: Lease): void {
    this.#events.push({ version: this.#version, type, lease });
    for (const watcher of this.#watchers) {
      if (watcher.network.deaf) continue;
      this.#clock.setTimer(watcher.network.delay(), () => {
        if (this.#watchers.has(watcher)) watcher.watch.send(type, lease);
      });
    }
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
