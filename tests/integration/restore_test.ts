/** Backups: what Velero makes of a resource, in its order, and copies of resources. One job at most, and none that runs unseen. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS, FINALIZER, MARK } from "../../src/api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** A resource whose job has completed, as a backup holds it. */
async function backUp(scene: Scene): Promise<ProcessingJob> {
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Completed");
  return await scene.resources.untilStatus("job", "Completed");
}

/** The resource is gone, and comes back from the backup without its status. */
async function restore(scene: Scene, { metadata }: ProcessingJob, name = "job"): Promise<ProcessingJob> {
  if (name === "job") {
    await scene.resources.delete("job");
    await scene.resources.untilGone("job");
  }
  const { annotations = {}, finalizers = [] } = metadata;
  return await scene.resources.create(name, { metadata: { annotations, finalizers } });
}

async function untilRestored(scene: Scene, name = "job"): Promise<ProcessingJob> {
  return await scene.resources.until(name, "says that it was restored", ({ status }) => {
    const ready = findCondition(status?.conditions, "Ready");
    assert.deepEqual([status?.processingJobStatus, ready?.status, ready?.reason], ["Error", "False", "Restored"]);
  });
}

function without(annotation: string, { metadata, ...rest }: ProcessingJob): ProcessingJob {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== annotation);
  return { ...rest, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
}

Deno.test("the mark is written with the finalizer, before the job is created", async () => {
  await using scene = await Scene.open(cluster);
  const marks: (string | undefined)[] = [];
  scene.standIn.intercept = async (operation) => {
    if (operation === "CreateProcessingJob") {
      marks.push((await scene.resources.get("job")).metadata.annotations?.[MARK]);
    }
    return undefined;
  };
  await scene.startOperator();
  const { metadata } = await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  assert.deepEqual(marks, [metadata.uid]);
});

for (const finalizer of [true, false]) {
  const how = finalizer ? "with its finalizer" : "without its finalizer";
  Deno.test(`a restore ${how} runs no job, and keeps the ending that is put back; it goes at once when deleted`, async () => {
    await using scene = await Scene.open(cluster);
    await scene.startOperator();
    const backup = await backUp(scene);
    if (!finalizer) backup.metadata.finalizers = [];
    await restore(scene, backup);
    await untilRestored(scene);
    await scene.resources.replaceStatus("job", backup.status!);
    await scene.resources.create("later");
    await scene.resources.untilStatus("later", "InProgress");
    const { status } = await scene.resources.untilStatus("job", "Completed");
    assert.equal(status?.sageMakerProcessingJobName, backup.status!.sageMakerProcessingJobName);
    assert.equal(findCondition(status?.conditions, "Complete")?.status, "True");
    assert.deepEqual(scene.standIn.jobs().map((job) => job.status), ["Completed", "InProgress"]);
    await scene.resources.delete("job");
    await scene.resources.untilGone("job");
  });
}

/** Has the resource restored as if it were fresh, and its old status put back once the new job runs. */
async function restoreLate(scene: Scene, change: Partial<ProcessingJobStatus> = {}): Promise<string> {
  const backup = await backUp(scene);
  const name = jobNameOf(
    await restore(scene, without(MARK, { ...backup, metadata: { ...backup.metadata, finalizers: [] } })),
  );
  await eventually("the job of the new UID is created", () => assert.equal(scene.standIn.created.length, 2));
  await scene.resources.replaceStatus("job", { ...backup.status!, ...change });
  return name;
}

for (const change of [{}, { processingJobStatus: "InProgress" }] as const) {
  const word = "processingJobStatus" in change ? change.processingJobStatus : "Completed";
  Deno.test(`the old status ${word} over a job of the new UID: the job is what counts, and a delete stops it`, async () => {
    await using scene = await Scene.open(cluster);
    await scene.startOperator();
    const name = await restoreLate(scene, change);
    const { status } = await scene.resources.until("job", "speaks of its own job", ({ status }) => {
      assert.deepEqual([status?.sageMakerProcessingJobName, status?.processingJobStatus], [name, "InProgress"]);
    });
    assert.equal(status?.processingEndTime, undefined);
    assert.equal(findCondition(status?.conditions, "Complete"), undefined);
    await scene.resources.delete("job");
    await eventually("the job is stopped", () => assert.equal(scene.standIn.jobs()[1]?.status, "Stopping"));
    scene.standIn.finish(name, "Stopped");
    await scene.resources.untilGone("job");
    assert.equal(scene.standIn.created.length, 2);
  });
}

Deno.test("the old status is put back while no operator runs: the next one finds the job of the new UID", async () => {
  await using scene = await Scene.open(cluster);
  const first = await scene.startOperator();
  const backup = await backUp(scene);
  await restore(scene, without(MARK, { ...backup, metadata: { ...backup.metadata, finalizers: [] } }));
  const { metadata } = await scene.resources.untilStatus("job", "InProgress");
  await first.stop();
  await scene.resources.replaceStatus("job", backup.status!);
  await scene.startOperator();
  await scene.resources.until("job", "speaks of its own job", ({ status }) => {
    assert.equal(status?.sageMakerProcessingJobName, jobNameOf({ ...backup, metadata, status: {} }));
    assert.equal(status?.processingJobStatus, "InProgress");
  });
  assert.equal(scene.standIn.created.length, 2);
});

for (const withStatus of [false, true]) {
  Deno.test(`a restored resource ${withStatus ? "with" : "without"} a status runs once reconcile-at asks for it`, async () => {
    await using scene = await Scene.open(cluster);
    await scene.startOperator();
    const backup = await backUp(scene);
    const { metadata } = await restore(scene, {
      ...backup,
      metadata: { ...backup.metadata, annotations: { ...backup.metadata.annotations, [ANNOTATIONS.reconcileAt]: "1" } },
    });
    await untilRestored(scene);
    if (withStatus) {
      await scene.resources.replaceStatus("job", { ...backup.status!, observedReconcileAt: "1" });
      await scene.resources.untilStatus("job", "Completed");
    }
    assert.equal(scene.standIn.created.length, 1);
    await scene.resources.patch("job", { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: "2" } } });
    const resource = await scene.resources.untilStatus("job", "InProgress");
    assert.equal(resource.metadata.annotations?.[MARK], metadata.uid);
    assert.deepEqual(resource.metadata.finalizers, [FINALIZER]);
    assert.equal(scene.standIn.created[1]?.name, jobNameOf({ ...resource, status: {} }));
    assert.deepEqual(
      scene.standIn.created[1]?.request.AppSpecification,
      scene.standIn.created[0]?.request.AppSpecification,
    );
    assert.equal(scene.standIn.created.length, 2);
    await scene.finish("job", "Completed");
    await scene.resources.untilStatus("job", "Completed");
  });
}

Deno.test("a copy under another name, with the mark, runs no job and says how to", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const backup = await backUp(scene);
  await restore(scene, backup, "copy");
  const { status } = await untilRestored(scene, "copy");
  assert.match(status!.additional!, new RegExp(`copied.*${MARK}.*${ANNOTATIONS.reconcileAt}`));
  await restore(scene, without(MARK, { ...backup, metadata: { ...backup.metadata, finalizers: [] } }), "another");
  await scene.resources.untilStatus("another", "InProgress");
  assert.equal(scene.standIn.created.length, 2);
});
