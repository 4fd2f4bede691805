/** The Kubernetes side over a real kube-apiserver, whose connections are cut, frozen and refused. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { KubeClient, KubeError } from "../../src/kubernetes/client.ts";
import { type Cluster, loadCluster } from "../../src/kubernetes/config.ts";
import { Informer } from "../../src/kubernetes/informer.ts";
import { keyOf, type KubeObject } from "../../src/kubernetes/objects.ts";
import { Store } from "../../src/kubernetes/store.ts";
import { watch } from "../../src/kubernetes/watch.ts";
import { type Clock, systemClock } from "../../src/runtime/clock.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
}

/** Of its own, because it is restarted. */
let controlPlane: ControlPlane;
let admin: KubeClient;
Deno.test.beforeAll(async () => {
  controlPlane = await startControlPlane();
  admin = new KubeClient(await loadCluster({ kubeconfig: controlPlane.kubeconfig, env: new Map() }));
});
Deno.test.afterAll(async () => {
  admin.cluster.close();
  await controlPlane.stop();
});

function configMapsOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/configmaps`;
}

/** A namespace, and an informer of its ConfigMaps that reaches the API server through a proxy. */
class Bench implements AsyncDisposable {
  readonly store = new Store<ConfigMap>();
  readonly lists: string[] = [];
  readonly informer: Informer<ConfigMap>;
  readonly proxy: TcpProxy;
  readonly path: string;
  readonly #cluster: Cluster;
  readonly #controller = new AbortController();
  readonly #running: Promise<void>;

  private constructor(
    readonly namespace: string,
    { proxy, cluster, clock, canStream }: { proxy: TcpProxy; cluster: Cluster; clock: Clock; canStream: boolean },
  ) {
    const path = this.path = configMapsOf(namespace);
    this.proxy = proxy;
    this.#cluster = cluster;
    const counted: Cluster = {
      ...{ server: cluster.server, source: cluster.source, namespace: cluster.namespace, close() {} },
      fetch: (url, init) => {
        const isStream = url.includes("sendInitialEvents=true");
        if (isStream && !canStream) return Promise.resolve(Response.json({ reason: "Invalid" }, { status: 422 }));
        if (isStream || !url.includes("watch=true")) this.lists.push(url);
        return cluster.fetch(url, init);
      },
    };
    this.informer = new Informer({ client: new KubeClient(counted, { clock }), path, store: this.store, clock });
    this.#running = this.informer.run(this.#controller.signal);
  }

  static async open(
    { clock = systemClock, count = 3, canStream = true }: { clock?: Clock; count?: number; canStream?: boolean } = {},
  ): Promise<Bench> {
    const { metadata } = await admin.create<KubeObject>("/api/v1/namespaces", {
      metadata: { generateName: "informer-" },
    });
    const path = configMapsOf(metadata.name);
    for (let start = 0; start < count; start += 20) {
      const names = Array.from({ length: Math.min(20, count - start) }, (_, index) => `map-${start + index}`);
      await Promise.all(names.map((name) => admin.create(path, { metadata: { name } })));
    }
    const proxy = await TcpProxy.start({ hostname: "127.0.0.1", port: Number(new URL(controlPlane.url).port) });
    const kubeconfig = join(controlPlane.dir, `${metadata.name}.kubeconfig`);
    const text = await Deno.readTextFile(controlPlane.kubeconfig);
    await Deno.writeTextFile(kubeconfig, text.replace(controlPlane.url, `https://127.0.0.1:${proxy.port}`));
    const cluster = await loadCluster({ kubeconfig, env: new Map() });
    return new Bench(metadata.name, { proxy, cluster, clock, canStream });
  }

  /** One object made, one changed, one deleted. */
  async change(round: string): Promise<void> {
    await admin.create(this.path, { metadata: { name: `made-${round}` } });
    await admin.patch(`${this.path}/map-0`, { data: { round } }, { type: "merge" });
    await admin.create(this.path, { metadata: { name: `short-lived-${round}` } });
    await admin.delete(`${this.path}/short-lived-${round}`);
  }

  /** Waits until the store holds exactly what a list gives. */
  async agrees(timeoutMs = 15_000): Promise<void> {
    const { items } = await admin.list<ConfigMap>(this.path);
    const truth = items.map((item) => [keyOf(item), item.metadata.resourceVersion]).sort();
    await eventually("the store agrees with a list", () => {
      const known = this.store.keys().map((key) => [key, this.store.get(key)!.metadata.resourceVersion]).sort();
      assert.deepEqual(known, truth);
    }, { timeoutMs });
  }

  async watching(): Promise<void> {
    await eventually("the informer watches", () => assert.equal(this.informer.status().state, "watching"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#running;
    this.#cluster.close();
    await this.proxy[Symbol.asyncDispose]();
  }
}

for (const [canStream, how, lists] of [[true, "in one stream", 1], [false, "in pages", 5]] as const) {
  Deno.test(`an informer lists 1,200 objects ${how} and follows what happens to them`, async () => {
    await using bench = await Bench.open({ count: 1200, canStream });
    await bench.informer.synced;
    await bench.agrees();
    assert.ok(bench.store.size >= 1200);
    assert.equal(bench.lists.length, lists);
    await bench.watching();
    await bench.change("after");
    await bench.agrees();
    const changed = bench.store.get(`${bench.namespace}/map-0`);
    assert.equal(changed?.data?.round, "after");
    assert.equal(changed.metadata.managedFields, undefined);
    assert.equal(bench.lists.length, lists);
  });
}

for (const how of ["reset", "close"] as const) {
  Deno.test(`an informer whose watch is cut by a ${how} misses nothing and doesn't list again`, async () => {
    await using bench = await Bench.open();
    await bench.watching();
    // A watch that is cut within its first second counts as a failure and is resumed a little later.
    for (let round = 0; round < 3; round++) {
      bench.proxy.cut(how);
      await bench.change(String(round));
      await bench.agrees();
    }
    assert.equal(bench.lists.length, 1);
  });
}

Deno.test("an informer whose connection has died without a word takes another, misses nothing and doesn't list again", async () => {
  const clock = new FakeClock();
  await using bench = await Bench.open({ clock });
  await bench.watching();
  bench.proxy.freeze();
  await bench.change("unseen");
  await clock.advance(27_000);
  assert.equal(bench.store.size, 3);
  await clock.advance(1000);
  await bench.agrees();
  assert.equal(bench.informer.status().state, "watching");
  assert.equal(bench.lists.length, 1);
});

// The server that it stops and starts again is the file's, not the test's.
const restarts = { sanitizeOps: false, sanitizeResources: false };
Deno.test("an informer misses nothing when the API server is restarted", restarts, async () => {
  await using bench = await Bench.open();
  await bench.watching();
  await bench.change("before");
  await controlPlane.stopApiserver();
  await eventually("the informer says so", () => {
    const { state, error } = bench.informer.status();
    assert.equal(state, "failing");
    assert.match(error!, /^Cannot reach the API server at 'https:.*: the connection was (refused|lost)/);
  });
  await controlPlane.startApiserver();
  await bench.change("after");
  await bench.agrees(45_000);
  await bench.watching();
  assert.equal(bench.informer.status().error, undefined);
});

Deno.test("an informer waits for its resource type, outlives its removal, and finds it again", async () => {
  const clock = new FakeClock();
  const client = new KubeClient(admin.cluster, { clock });
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const crd = {
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  };
  const path = "/apis/example.com/v1/namespaces/default/things";
  const object = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "one" } };
  const store = new Store<KubeObject>();
  const informer = new Informer({ client, path, store, clock });
  const controller = new AbortController();
  const running = informer.run(controller.signal);
  const reaches = (state: string, size: number) =>
    eventually(`the informer is ${state}`, async () => {
      await clock.advance(500);
      assert.deepEqual([informer.status().state, store.size], [state, size]);
    });
  try {
    for (let round = 0; round < 2; round++) {
      await reaches("missing", 0);
      await admin.create(crds, crd);
      await reaches("watching", 0);
      await eventually("an object can be made", () => admin.create(path, object));
      await reaches("watching", 1);
      await admin.delete(`${crds}/things.example.com`);
    }
    await reaches("missing", 0);
  } finally {
    controller.abort();
    await running;
  }
});

Deno.test("watch() throws 410 when it starts at a version that is no longer kept", async () => {
  const { signal } = new AbortController();
  const options = { resourceVersion: "1", timeoutSeconds: 5, idleMs: 10_000, clock: systemClock, signal };
  const events = watch(admin, "/api/v1/configmaps", options);
  await assert.rejects(events.next(), (error) => error instanceof KubeError && error.status === 410);
});

Deno.test("a pod's service account is taken, its token followed, and what is wrong with it told", async () => {
  const directory = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(join(directory, name), text);
  const { hostname, port } = new URL(controlPlane.url);
  const env = new Map([["KUBERNETES_SERVICE_HOST", hostname], ["KUBERNETES_SERVICE_PORT", port]]);
  const open = () => loadCluster({ env, serviceAccount: directory });
  const version = async (cluster: Cluster) => await new KubeClient(cluster).get<{ major: string }>("/version");
  try {
    await write("ca.crt", await Deno.readTextFile(controlPlane.caFile));
    await write("token", controlPlane.adminToken);
    const cluster = await open();
    assert.equal((await version(cluster)).major, "1");
    cluster.close();

    await write("token", "expired");
    const refused = await open();
    await assert.rejects(version(refused), {
      status: 401,
      message: "Cannot GET '/version': the API server does not accept the credentials of the pod's service account; " +
        "log in again or renew them (401)",
    });
    await write("token", controlPlane.adminToken);
    assert.equal((await version(refused)).major, "1");
    refused.close();

    await Deno.remove(join(directory, "ca.crt"));
    const untrusting = await open();
    await assert.rejects(version(untrusting), { status: 0, reason: "CertificateUntrusted" });
    untrusting.close();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
