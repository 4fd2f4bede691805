/** The change from the controller before this one: its resources and jobs are taken over as they are. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { FINALIZER } from "../../src/api/group.ts";
import type { JobStatus } from "../../src/api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { testCluster } from "../support/control_plane.ts";
import { freePort } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

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
  assert.deepEqual(new Set(scene.calls), new Set(["DescribeProcessingJob", "ListProcessingJobs", "ListTags"]));
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

const ENDS = [["Completed", "Complete"], ["Failed", "Failed"], ["Stopped", "Stopped"]] as const;
const FATES: [string, (scene: Scene) => Promise<unknown>][] = [
  ["is gone", (scene) => scene.startOperator()],
  ["may not be read", (scene) => {
    scene.standIn.intercept = () => errorAnswer("AccessDeniedException", "User: x is not authorized to perform: y");
    return scene.startOperator();
  }],
  [
    "can't be reached",
    (scene) => scene.startOperator({ endpoints: { endpointUrl: `http://127.0.0.1:${freePort()}` } }),
  ],
];
for (const [what, start] of FATES) {
  Deno.test(`takeover: what the former controller left finished keeps its last word where the record ${what}`, async () => {
    await using scene = await Scene.open(cluster);
    for (const [word] of ENDS) await leaveBehind(scene, word.toLowerCase(), { word });
    await start(scene);
    for (const [word, condition] of ENDS) {
      const name = word.toLowerCase();
      const { status } = await scene.resources.until(name, "is taken over", ({ status }) => {
        assert.equal(findCondition(status?.conditions, condition)?.status, "True");
      });
      assert.equal(status?.processingJobStatus, word);
      assert.equal(status.lastCheckTime, "2023-01-31T12:00:00Z");
      await scene.resources.delete(name);
      await scene.resources.untilGone(name);
    }
    assert.equal(scene.count("CreateProcessingJob"), 0);
  });
}
