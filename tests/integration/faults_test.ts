/** What goes wrong between the operator, its cluster and SageMaker, and that everything ends well all the same. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { sleep, systemClock } from "../../src/runtime/clock.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { freePort } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

for (const how of ["reset", "close"] as const) {
  Deno.test(`watch that is cut by a ${how}: what comes afterwards is seen`, async () => {
    const { hostname, port } = new URL(cluster.url);
    await using proxy = await TcpProxy.start({ hostname, port: Number(port) });
    const kubeconfig = `${cluster.folder}/proxied-${how}.kubeconfig`;
    const text = await Deno.readTextFile(cluster.kubeconfig);
    await Deno.writeTextFile(kubeconfig, text.replace(cluster.url, `https://127.0.0.1:${proxy.port}`));
    await using scene = await Scene.open(cluster);
    const operator = await scene.startOperator({ kubeconfig });
    await scene.resources.create("before");
    await scene.resources.untilStatus("before", "InProgress");
    assert.ok(proxy.connections > 0);

    proxy.cut(how);
    await scene.resources.create("after");
    await scene.resources.untilStatus("after", "InProgress");
    await scene.finish("before", "Completed");
    await scene.resources.untilStatus("before", "Completed");
    assert.equal(scene.standIn.created.length, 2);
    await operator.stop();
  });
}

Deno.test("restart of the apiserver: what ended meanwhile is written down once it is back", async () => {
  await using controlPlane = await startControlPlane();
  await installCrd(controlPlane);
  await using scene = await Scene.open(controlPlane);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");

  const name = jobNameOf(await scene.resources.get("job"));
  await controlPlane.stopApiserver();
  scene.standIn.finish(name, "Completed");
  const looks = scene.count("DescribeProcessingJob");
  await eventually("the end is seen", () => assert.ok(scene.count("DescribeProcessingJob") > looks));
  await controlPlane.startApiserver();
  await scene.resources.untilStatus("job", "Completed");
  await scene.resources.create("next");
  await scene.resources.untilStatus("next", "InProgress", { timeoutMs: 40_000 });
  assert.equal(scene.standIn.created.length, 2);
});

Deno.test("resource that somebody edits all the time: its status comes through, and no edit is lost", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  const edits = [0, 0, 0, 0];
  let over = false;
  const editing = Promise.all(edits.map(async (_, editor) => {
    while (!over) {
      await scene.resources.patch("job", { metadata: { labels: { [`by-${editor}`]: `${++edits[editor]!}` } } });
      // Else the operator, in a process of its own, may find no moment between two edits.
      await sleep(systemClock, 50);
    }
  }));
  try {
    await scene.resources.untilStatus("job", "InProgress");
    await scene.finish("job", "Completed");
    await scene.resources.untilStatus("job", "Completed");
  } finally {
    over = true;
    await editing;
  }
  assert.deepEqual(Object.values((await scene.resources.get("job")).metadata.labels ?? {}), edits.map(String));
  assert.ok(edits.every((count) => count > 1), `${edits} edits`);
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("throttling: the calls keep to the backoff, whatever is written meanwhile", async () => {
  await using scene = await Scene.open(cluster);
  let attempt = 0;
  scene.standIn.intercept = () => errorAnswer("ThrottlingException", `Rate exceeded, attempt ${++attempt}`);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "Reconciling");
  await sleep(systemClock, 2000);
  // At most at 0, 0.25, 0.75 and 1.75 s, and two attempts each time.
  assert.ok(scene.calls.length <= 8, `${scene.calls.length} calls in two seconds`);
});

Deno.test("SageMaker that cannot be reached: the status says where, and the resource goes on once it can", async () => {
  await using scene = await Scene.open(cluster);
  const port = freePort();
  const endpointUrl = `http://127.0.0.1:${port}`;
  await scene.startOperator({ endpoints: { endpointUrl } });
  await scene.resources.create("job");
  await scene.resources.create("deleted");
  for (const name of ["job", "deleted"]) {
    const { status } = await scene.resources.untilStatus(name, "Reconciling");
    assert.match(status?.additional ?? "", new RegExp(`^Cannot reach SageMaker at '${endpointUrl}': .*ECONNREFUSED`));
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "NetworkUnavailable");
  }
  // Whether a call ever arrived can't be known from here, so the deletion waits; and says so.
  await scene.resources.delete("deleted");
  const deleted = await scene.resources.until("deleted", "is seen as deleted", ({ metadata, status }) => {
    assert.equal(status?.observedGeneration, metadata.generation);
  });
  assert.match(deleted.status?.additional ?? "", /Cannot reach SageMaker/);

  const standIn = await startStandIn({ port });
  try {
    await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
    await scene.resources.untilGone("deleted", { timeoutMs: 30_000 });
    assert.deepEqual(standIn.created.map(({ name }) => name), [jobNameOf(await scene.resources.get("job"))]);
  } finally {
    await standIn.close();
  }
});

Deno.test("SageMaker that is silent for a while: a running job's status says so only after the limit, then goes on", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator({ stalenessMs: 2000 });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  scene.standIn.intercept = () => "reset";
  const silentFrom = Date.now();
  const blind = await scene.resources.untilStatus("job", "Reconciling");
  assert.ok(Date.now() - silentFrom >= 1500, "a short fault is nobody's business");
  assert.match(blind.status?.additional ?? "", /Cannot reach SageMaker/);
  assert.notEqual(blind.status?.processingJobArn, undefined);

  scene.standIn.intercept = undefined;
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 30_000 });
});

Deno.test("call that hangs: the deadline ends it, and other resources do not wait for it", async () => {
  await using scene = await Scene.open(cluster, { clock: fastClock(10) });
  const stuck = await scene.resources.create("stuck");
  scene.standIn.intercept = (_, { ProcessingJobName }) => ProcessingJobName === jobNameOf(stuck) ? "hang" : undefined;
  await scene.startOperator();
  await scene.resources.create("other");
  await scene.resources.untilStatus("other", "InProgress");
  assert.equal((await scene.resources.get("stuck")).status?.observedGeneration, -1);

  const { status } = await scene.resources.untilStatus("stuck", "Reconciling");
  assert.match(status?.additional ?? "", /^No answer from SageMaker at /);
  scene.standIn.intercept = undefined;
  await scene.resources.untilStatus("stuck", "InProgress");
  assert.equal(scene.standIn.created.length, 2);
});

Deno.test("endpoint that is not allowed gets no call; one that is allowed gets the resource's", async () => {
  await using scene = await Scene.open(cluster);
  await using theirs = await Scene.open(cluster);
  const sageMakerEndpoint = theirs.standIn.url;
  const strict = await scene.startOperator();
  await scene.resources.create("job", { spec: { sageMakerEndpoint } });
  const { status } = await scene.resources.untilStatus("job", "Reconciling");
  assert.match(status?.additional ?? "", /--allowed-endpoints/);
  assert.equal(findCondition(status?.conditions, "Ready")?.reason, "EndpointNotAllowed");
  assert.equal(findCondition(status?.conditions, "Ready")?.status, "False");

  await scene.resources.create("regretted", { spec: { sageMakerEndpoint } });
  await scene.resources.untilStatus("regretted", "Reconciling");
  await scene.resources.delete("regretted");
  await scene.resources.untilGone("regretted");
  assert.deepEqual([...scene.calls, ...theirs.calls], []);

  await strict.stop();
  const endpoints = { endpointUrl: scene.standIn.url, allowed: ["http://127.0.0.1:*"] };
  await scene.startOperator({ endpoints });
  await scene.resources.untilStatus("job", "InProgress");
  assert.equal(theirs.standIn.created.length, 1);
  assert.deepEqual(scene.calls, []);
});

Deno.test("region that SageMaker is not in: the status says so, and the deletion is not held", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator({ endpoints: {} });
  await scene.resources.create("job", { spec: { region: "mars-north-1" } });
  const { status } = await scene.resources.untilStatus("job", "Reconciling", { timeoutMs: 30_000 });
  const { reason } = findCondition(status?.conditions, "Ready")!;
  assert.match(status?.additional ?? "", /region 'mars-north-1'/);
  // Where no name server answers, nobody can tell.
  if (reason === "NetworkUnavailable") return;
  assert.equal(reason, "InvalidRegion");
  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
});
