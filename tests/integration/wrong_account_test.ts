/** Credentials of another account for a while: nothing is lost, nothing is released, and all goes on once they are right. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { errorAnswer, jsonAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { stsIdentity } from "../support/sts.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const OTHER = "210987654321";
const OTHER_KEY = "AKIAOFANOTHERACCOUNT";
/** Minutes pass in seconds, so credentials are read anew every two of these. */
const FACTOR = 30;

/** A scene in which the credentials `OTHER_KEY` belong to an account without any jobs. */
async function open(): Promise<Scene> {
  const scene = await Scene.open(cluster, { clock: fastClock(FACTOR) });
  scene.standIn.intercept = (operation, request, { accessKeyId }) => {
    if (accessKeyId !== OTHER_KEY) return undefined;
    if (operation === "GetCallerIdentity") return stsIdentity(OTHER);
    if (operation === "ListProcessingJobs") return jsonAnswer({ ProcessingJobSummaries: [] });
    return errorAnswer("ValidationException", `Could not find requested job with name: ${request.ProcessingJobName}`);
  };
  return scene;
}

function useKey(accessKeyId: string): void {
  Deno.env.set("AWS_ACCESS_KEY_ID", accessKeyId);
}

function reasonOf({ status }: ProcessingJob): string | undefined {
  return findCondition(status?.conditions, "Ready")?.reason;
}

async function untilWrong(scene: Scene, reason = "WrongAccount"): Promise<ProcessingJob> {
  return await scene.resources.until("job", `says ${reason}`, (resource) => {
    assert.equal(reasonOf(resource), reason, resource.status?.additional);
    assert.equal(resource.status?.processingJobStatus, "Reconciling");
    assert.equal(findCondition(resource.status?.conditions, "Ready")?.status, "False");
  }, { timeoutMs: 30_000 });
}

/** Waits until SageMaker was asked so often for the job that it would have counted as lost. */
async function untilLookedAt(scene: Scene, times = 6): Promise<void> {
  const before = scene.count("DescribeProcessingJob");
  const looks = () => scene.count("DescribeProcessingJob") - before;
  await eventually("the job is looked for", () => assert.ok(looks() >= times), { timeoutMs: 40_000 });
}

Deno.test("credentials of another account for some minutes: the job is not lost, and is followed again", async () => {
  await using scene = await open();
  await scene.startOperator({ pollIntervalMs: 3_000 });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  useKey(OTHER_KEY);
  const { status } = await untilWrong(scene);
  assert.match(status!.additional!, new RegExp(`'${OTHER}'.*'123456789012'`));
  await untilLookedAt(scene);
  await untilWrong(scene);
  useKey(FAKE_CREDENTIALS.AWS_ACCESS_KEY_ID);
  await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed");
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("a deletion with credentials of another account waits, and the job is stopped with the right ones", async () => {
  await using scene = await open();
  await scene.startOperator({ pollIntervalMs: 3_000 });
  const job = jobNameOf(await scene.resources.create("job"));
  await scene.resources.untilStatus("job", "InProgress");
  useKey(OTHER_KEY);
  await untilWrong(scene);
  await scene.resources.delete("job");
  await scene.resources.until("job", "says how to force the deletion", (resource) => {
    assert.match(resource.status?.additional ?? "", /force-delete/);
    assert.equal(reasonOf(resource), "WrongAccount");
  });
  await untilLookedAt(scene);
  useKey(FAKE_CREDENTIALS.AWS_ACCESS_KEY_ID);
  await eventually("the job is stopped", () => assert.equal(scene.standIn.jobs()[0]?.status, "Stopping"), {
    timeoutMs: 30_000,
  });
  scene.standIn.finish(job, "Stopped");
  await scene.resources.untilGone("job");
});

Deno.test("where STS cannot be asked, a job that is not found does not count as lost", async () => {
  await using scene = await open();
  await scene.startOperator({ pollIntervalMs: 3_000 });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  const { intercept } = scene.standIn;
  scene.standIn.intercept = (operation, ...rest) =>
    operation === "GetCallerIdentity" ? "reset" : intercept!(operation, ...rest);
  useKey(OTHER_KEY);
  const { status } = await untilWrong(scene, "AccountUnconfirmed");
  assert.match(status!.additional!, /cannot confirm.*'123456789012'.*AWS_ENDPOINT_URL_STS/);
  await untilLookedAt(scene);
  await untilWrong(scene, "AccountUnconfirmed");
  useKey(FAKE_CREDENTIALS.AWS_ACCESS_KEY_ID);
  await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
});

for (
  const [how, bring] of [
    ["after a restart", (scene: Scene) => scene.startOperator({ pollIntervalMs: 3_000 })],
    [
      "for a new value of reconcile-at",
      (scene: Scene) => scene.resources.patch("job", { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: "1" } } }),
    ],
  ] as const
) {
  Deno.test(`a job that counted as lost is followed once it is seen again, ${how}`, async () => {
    await using scene = await Scene.open(cluster, { clock: fastClock(FACTOR) });
    const first = await scene.startOperator({ pollIntervalMs: 3_000 });
    await scene.resources.create("job");
    await scene.resources.untilStatus("job", "InProgress");
    scene.standIn.intercept = (operation) =>
      operation === "DescribeProcessingJob" || operation === "ListProcessingJobs"
        ? operation === "ListProcessingJobs"
          ? jsonAnswer({ ProcessingJobSummaries: [] })
          : errorAnswer("ValidationException", "Could not find requested job with name: job")
        : undefined;
    const lost = await scene.resources.untilStatus("job", "Error", { timeoutMs: 40_000 });
    assert.equal(reasonOf(lost), "JobLost");
    if (how === "after a restart") await first.stop();
    scene.standIn.intercept = undefined;
    await bring(scene);
    const found = await scene.resources.untilStatus("job", "InProgress");
    assert.equal(findCondition(found.status?.conditions, "Stalled"), undefined);
    assert.equal(scene.standIn.created.length, 1);
  });
}
