/** Each word of `processingJobStatus`: when it is shown, what `additional` and the conditions say with it, and what follows. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { sleep, systemClock } from "../../src/runtime/clock.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { kubectl } from "../support/kubectl.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** The conditions in short: `Ready` with its reason, then the types of all others that hold. */
function conditionsOf({ status }: ProcessingJob): string[] {
  const ready = findCondition(status?.conditions, "Ready");
  const others = (status?.conditions ?? []).filter((each) => each !== ready && each.status === "True");
  return [`Ready=${ready?.status}:${ready?.reason}`, ...others.map(({ type }) => type).sort()];
}

Deno.test("SynchronizingK8sJobWithSageMaker is the first status, without an operator that writes it", async () => {
  await using scene = await Scene.open(cluster);
  const { status } = await scene.resources.create("job");
  assert.deepEqual(status, { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 });
});

Deno.test("Reconciling says why, and goes on by itself", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = () => errorAnswer("ThrottlingException", "Rate exceeded");
  await scene.startOperator();
  await scene.resources.create("job");
  const throttled = await scene.resources.untilStatus("job", "Reconciling");
  assert.match(throttled.status?.additional ?? "", /ThrottlingException: Rate exceeded/);
  assert.deepEqual(conditionsOf(throttled), ["Ready=Unknown:Throttled"]);

  scene.standIn.intercept = undefined;
  const running = await scene.resources.untilStatus("job", "InProgress");
  assert.equal(running.status?.additional, undefined);
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("Reconciling while someone must act, and goes on after that", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = () => errorAnswer("AccessDeniedException", "User: x is not authorized to perform: y");
  await scene.startOperator();
  await scene.resources.create("job");
  const denied = await scene.resources.untilStatus("job", "Reconciling");
  assert.match(denied.status?.additional ?? "", /AccessDeniedException: User: x is not authorized/);
  assert.deepEqual(conditionsOf(denied), ["Ready=False:AccessDenied"]);
  const calls = scene.calls.length;

  scene.standIn.intercept = undefined;
  await scene.startOperator();
  await scene.resources.untilStatus("job", "InProgress");
  assert.equal(calls, 1, "what a person has to mend is not tried again soon");
});

Deno.test("InProgress, then Completed", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", {
    spec: {
      environment: [{ name: "SIMULATE_DURATION", value: "1s" }, { name: "SIMULATE_EXIT_MESSAGE", value: "fine" }],
    },
  });
  const running = await scene.resources.untilStatus("job", "InProgress");
  assert.deepEqual(conditionsOf(running), ["Ready=Unknown:InProgress", "Created"]);
  const completed = await scene.resources.untilStatus("job", "Completed");
  assert.deepEqual(conditionsOf(completed), ["Ready=True:Completed", "Complete", "Created", "Finished"]);
  assert.equal(completed.status?.exitMessage, "fine");
  assert.equal(completed.status?.duration, "1s");
  assert.equal(completed.status?.additional, undefined);
});

Deno.test("Failed, with SageMaker's reason in additional", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const reason = "CapacityError: Unable to provision requested ML compute capacity";
  await scene.resources.create("job", {
    spec: {
      environment: [{ name: "SIMULATE_DURATION", value: "0s" }, { name: "SIMULATE_FAILURE", value: reason }],
    },
  });
  const wait = ["wait", "--for=condition=Finished", "processingjob/job", "-n", scene.namespace, "--timeout=15s"];
  assert.match((await kubectl(cluster, wait)).stdout, / condition met\n$/);
  const failed = await scene.resources.get("job");
  assert.equal(failed.status?.additional, reason);
  assert.equal(failed.status?.failureReason, reason);
  assert.deepEqual(conditionsOf(failed), ["Ready=False:JobFailed", "Created", "Failed", "Finished", "Stalled"]);
});

Deno.test("Stopping, then Stopped, when somebody stops the job in SageMaker", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Stopping");
  const stopping = await scene.resources.untilStatus("job", "Stopping");
  assert.deepEqual(conditionsOf(stopping), ["Ready=Unknown:Stopping", "Created"]);

  await scene.finish("job", "Stopped");
  const stopped = await scene.resources.untilStatus("job", "Stopped");
  assert.deepEqual(conditionsOf(stopped), [
    "Ready=False:StoppedOutsideOperator",
    "Created",
    "Finished",
    "Stalled",
    "Stopped",
  ]);
  assert.equal(scene.count("StopProcessingJob"), 0);
});

Deno.test("Error after a create that SageMaker finds invalid, and no call follows", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = () => errorAnswer("ValidationException", "1 validation error detected: no such image");
  await scene.startOperator();
  await scene.resources.create("job");
  const refused = await scene.resources.untilStatus("job", "Error");
  assert.match(refused.status?.additional ?? "", /ValidationException: 1 validation error detected: no such image/);
  assert.deepEqual(conditionsOf(refused), ["Ready=False:InvalidSpec", "Failed", "Finished", "Stalled"]);

  scene.standIn.intercept = undefined;
  await scene.resources.patch("job", { metadata: { labels: { touched: "yes" } } });
  await sleep(systemClock, 1000);
  assert.deepEqual(scene.calls, ["CreateProcessingJob"]);

  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
  assert.deepEqual(scene.standIn.created, []);
});

Deno.test("a finished resource costs no call any more, whatever becomes of it", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Completed");
  const completed = await scene.resources.untilStatus("job", "Completed");
  const calls = scene.calls.length;

  scene.standIn.deleteRecord(jobNameOf(completed));
  await scene.resources.patch("job", { metadata: { labels: { touched: "yes" } } });
  await sleep(systemClock, 1000);
  const { status } = await scene.resources.get("job");
  assert.deepEqual(status, completed.status);
  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
  assert.equal(scene.calls.length, calls);
});

Deno.test("lastCheckTime moves once in a heartbeat, and in between nothing is written", async () => {
  await using scene = await Scene.open(cluster);
  const operator = await scene.startOperator({ heartbeatMs: 3000 });
  await scene.resources.create("job");
  const first = await scene.resources.until("job", "has been seen running", ({ status }) => {
    assert.notEqual(status?.processingStartTime, undefined);
  });
  const isWrittenAfter = (before: string) =>
    scene.resources.until(
      "job",
      "is written again",
      ({ metadata }) => assert.notEqual(metadata.resourceVersion, before),
    );
  // The first comes at a moment of the resource's own, all others an interval after the one before.
  const early = await isWrittenAfter(first.metadata.resourceVersion);
  const second = await isWrittenAfter(early.metadata.resourceVersion);
  const moved = Date.parse(second.status?.lastCheckTime ?? "") - Date.parse(early.status?.lastCheckTime ?? "");
  assert.ok(moved >= 2000 && moved <= 5000, `lastCheckTime moved by ${moved} ms`);
  assert.deepEqual({ ...second.status, lastCheckTime: "" }, { ...first.status, lastCheckTime: "" });

  await operator.stop();
  await scene.startOperator({ heartbeatMs: 60_000 });
  const before = (await scene.resources.get("job")).metadata.resourceVersion;
  const looks = scene.count("DescribeProcessingJob");
  await eventually("a new operator has looked", () => assert.ok(scene.count("DescribeProcessingJob") >= looks + 3));
  assert.equal((await scene.resources.get("job")).metadata.resourceVersion, before, "a restart is no reason to write");
});

Deno.test("status keeps up with the generation of a resource that has ended", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", { metadata: { finalizers: ["test/held"] } });
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Completed");
  const { metadata } = await scene.resources.untilStatus("job", "Completed");
  assert.equal(metadata.generation, 1);
  await scene.resources.delete("job");
  const deleted = await scene.resources.until("job", "is let go by the operator", ({ metadata }) => {
    assert.deepEqual(metadata.finalizers, ["test/held"]);
  });
  assert.equal(deleted.status?.processingJobStatus, "Completed");
});

Deno.test("conditions that another controller writes survive the operator's writes, from the first to the last", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job", { spec: { suspend: true } });
  await scene.resources.until("job", "is held back", ({ status }) => assert.equal(status?.observedGeneration, 1));
  const foreign = {
    type: "example.com/Admitted",
    status: "True",
    reason: "QuotaReserved",
    message: "by a test",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: 1,
  };
  await scene.resources.applyCondition("job", foreign);
  await scene.resources.patch("job", { spec: { suspend: false } });
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Completed");
  const completed = await scene.resources.untilStatus("job", "Completed");
  assert.deepEqual(conditionsOf(completed), ["Ready=True:Completed", "Complete", "Created", "Finished", foreign.type]);
  assert.deepEqual(completed.status?.conditions?.find(({ type }) => String(type) === foreign.type), foreign);
  // The same manager may change it, and take it away.
  await scene.resources.applyCondition("job", { ...foreign, status: "False" });
  const { status } = await scene.resources.applyCondition("job");
  assert.deepEqual(status?.conditions?.filter(({ type }) => String(type) === foreign.type), []);
  assert.equal(findCondition(status?.conditions, "Complete")?.status, "True");
});
