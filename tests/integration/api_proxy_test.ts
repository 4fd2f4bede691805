/** The proxy that other tests harm the operator with, between plain requests and a real apiserver. */
import assert from "node:assert/strict";
import { decodeLines } from "../../src/kubernetes/watch.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { type ApiEvent, ApiProxy, type ApiRequest } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { LocalOperator } from "../support/local_operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** ConfigMaps of a namespace of their own, behind a proxy. */
class Bench implements AsyncDisposable {
  readonly proxy: ApiProxy;
  readonly namespace: string;
  readonly path: string;

  private constructor(proxy: ApiProxy, namespace: string) {
    this.proxy = proxy;
    this.namespace = namespace;
    this.path = `/api/v1/namespaces/${namespace}/configmaps`;
  }

  static async open(): Promise<Bench> {
    const access = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
    return new Bench(await ApiProxy.start(access), await cluster.freshNamespace("proxy"));
  }

  /** Through the proxy, as a client does. */
  async fetch(method: string, path = "", body?: unknown): Promise<Response> {
    return await fetch(this.proxy.url + this.path + path, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
      headers: { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
      signal: AbortSignal.timeout(10_000),
    });
  }

  /** Makes a ConfigMap, past the proxy. */
  async create(name: string): Promise<void> {
    assert.equal((await cluster.request("POST", this.path, { metadata: { name } })).status, 201);
  }

  /** The names there are, past the proxy. */
  async names(): Promise<string[]> {
    const { items } = (await cluster.request("GET", this.path)).body;
    return namesOf(items);
  }

  async resourceVersion(): Promise<string> {
    return (await cluster.request("GET", this.path)).body.metadata.resourceVersion;
  }

  /** Watches through the proxy from `resourceVersion`. */
  async watch(resourceVersion: string): Promise<Watch> {
    const response = await this.fetch("GET", `?watch=true&resourceVersion=${resourceVersion}`);
    return new Watch(response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}

/** A watch as its client sees it. */
class Watch implements AsyncDisposable {
  readonly status: number;
  readonly #body: ReadableStream<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  constructor(response: Response) {
    this.status = response.status;
    this.#body = response.body!;
    this.#lines = decodeLines(response.body!);
  }

  /** The next event, as `TYPE name`; undefined once the watch has ended in order. */
  async next(): Promise<string | undefined> {
    const line = await this.#lines.next();
    if (line.done) return undefined;
    const { type, object }: ApiEvent = JSON.parse(line.value);
    return `${type} ${object.metadata.name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.return(undefined);
    // A generator that was never asked for anything has not begun to read, and leaves the body open.
    await this.#body.cancel().catch(() => {});
  }
}

function namesOf(items: { metadata: { name: string } }[]): string[] {
  return items.map(({ metadata }) => metadata.name).filter((name) => name !== "kube-root-ca.crt");
}

Deno.test("ApiProxy passes requests and their answers on, with its own token unless they bring one", async () => {
  await using bench = await Bench.open();
  const seen: ApiRequest[] = [];
  bench.proxy.intercept = (request) => void seen.push(request);
  const created = await bench.fetch("POST", "", { metadata: { name: "größe" } });
  assert.equal(created.status, 422);
  assert.match((await created.json()).message, /größe/);
  assert.equal((await (await bench.fetch("POST", "", { metadata: { name: "a" } })).json()).metadata.name, "a");
  const listed = await (await bench.fetch("GET", "?limit=5")).json();
  assert.deepEqual(namesOf(listed.items), ["a"]);
  await (await bench.fetch("DELETE", "/a")).body?.cancel();
  assert.deepEqual(seen.map(({ sequence, verb, name }) => `${sequence} ${verb} ${name}`.trim()), [
    "1 create",
    "2 create",
    "3 list",
    "4 delete a",
  ]);
  const refused = await fetch(bench.proxy.url + bench.path, { headers: { authorization: "Bearer nonsense" } });
  assert.equal(refused.status, 401);
  await refused.body?.cancel();
});

Deno.test("ApiProxy answers in the apiserver's place", async () => {
  await using bench = await Bench.open();
  bench.proxy.intercept = () => ({ status: 429, headers: { "retry-after": "7" }, body: '{"kind":"Status"}' });
  const answer = await bench.fetch("POST", "", { metadata: { name: "a" } });
  assert.deepEqual([answer.status, answer.headers.get("retry-after"), await answer.json()], [429, "7", {
    kind: "Status",
  }]);
  assert.deepEqual(await bench.names(), []);
  const gone = await bench.fetch("GET", "?watch=true");
  assert.equal(gone.status, 429);
  await gone.body?.cancel();
});

Deno.test("ApiProxy resets before the apiserver hears of it, or after", async () => {
  await using bench = await Bench.open();
  bench.proxy.intercept = ({ verb }) => verb === "create" ? "reset" : undefined;
  await assert.rejects(bench.fetch("POST", "", { metadata: { name: "never" } }), TypeError);
  assert.deepEqual(await bench.names(), []);
  bench.proxy.intercept = async ({ verb }, { forward }) => {
    if (verb !== "create") return undefined;
    await forward();
    return "reset";
  };
  await assert.rejects(bench.fetch("POST", "", { metadata: { name: "lost" } }), TypeError);
  assert.deepEqual(await bench.names(), ["lost"]);
});

Deno.test("ApiProxy lets an answer be read and changed", async () => {
  await using bench = await Bench.open();
  await bench.create("a");
  bench.proxy.intercept = async (_request, { forward }) => {
    const answer = await forward();
    return { ...answer, body: answer.body.replaceAll('"a"', '"b"') };
  };
  const listed = await (await bench.fetch("GET")).json();
  assert.deepEqual(namesOf(listed.items), ["b"]);
});

Deno.test("ApiProxy hangs until the client leaves, and tells the hook of that", async () => {
  await using bench = await Bench.open();
  const leaving = new AbortController();
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  bench.proxy.intercept = (_request, { signal }) => {
    signal.addEventListener("abort", () => leave());
    arrive();
    return "hang";
  };
  const hanging = fetch(bench.proxy.url + bench.path, { signal: leaving.signal });
  await arrived;
  leaving.abort();
  await assert.rejects(hanging, { name: "AbortError" });
  await left;
});

Deno.test("ApiProxy ends what hangs when it is disposed of", async () => {
  const bench = await Bench.open();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  bench.proxy.intercept = () => {
    arrive();
    return "hang";
  };
  const hanging = assert.rejects(bench.fetch("GET"), TypeError);
  await arrived;
  await bench[Symbol.asyncDispose]();
  await hanging;
});

Deno.test("ApiProxy drops, duplicates, reorders and delays single watch events", async () => {
  await using bench = await Bench.open();
  let held: ApiEvent | undefined;
  const { promise: release, resolve: go } = Promise.withResolvers<void>();
  bench.proxy.onEvent = async (event) => {
    switch (event.object.metadata.name) {
      case "dropped":
        return [];
      case "twice":
        return [event, event];
      case "second":
        held = event;
        return [];
      case "first":
        return [event, held!];
      case "late":
        await release;
    }
    return undefined;
  };
  await using watch = await bench.watch(await bench.resourceVersion());
  for (const name of ["dropped", "twice", "second", "first", "late", "last"]) await bench.create(name);
  const seen: unknown[] = [];
  for (let count = 0; count < 4; count++) seen.push(await watch.next());
  assert.deepEqual(seen, ["ADDED twice", "ADDED twice", "ADDED first", "ADDED second"]);
  const late = watch.next();
  assert.equal(await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 100, "nothing"))]), "nothing");
  go();
  assert.deepEqual([await late, await watch.next()], ["ADDED late", "ADDED last"]);
});

Deno.test("ApiProxy cuts running watches, with a RST or in order", async () => {
  await using bench = await Bench.open();
  const from = await bench.resourceVersion();
  await using closed = await bench.watch(from);
  await using cut = await bench.watch(from);
  assert.equal(bench.proxy.watches.length, 2);
  await bench.create("a");
  assert.deepEqual([await closed.next(), await cut.next()], ["ADDED a", "ADDED a"]);
  const [first] = bench.proxy.watches;
  bench.proxy.cutWatches("close", (watch) => watch === first);
  assert.equal(await closed.next(), undefined);
  bench.proxy.cutWatches("reset");
  await assert.rejects(cut.next());
  await eventually("no watch is left", () => assert.deepEqual(bench.proxy.watches, []));
});

Deno.test("ApiProxy forgets a watch whose client has left", async () => {
  await using bench = await Bench.open();
  {
    await using _watch = await bench.watch(await bench.resourceVersion());
    assert.equal(bench.proxy.watches.length, 1);
  }
  await eventually("the watch is gone", () => assert.deepEqual(bench.proxy.watches, []));
});

Deno.test("ApiProxy.staleAt() shows lists of the past and holds watches back until it is released", async () => {
  await using bench = await Bench.open();
  await bench.create("old");
  const past = await bench.resourceVersion();
  await bench.create("new");
  using stale = bench.proxy.staleAt(past);
  const list = await (await bench.fetch("GET", "?limit=500")).json();
  assert.deepEqual([namesOf(list.items), list.metadata.resourceVersion], [["old"], past]);
  await using watch = await bench.watch(past);
  assert.equal(watch.status, 200);
  const event = watch.next();
  assert.equal(await Promise.race([event, new Promise((resolve) => setTimeout(resolve, 100, "nothing"))]), "nothing");
  assert.equal((await (await bench.fetch("GET", "/new")).json()).metadata.name, "new", "single reads aren't cached");
  stale.release();
  assert.equal(await event, "ADDED new");
  assert.deepEqual(namesOf((await (await bench.fetch("GET")).json()).items), ["new", "old"]);
});

Deno.test("The operator works through the proxy", async () => {
  const access = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  await using proxy = await ApiProxy.start(access);
  await using scene = await Scene.open(cluster);
  const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/proxied.kubeconfig`);
  const patches: string[] = [];
  proxy.intercept = ({ verb, subresource }) => {
    if (verb === "patch") patches.push(subresource);
    return undefined;
  };
  await using _operator = await LocalOperator.start({
    kubeconfig,
    namespaces: [scene.namespace],
    endpoints: { endpointUrl: scene.standIn.url },
  });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed");
  assert.ok(patches.includes("") && patches.includes("status"), patches.join());
});
