/** What must survive: the operator's end at any moment, lost answers, and the change from the controller before this one. */
import assert from "node:assert/strict";
import { FINALIZER } from "../../src/api/group.ts";
import type { JobStatus } from "../../src/api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
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

Deno.test("crash between the create and its answer: the next operator finds the job and makes no other", async () => {
  await using scene = await Scene.open(cluster);
  const created = Promise.withResolvers<void>();
  scene.standIn.intercept = (operation, _, { apply }) => {
    if (operation !== "CreateProcessingJob") return;
    apply();
    created.resolve();
    return "hang";
  };
  const flags = ["--namespace", scene.namespace];
  await using first = startOperator({ kubeconfig: cluster.kubeconfig, endpoint: scene.standIn.url, flags });
  await scene.resources.create("job");
  await created.promise;
  await first.kill();
  assert.equal((await scene.resources.get("job")).status?.observedGeneration, -1, "it had no time for a status");

  scene.standIn.intercept = undefined;
  await using _second = startOperator({ kubeconfig: cluster.kubeconfig, endpoint: scene.standIn.url, flags });
  const { status } = await scene.resources.untilStatus("job", "InProgress");
  assert.equal(status?.processingJobArn, scene.standIn.created[0]?.arn);
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

/** A status as the controller before this one wrote it: no generation, no conditions, the name whether or not there is a job. */
function formerStatus(word: string, resource: ProcessingJob): ProcessingJobStatus {
  return {
    processingJobStatus: word as NonNullable<ProcessingJobStatus["processingJobStatus"]>,
    additional: "",
    lastCheckTime: "2023-01-31T12:00:00Z",
    cloudWatchLogUrl: "https://us-west-2.console.aws.amazon.com/cloudwatch/home",
    sageMakerProcessingJobName: jobNameOf(resource),
  };
}

/** Leaves a resource as that controller did, with its job in SageMaker as `status` says. */
async function leaveBehind(
  scene: Scene,
  name: string,
  { word, job }: { word: string; job?: JobStatus },
): Promise<void> {
  const resource = await scene.resources.create(name, { metadata: { finalizers: [FINALIZER] } });
  await scene.resources.replaceStatus(name, formerStatus(word, resource));
  if (job === undefined) return;
  await createJob(scene, resource);
  if (job !== "InProgress") await scene.finish(name, job, job === "Failed" ? "AlgorithmError: left behind" : undefined);
}

async function createJob(scene: Scene, resource: ProcessingJob): Promise<void> {
  const answer = await fetch(scene.standIn.url, {
    method: "POST",
    headers: {
      "X-Amz-Target": "SageMaker.CreateProcessingJob",
      Authorization: "AWS4-HMAC-SHA256 Credential=A/20230131/us-west-2/sagemaker/aws4_request, Signature=0",
    },
    body: JSON.stringify(toCreateRequest(resource.spec, jobNameOf(resource))),
  });
  assert.equal(answer.status, 200, await answer.text());
}

Deno.test("takeover: what the former controller left in each state goes on, and no job is made a second time", async () => {
  await using scene = await Scene.open(cluster);
  const table: { word: string; job: JobStatus; then: string }[] = [
    { word: "InProgress", job: "InProgress", then: "InProgress" },
    { word: "InProgress", job: "Completed", then: "Completed" },
    { word: "InProgress", job: "Failed", then: "Failed" },
    { word: "Stopping", job: "Stopping", then: "Stopping" },
    { word: "Stopping", job: "Stopped", then: "Stopped" },
    { word: "Completed", job: "Completed", then: "Completed" },
    { word: "Failed", job: "Failed", then: "Failed" },
    { word: "Stopped", job: "Stopped", then: "Stopped" },
    { word: "Reconciling", job: "InProgress", then: "InProgress" },
    { word: "Error", job: "Completed", then: "Completed" },
    { word: "SynchronizingK8sJobWithSageMaker", job: "InProgress", then: "InProgress" },
  ];
  const nameOf = ({ word, job }: typeof table[number]) => `${word}-${job}`.toLowerCase();
  for (const row of table) await leaveBehind(scene, nameOf(row), row);
  scene.calls.length = 0;
  await scene.startOperator();
  for (const row of table) {
    const { status } = await scene.resources.until(nameOf(row), "is taken over", ({ metadata, status }) => {
      assert.equal(status?.observedGeneration, metadata.generation);
      assert.equal(status.processingJobStatus, row.then);
    });
    assert.notEqual(status?.processingJobArn, undefined);
    assert.equal(status?.additional, row.then === "Failed" ? "AlgorithmError: left behind" : undefined);
  }
  assert.deepEqual(new Set(scene.calls), new Set(["DescribeProcessingJob"]));
});

Deno.test("takeover: a job that the former controller never got made is made now, once", async () => {
  await using scene = await Scene.open(cluster);
  for (const word of ["SynchronizingK8sJobWithSageMaker", "Reconciling", "Error"]) {
    await leaveBehind(scene, word.toLowerCase(), { word });
  }
  await scene.startOperator();
  for (const word of ["SynchronizingK8sJobWithSageMaker", "Reconciling", "Error"]) {
    await scene.resources.untilStatus(word.toLowerCase(), "InProgress");
  }
  assert.equal(scene.count("CreateProcessingJob"), 3);
});

Deno.test("takeover: a deletion that the former controller began ends", async () => {
  await using scene = await Scene.open(cluster);
  await leaveBehind(scene, "runs", { word: "InProgress", job: "InProgress" });
  await leaveBehind(scene, "ended", { word: "Completed", job: "Completed" });
  await leaveBehind(scene, "never-was", { word: "Error" });
  for (const name of ["runs", "ended", "never-was"]) await scene.resources.delete(name);
  const creates = scene.count("CreateProcessingJob");
  await scene.startOperator();
  await scene.resources.untilGone("ended");
  await scene.resources.untilGone("never-was");
  await scene.resources.untilStatus("runs", "Stopping");
  await scene.finish("runs", "Stopped");
  await scene.resources.untilGone("runs");
  assert.equal(scene.count("CreateProcessingJob"), creates);
  assert.equal(scene.count("StopProcessingJob"), 1);
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
