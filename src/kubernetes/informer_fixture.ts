import assert from "node:assert/strict";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { FakeCluster, FakeWatch, listOf, type Thing } from "./fake_cluster.ts";
import { Informer } from "./informer.ts";
import { Store } from "./store.ts";

export const PATH = "/apis/example.com/v1/things";

/** An informer that runs against an API server with one (empty) list and watches that stay open, unless a test says else. */
export class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly store = new Store<Thing>();
  readonly changes: string[] = [];
  readonly streams: FakeWatch[] = [];
  readonly cluster = new FakeCluster((request) => request.watch ? this.open() : listOf([], 10));
  readonly client = new KubeClient(this.cluster, { clock: this.clock });
  readonly informer: Informer<Thing>;
  readonly controller = new AbortController();
  #running: Promise<void> | undefined;

  constructor(query?: Record<string, string>) {
    const { client, store, clock } = this;
    this.informer = new Informer({ client, path: PATH, store, clock, random: () => 0, ...(query ? { query } : {}) });
    store.onChange((key) => this.changes.push(key));
  }

  /** A watch that stays open until the test ends it. */
  open(): Response {
    const stream = new FakeWatch();
    this.streams.push(stream);
    return stream.response;
  }

  get stream(): FakeWatch {
    return this.streams.at(-1)!;
  }

  async start(): Promise<void> {
    this.#running = this.informer.run(this.controller.signal);
    await quiet();
  }

  async stop(): Promise<void> {
    this.controller.abort();
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    assert.equal(this.clock.pendingTimers, 0);
  }

  /** The resourceVersion from which each watch started. */
  get starts(): (string | null)[] {
    return this.cluster.watches.map(({ url }) => url.searchParams.get("resourceVersion"));
  }
}

/** Streams need a few turns of the event loop to hand something on. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settle();
}

export function bookmark(version: number) {
  return { metadata: { resourceVersion: String(version) } };
}
