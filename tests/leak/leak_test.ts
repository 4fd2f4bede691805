/**
 * What the compiled binary still holds in memory after it has worked for a while: `deno task test leak`. The operator of the first
 * test starts before the others, and its five minutes pass while they run.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import { sleep, systemClock } from "../../src/runtime/clock.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { ApiProxy } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { freePort, type OperatorProcess, startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { assertFlat, liveHeap } from "./live_heap.ts";

const MINUTE_MS = 60_000;
/** A machine that is busy with other things too may need so long; how fast anything goes is no matter here. */
const PATIENT = { timeoutMs: 10 * MINUTE_MS, intervalMs: 200 };

const cluster = testCluster();

/** An operator with its metrics, for the namespaces of a scene. */
interface Started extends AsyncDisposable {
  scene: Scene;
  operator: OperatorProcess;
  metricsUrl: string;
}

async function start(
  { kubeconfig = cluster.kubeconfig, namespaces = [], flags = [] }: {
    kubeconfig?: string;
    /** Beside the scene's own. */
    namespaces?: string[];
    flags?: string[];
  } = {},
): Promise<Started> {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await Scene.open(cluster, { stopDuration: 100 }));
  const metrics = `127.0.0.1:${freePort()}`;
  const operator = stack.use(startOperator({
    kubeconfig,
    endpoint: scene.standIn.url,
    flags: [
      "--namespace",
      [scene.namespace, ...namespaces].join(),
      "--poll-interval",
      "100ms",
      "--metrics-bind-address",
      metrics,
      ...flags,
    ],
  }));
  await operator.untilLogged("Ready", PATIENT);
  // The resources go with the control plane: no other operator is for these namespaces.
  const owned = stack.move();
  return { scene, operator, metricsUrl: `http://${metrics}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function createRunning({ scene }: Started, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `job-${i}`);
  for (const name of names) await scene.resources.create(name);
  for (const name of names) await scene.resources.untilStatus(name, "InProgress", PATIENT);
}

let twentyJobs: { ended: Promise<{ before: number; after: number; calls: number }> } & AsyncDisposable;

Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  const started = await start();
  const stopping = new AbortController();
  const { signal } = stopping;
  const measure = async () => {
    await createRunning(started, 20);
    await sleep(systemClock, MINUTE_MS, signal);
    const before = await liveHeap(started.metricsUrl);
    const calls = started.scene.count("ListProcessingJobs");
    await sleep(systemClock, 5 * MINUTE_MS, signal);
    const after = await liveHeap(started.metricsUrl);
    return { before, after, calls: started.scene.count("ListProcessingJobs") - calls };
  };
  const ended = measure();
  // A failure is seen by the test that waits for it.
  ended.catch(() => {});
  twentyJobs = {
    ended,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended.catch(() => {});
      await started[Symbol.asyncDispose]();
    },
  };
});
Deno.test.afterAll(async () => await twentyJobs?.[Symbol.asyncDispose]());

/** A test that the operator with twenty jobs goes on beside, so what is open at its end need not be its own. */
function leakTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Creates resources and deletes them again, so many in all, a hundred at a time. */
async function churn({ scene }: Started, total: number, prefix: string): Promise<void> {
  const { resources } = scene;
  const path = `/apis/${API_VERSION}/namespaces/${scene.namespace}/${PLURAL}?limit=1`;
  for (let first = 0; first < total; first += 100) {
    const names = Array.from({ length: Math.min(100, total - first) }, (_, i) => `${prefix}-${first + i}`);
    const expected = scene.count("CreateProcessingJob") + names.length;
    await inTens(names, (name) => surely(/AlreadyExists/, () => resources.create(name)));
    await eventually("each has its job", () => assert.ok(scene.count("CreateProcessingJob") >= expected), PATIENT);
    await inTens(names, (name) => surely(/NotFound/, () => resources.delete(name)));
    await eventually("all are gone", async () => {
      assert.deepEqual((await cluster.request("GET", path)).body.items, []);
    }, PATIENT);
  }
}

/** Waits until all Events have been sent: on a busy machine thousands wait, and each takes memory until then. */
async function untilEventsAreSent({ scene }: Started): Promise<void> {
  const path = `/apis/events.k8s.io/v1/namespaces/${scene.namespace}/events?limit=1`;
  let [count, since] = [-1, 0];
  await eventually("no Event comes for 10 s", async () => {
    const { items, metadata } = (await cluster.request("GET", path)).body;
    const now = items.length + (metadata.remainingItemCount ?? 0);
    if (now !== count) [count, since] = [now, systemClock.monotonic()];
    assert.ok(systemClock.monotonic() - since >= 10_000, `${count} Events, and more are coming`);
  }, { ...PATIENT, intervalMs: 1_000 });
}

/** Sends a request, again if need be; an answer like `done` says that it had been carried out although its answer was late. */
async function surely(done: RegExp, send: () => Promise<unknown>): Promise<void> {
  await eventually("the apiserver answers", async () => {
    await send().catch((error) => {
      if (!done.test(String(error))) throw error;
    });
  }, PATIENT);
}

async function inTens<T>(values: T[], act: (value: T) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < values.length; first += 10) await Promise.all(values.slice(first, first + 10).map(act));
}

leakTest("2,000 creates and deletes leave nothing in the compiled binary's live heap", async () => {
  await using started = await start();
  // As many as what is remembered of the latest resources takes to be full: tombstones, Events, texts.
  await churn(started, 1_500, "early");
  await untilEventsAreSent(started);
  const before = await liveHeap(started.metricsUrl);
  await churn(started, 2_000, "late");
  await untilEventsAreSent(started);
  const after = await liveHeap(started.metricsUrl);
  assertFlat("2,000 creates and deletes", before, after);
});

leakTest("500 lost watches leave nothing in the compiled binary's live heap", async () => {
  await using proxy = await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)));
  const kubeconfig = await proxy.writeKubeconfig(join(cluster.folder, "leak.kubeconfig"));
  // Each namespace has a watch of its own, so that five are lost at a time.
  const namespaces = [];
  for (let i = 0; i < 4; i++) namespaces.push(await cluster.freshNamespace());
  await using started = await start({ kubeconfig, namespaces });
  await createRunning(started, 5);
  const lose = async (count: number) => {
    for (let lost = 0; lost < count; lost += 5) {
      await eventually("five watches are open", () => assert.equal(proxy.watches.length, 5), PATIENT);
      // A watch that was open for a second is opened again at once.
      await sleep(systemClock, 1_050);
      proxy.cutWatches(lost % 2 === 0 ? "reset" : "close");
    }
  };
  await lose(100);
  const before = await liveHeap(started.metricsUrl);
  await lose(500);
  const after = await liveHeap(started.metricsUrl);
  assertFlat("500 lost watches", before, after);
});

leakTest(
  "20 running jobs at --poll-interval 100ms leave nothing in the compiled binary's live heap in five minutes",
  async () => {
    const { before, after, calls } = await twentyJobs.ended;
    // Lists take at most one call a second, however short the poll interval is.
    assert.ok(calls > 200, `${calls} calls only`);
    assertFlat(`five minutes with ${calls} lists`, before, after);
  },
);
