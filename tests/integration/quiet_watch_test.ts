/** An operator on a cluster where nothing happens: a real kube-apiserver that is fresh sends its watches no bookmarks. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Cluster } from "../../src/kubernetes/config.ts";
import { sleep } from "../../src/runtime/clock.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { LocalOperator } from "../support/local_operator.ts";
import { installCrd } from "../support/resources.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { warningsOf } from "../support/warnings.ts";

/** Ten minutes take one. */
const SPEED = 10;

let controlPlane: ControlPlane;
Deno.test.beforeAll(async () => {
  controlPlane = await startControlPlane();
  await installCrd(controlPlane);
  // The watch cache of a kind that an apiserver has seen made is not fresh any more.
  await controlPlane.stopApiserver();
  await controlPlane.startApiserver();
});
Deno.test.afterAll(() => controlPlane.stop());

/** Starts an operator that reaches the API server through a proxy; tells of what it asks for. */
async function start() {
  const proxy = await TcpProxy.start({ hostname: "127.0.0.1", port: Number(new URL(controlPlane.url).port) });
  const kubeconfig = join(controlPlane.dir, "proxied.kubeconfig");
  const text = await Deno.readTextFile(controlPlane.kubeconfig);
  await Deno.writeTextFile(kubeconfig, text.replace(controlPlane.url, `https://127.0.0.1:${proxy.port}`));
  const requests: string[] = [];
  const wrap = (cluster: Cluster): Cluster => ({
    ...{ server: cluster.server, source: cluster.source, namespace: cluster.namespace },
    close: () => cluster.close(),
    async fetch(path, init) {
      const response = await cluster.fetch(path, init);
      // At its start an API server answers 429 for a moment.
      if (response.status !== 429) requests.push(path);
      return response;
    },
  });
  const clock = fastClock(SPEED);
  const operator = await LocalOperator.start({
    kubeconfig,
    clock,
    wrap,
    endpoints: { endpointUrl: "http://127.0.0.1:1" },
    // Without this there is a warning at the start.
    allowed: { roleArns: ["arn:aws:iam::*:role/*"], regions: [] },
  });
  const isList = (path: string) => path.includes("sendInitialEvents=true") || !path.includes("watch=true");
  await eventually("both watches are open", () => assert.ok(requests.filter((path) => !isList(path)).length >= 2));
  return {
    clock,
    proxy,
    lists: () => requests.filter(isList).filter((path) => !path.endsWith("/namespaces/default")),
    watches: () => requests.filter((path) => !isList(path)),
    async [Symbol.asyncDispose]() {
      await operator.stop();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

Deno.test("an operator idle on a fresh API server for ten minutes gives no warning and lists once", async () => {
  const warnings = await warningsOf(async () => {
    await using idle = await start();
    await sleep(idle.clock, 10 * 60_000);
    assert.equal(idle.lists().length, 2, idle.lists().join("\n"));
    assert.ok(idle.watches().length >= 2 * 20, `${idle.watches().length} watches`);
  });
  assert.deepEqual(warnings.map(({ message, properties }) => [message, properties]), []);
});

Deno.test("an operator finds within 45 s that its API server is frozen for good", async () => {
  await warningsOf(async (warnings) => {
    await using frozen = await start();
    assert.equal(warnings.length, 0);
    const since = frozen.clock.monotonic();
    frozen.proxy.freeze({ forGood: true });
    const both = () => assert.equal(warnings.length, 2);
    await eventually("both watches are given up", both, { intervalMs: 20 });
    const tookMs = frozen.clock.monotonic() - since;
    // What a step of the loop takes counts ten times.
    assert.ok(tookMs <= 45_000 + 100 * SPEED, `it took ${tookMs} ms`);
    for (const { properties: { error } } of warnings) {
      assert.match(String(error), /^Cannot reach the API server at .*: not a byte came in 15 s/);
    }
  });
});

Deno.test("an operator whose connections alone are dead takes others without a warning or a list", async () => {
  const warnings = await warningsOf(async () => {
    await using idle = await start();
    const before = idle.watches().length;
    idle.proxy.freeze();
    await eventually("both watches are asked for anew", () => assert.ok(idle.watches().length >= before + 4));
    assert.equal(idle.lists().length, 2, idle.lists().join("\n"));
  });
  assert.deepEqual(warnings.map(({ message, properties }) => [message, properties]), []);
});
