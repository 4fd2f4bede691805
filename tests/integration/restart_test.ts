/** What must survive: the operator's end at any moment, answers that are lost, and records that go away. */
import assert from "node:assert/strict";
import { FINALIZER } from "../../src/api/group.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { startOperator } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const invalid = () => errorAnswer("ValidationException", "no such image");
const throttled = () => errorAnswer("ThrottlingException", "Rate exceeded");

/** How a resource comes into each state, and what becomes of it after a restart. */
const RESTARTS: { state: string; bring?: (scene: Scene) => Promise<void> | void; then: string; creates?: number }[] = [
  { state: "InProgress", then: "InProgress" },
  { state: "Stopping", bring: (scene) => scene.finish("job", "Stopping"), then: "Stopping" },
  { state: "Completed", bring: (scene) => scene.finish("job", "Completed"), then: "Completed" },
  { state: "Failed", bring: (scene) => scene.finish("job", "Failed", "AlgorithmError"), then: "Failed" },
  { state: "Stopped", bring: (scene) => scene.finish("job", "Stopped"), then: "Stopped" },
  { state: "Error", bring: (scene) => void (scene.standIn.intercept = invalid), then: "Error", creates: 0 },
  { state: "Reconciling", bring: (scene) => void (scene.standIn.intercept = throttled), then: "InProgress" },
];

for (const { state, bring, then, creates = 1 } of RESTARTS) {
  Deno.test(`restart while ${state}: the resource goes on to ${then}, with ${creates} job in all`, async () => {
    await using scene = await Scene.open(cluster);
    const first = await scene.startOperator();
    const neverCreated = state === "Error" || state === "Reconciling";
    if (neverCreated) await bring?.(scene);
    await scene.resources.create("job");
    if (!neverCreated) {
      await scene.resources.untilStatus("job", "InProgress");
      await bring?.(scene);
    }
    await scene.resources.untilStatus("job", state);
    await first.stop();

    scene.standIn.intercept = undefined;
    await scene.startOperator();
    // What comes in later tells that the operator has been through what was there before.
    await scene.resources.create("later");
    await scene.resources.untilStatus("later", "InProgress");
    await scene.resources.untilStatus("job", then);
    const name = jobNameOf(await scene.resources.get("job"));
    assert.equal(scene.standIn.created.filter((job) => job.name === name).length, creates);
  });
}

Deno.test("restart while a job runs: its end is seen though it came while nobody looked", async () => {
  await using scene = await Scene.open(cluster);
  const first = await scene.startOperator();
  await scene.resources.create("ends");
  await scene.resources.create("goes");
  await scene.resources.untilStatus("ends", "InProgress");
  await scene.resources.untilStatus("goes", "InProgress");
  await first.stop();
  await scene.finish("ends", "Completed");
  await scene.resources.delete("goes");

  await scene.startOperator();
  await scene.resources.untilStatus("ends", "Completed");
  await scene.resources.untilStatus("goes", "Stopping");
  await scene.finish("goes", "Stopped");
  await scene.resources.untilGone("goes");
  assert.equal(scene.count("CreateProcessingJob"), 2);
});

Deno.test("restart during a deletion: the job is waited for, and not stopped a second time", async () => {
  await using scene = await Scene.open(cluster);
  const first = await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.resources.delete("job");
  await scene.resources.untilStatus("job", "Stopping");
  await first.stop();

  await scene.startOperator();
  const looks = scene.count("DescribeProcessingJob");
  await eventually("the new operator looks", () => assert.ok(scene.count("DescribeProcessingJob") > looks + 2));
  assert.deepEqual((await scene.resources.get("job")).metadata.finalizers, [FINALIZER]);
  await scene.finish("job", "Stopped");
  await scene.resources.untilGone("job");
  assert.equal(scene.count("StopProcessingJob"), 1);
});

/** Makes a resource, and lets the operator die once SageMaker has its job and before the answer is there. */
async function crashAfterCreate(scene: Scene): Promise<void> {
  const created = Promise.withResolvers<void>();
  scene.standIn.intercept = (operation, _, { apply }) => {
    if (operation !== "CreateProcessingJob") return;
    apply();
    created.resolve();
    return "hang";
  };
  const flags = ["--namespace", scene.namespace];
  await using operator = startOperator({ kubeconfig: cluster.kubeconfig, endpoint: scene.standIn.url, flags });
  await scene.resources.create("job");
  await created.promise;
  await operator.kill();
}

Deno.test("crash between the create and its answer: the next operator finds the job and makes no other", async () => {
  await using scene = await Scene.open(cluster);
  await crashAfterCreate(scene);
  assert.equal((await scene.resources.get("job")).status?.observedGeneration, -1, "it had no time for a status");

  scene.standIn.intercept = undefined;
  await scene.startOperator();
  const { status } = await scene.resources.untilStatus("job", "InProgress");
  assert.equal(status?.processingJobArn, scene.standIn.created[0]?.arn);
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("crash between the create and its answer, then a deletion: the job that nobody knew of is stopped", async () => {
  await using scene = await Scene.open(cluster);
  await crashAfterCreate(scene);
  await scene.resources.delete("job");

  await scene.startOperator();
  await scene.resources.untilStatus("job", "Stopping");
  await scene.finish("job", "Stopped");
  await scene.resources.untilGone("job");
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("lost answer to a create: the job is found again, and there is one", async () => {
  await using scene = await Scene.open(cluster);
  let lost = 0;
  scene.standIn.intercept = (operation, _, { apply }) => {
    // The SDK tries once more by itself; that answer is lost too.
    if (operation !== "CreateProcessingJob" || lost++ >= 2) return;
    apply();
    return "reset";
  };
  await scene.startOperator();
  await scene.resources.create("job");
  const { status } = await scene.resources.untilStatus("job", "InProgress");
  assert.equal(status?.processingJobArn, scene.standIn.created[0]?.arn);
  assert.equal(scene.standIn.created.length, 1);
  assert.ok(lost >= 2);
});

Deno.test("record of a running job is deleted: the resource becomes Error after a while, and no second job is made", async () => {
  await using scene = await Scene.open(cluster, { clock: fastClock(30) });
  await scene.startOperator({ pollIntervalMs: 3000 });
  const resource = await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  scene.standIn.deleteRecord(jobNameOf(resource));
  const doubtful = await scene.resources.untilStatus("job", "Reconciling");
  assert.match(doubtful.status?.additional ?? "", /does not show/);
  const lost = await scene.resources.untilStatus("job", "Error");
  assert.match(lost.status?.additional ?? "", /its record was deleted/);
  assert.equal(lost.status?.conditions?.find(({ type }) => type === "Ready")?.reason, "JobLost");
  assert.equal(scene.count("CreateProcessingJob"), 1);

  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
});

Deno.test("record that is gone does not hold a deletion", async () => {
  await using scene = await Scene.open(cluster, { clock: fastClock(30) });
  await scene.startOperator({ pollIntervalMs: 3000 });
  const resource = await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  scene.standIn.deleteRecord(jobNameOf(resource));
  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
  assert.equal(scene.count("CreateProcessingJob"), 1);
});
