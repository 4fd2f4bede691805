/** What `retryPolicy`, `suspend`, `ttlSecondsAfterFinished` and `deletionPolicy` do, on a real apiserver. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES } from "../../src/api/job.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { startOperator } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const CAPACITY = "CapacityError: Unable to provision requested ML compute capacity. Please retry.";

/** Waits until attempt `number` runs. */
function untilAttempt(scene: Scene, name: string, number: number) {
  return scene.resources.until(name, `runs as attempt ${number}`, ({ status }) => {
    assert.equal(status?.attemptCount ?? 1, number, `additional: ${status?.additional}`);
    assert.equal(status?.processingJobStatus, "InProgress", `additional: ${status?.additional}`);
  });
}

Deno.test("retryPolicy: a job that fails twice for capacity and then runs is three jobs, one resource and one Complete", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const retryPolicy = { maxAttempts: 3, backoffSeconds: 1, backoffRate: 1 };
  await scene.resources.create("retried", { spec: { retryPolicy, environment: [{ name: "A", value: "b" }] } });
  for (const number of [1, 2]) {
    await untilAttempt(scene, "retried", number);
    await scene.finish("retried", "Failed", CAPACITY);
  }
  const { metadata } = await untilAttempt(scene, "retried", 3);
  await scene.finish("retried", "Completed");
  const { status } = await scene.resources.untilStatus("retried", "Completed");

  const id = metadata.uid.replaceAll("-", "");
  const names = [`retried-${id}`, `retried-${id}-r2`, `retried-${id}-r3`];
  assert.deepEqual(scene.standIn.created.map(({ name }) => name), names);
  const requests = scene.standIn.created.map(({ request: { ProcessingJobName: _, ...request } }) => request);
  assert.deepEqual(requests, [requests[0], requests[0], requests[0]], "each attempt asks for the same");
  assert.deepEqual(scene.standIn.created.map(({ tags }) => tags["sagemaker-operator/attempt"]), [undefined, "2", "3"]);
  assert.deepEqual(
    status?.attempts?.map(({ number, name, status, reason }) => ({ number, name, status, reason })),
    [
      { number: 1, name: names[0], status: "Failed", reason: "CapacityError" },
      { number: 2, name: names[1], status: "Failed", reason: "CapacityError" },
      { number: 3, name: names[2], status: "Completed", reason: "Completed" },
    ],
  );
  for (const attempt of status.attempts) {
    assert.ok(attempt.startTime && attempt.endTime && attempt.arn, JSON.stringify(attempt));
  }
  assert.equal(status.attemptSummary, "3/3");
  assert.equal(status.sageMakerProcessingJobName, names[2]);
  assert.equal(status.failureReason, undefined);
  assert.deepEqual(status.conditions?.map(({ type }) => type).sort(), ["Complete", "Created", "Finished", "Ready"]);
  const { stdout } = await kubectl(cluster, ["get", "pj", "retried", "-o", "wide", "-n", scene.namespace]);
  assert.match(stdout, /ATTEMPTS[^]* 3\/3 /);
});

Deno.test("retryPolicy: killed after each create and at random moments between, three attempts stay three jobs", async () => {
  await using scene = await Scene.open(cluster);
  const created = new Set<string>();
  let crash = Promise.withResolvers<void>();
  scene.standIn.intercept = (operation, { ProcessingJobName }, { apply }) => {
    const name = String(ProcessingJobName);
    if (operation !== "CreateProcessingJob" || created.has(name)) return;
    created.add(name);
    apply();
    crash.resolve();
    return "hang";
  };
  const steered = { SIMULATE_FAILURE: CAPACITY, SIMULATE_FAILURES: "2", SIMULATE_DURATION: "300ms" };
  const environment = Object.entries(steered).map(([name, value]) => ({ name, value }));
  await scene.resources.create("job", {
    spec: { retryPolicy: { maxAttempts: 3, backoffSeconds: 1, backoffRate: 1 }, environment },
  });
  const flags = ["--namespace", scene.namespace];
  const start = () => startOperator({ kubeconfig: cluster.kubeconfig, endpoint: scene.standIn.url, flags });
  for (let crashes = 0; created.size < 3 || crashes < 6; crashes++) {
    assert.ok(crashes < 40, `${created.size} attempts were made`);
    await using operator = start();
    const moment = new Promise((resolve) => setTimeout(resolve, 1_000 + Math.random() * 2_000));
    await Promise.race([crash.promise, moment]);
    crash = Promise.withResolvers();
    await operator.kill();
  }
  await using _ = start();
  const { status } = await scene.resources.untilStatus("job", "Completed");
  assert.deepEqual(scene.standIn.created.map(({ name }) => name), [...created]);
  assert.deepEqual(status?.attempts?.map(({ status }) => status), ["Failed", "Failed", "Completed"]);
});

Deno.test("retryPolicy: once its attempts are used up the resource has failed, once", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("failed", { spec: { retryPolicy: { maxAttempts: 2, backoffSeconds: 0 } } });
  await untilAttempt(scene, "failed", 1);
  await scene.finish("failed", "Failed", CAPACITY);
  await untilAttempt(scene, "failed", 2);
  await scene.finish("failed", "Failed", CAPACITY);
  const { status } = await scene.resources.untilStatus("failed", "Failed");
  assert.equal(status?.failureReason, CAPACITY);
  assert.equal(status.attempts?.length, 2);
  assert.equal(scene.count("CreateProcessingJob"), 2);
  await assert.rejects(
    scene.resources.patch("failed", { spec: { retryPolicy: { maxAttempts: 5 } } }),
    /cannot be changed once the job has finished/,
  );
  await scene.resources.patch("failed", { spec: { deletionPolicy: "Retain", ttlSecondsAfterFinished: 3600 } });
});

Deno.test("retryPolicy: a failure of the user's own code is tried again only where that is asked for", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("code", { spec: { retryPolicy: { maxAttempts: 3, backoffSeconds: 0 } } });
  await scene.resources.create("asked", {
    spec: { retryPolicy: { maxAttempts: 3, backoffSeconds: 0, retryOn: ["AlgorithmError"] } },
  });
  for (const name of ["code", "asked"]) {
    await untilAttempt(scene, name, 1);
    await scene.finish(name, "Failed", "AlgorithmError: CapacityError in your code, exit code: 1");
  }
  await untilAttempt(scene, "asked", 2);
  await scene.resources.untilStatus("code", "Failed");
});

Deno.test("suspend: a job is held back, begins, is stopped, and begins anew", async () => {
  await using scene = await Scene.open(cluster, { stopDuration: 200 });
  await scene.startOperator();
  await scene.resources.create("queued", { spec: { suspend: true } });
  const held = await scene.resources.until("queued", "is suspended", ({ status }) => {
    assert.equal(findCondition(status?.conditions, "Suspended")?.status, "True");
  });
  assert.equal(held.status?.processingJobStatus, "SynchronizingK8sJobWithSageMaker");
  assert.equal(scene.calls.length, 0, "nothing is asked of SageMaker");

  await scene.resources.patch("queued", { spec: { suspend: false } });
  await untilAttempt(scene, "queued", 1);
  await scene.resources.patch("queued", { spec: { suspend: true } });
  const stopped = await scene.resources.untilStatus("queued", "Stopped");
  assert.deepEqual(stopped.status?.conditions?.map(({ type }) => type).sort(), ["Created", "Ready", "Suspended"]);

  await scene.resources.patch("queued", { spec: { suspend: false } });
  const { status } = await untilAttempt(scene, "queued", 2);
  assert.equal(status?.attemptSummary, "1/1", "what was suspended does not count");
  await scene.finish("queued", "Completed");
  await scene.resources.untilStatus("queued", "Completed");
  await assert.rejects(scene.resources.patch("queued", { spec: { suspend: true } }), /once the job has finished/);
});

Deno.test("suspend: toggled 50 times at random, nothing runs while it is true, and one job at the end", async () => {
  await using scene = await Scene.open(cluster, { stopDuration: 20 });
  await scene.startOperator();
  await scene.resources.create("toggled", { spec: { suspend: true } });
  let suspend = true;
  for (let time = 0; time < 50; time++) {
    suspend = Math.random() < 0.5;
    await scene.resources.patch("toggled", { spec: { suspend } });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
  }
  const running = () => scene.standIn.jobs().filter(({ status }) => !FINAL_JOB_STATUSES.includes(status)).length;
  await scene.resources.patch("toggled", { spec: { suspend: true } });
  await scene.resources.until("toggled", "is at rest", ({ status }) => {
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "Suspended");
    assert.equal(running(), 0);
    // In its first minute an operator doesn't know what the one before it has sent.
  }, { timeoutMs: 90_000 });
  await scene.resources.patch("toggled", { spec: { suspend: false } });
  // After so many resumptions there is a pause before the next attempt (ADR 38).
  await scene.resources.untilStatus("toggled", "InProgress", { timeoutMs: 60_000 });
  assert.equal(running(), 1);
});

for (const offsetMs of [0, 120_000, -120_000]) {
  Deno.test(`ttlSecondsAfterFinished: a resource is gone 5 to 7 s after its end, SageMaker's clock ${offsetMs} ms ahead`, async () => {
    await using scene = await Scene.open(cluster);
    scene.standIn.clockOffsetMs = offsetMs;
    await scene.startOperator({ pollIntervalMs: 1_000 });
    await scene.resources.create("short", { spec: { ttlSecondsAfterFinished: 5 } });
    await scene.resources.untilStatus("short", "InProgress");
    await scene.finish("short", "Completed");
    const ended = performance.now();
    await scene.resources.untilStatus("short", "Completed");
    await scene.resources.untilGone("short");
    const seconds = (performance.now() - ended) / 1000;
    assert.ok(seconds >= 5 && seconds < 8, `gone after ${seconds} s`);
  });
}

Deno.test("ttlSecondsAfterFinished: 0 is at once, also for what finished before the operator began, by its default", async () => {
  await using scene = await Scene.open(cluster);
  const operator = await scene.startOperator();
  await scene.resources.create("old");
  await scene.resources.untilStatus("old", "InProgress");
  await scene.finish("old", "Completed");
  await scene.resources.untilStatus("old", "Completed");
  await operator.stop();
  await scene.startOperator({ defaults: { ttlSecondsAfterFinished: 0 } });
  await scene.resources.untilGone("old");
});

Deno.test("ttlSecondsAfterFinished: an Event warns where the same name comes back soon after it expired", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const warned = async () => {
    const { stdout } = await kubectl(cluster, ["events", "-n", scene.namespace, "--types=Warning"]);
    return stdout.match(/Recreated/g)?.length ?? 0;
  };
  for (const run of [1, 2]) {
    await scene.resources.create("again", { spec: { ttlSecondsAfterFinished: 0 } });
    await scene.resources.untilStatus("again", "InProgress");
    await eventually("an Event tells of the second", async () => assert.equal(await warned(), run - 1));
    await scene.finish("again", "Completed");
    await scene.resources.untilGone("again");
  }
  assert.equal(scene.standIn.created.length, 2);
});

Deno.test("deletionPolicy: Retain lets the job run on, Delete has its record deleted, and the status says which", async () => {
  await using scene = await Scene.open(cluster, { stopDuration: 200 });
  await scene.startOperator({ defaults: { deletionPolicy: "Retain" } });
  await scene.resources.create("retained");
  await scene.resources.create("deleted", { spec: { deletionPolicy: "Delete" } });
  const jobs = [];
  for (const [name, policy] of [["retained", "Retain"], ["deleted", "Delete"]] as const) {
    const resource = await scene.resources.untilStatus(name, "InProgress");
    assert.equal(resource.status?.deletionPolicy, policy);
    jobs.push(jobNameOf(resource));
    await scene.resources.delete(name);
    await scene.resources.untilGone(name);
  }
  assert.deepEqual(scene.standIn.jobs().map(({ name, status }) => [name, status]), [[jobs[0], "InProgress"]]);
  assert.equal(scene.count("StopProcessingJob"), 1);
  await eventually("an Event says where it runs", async () => {
    const { stdout } = await kubectl(cluster, ["events", "-n", scene.namespace]);
    assert.match(stdout, /Retained.*runs on/);
  });
});

Deno.test("deletionPolicy Delete: what hinders it is said beside the ending, which stays, until the record can be deleted", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = (operation) =>
    operation === "DeleteProcessingJob"
      ? errorAnswer("AccessDeniedException", "User: x is not authorized to perform: sagemaker:DeleteProcessingJob")
      : undefined;
  await scene.startOperator();
  for (const name of ["ended", "runs"]) {
    await scene.resources.create(name, { spec: { deletionPolicy: "Delete" } });
    await scene.resources.untilStatus(name, "InProgress");
  }
  await scene.finish("ended", "Completed");
  await scene.resources.untilStatus("ended", "Completed");
  for (const name of ["ended", "runs"]) await scene.resources.delete(name);
  await scene.resources.untilStatus("runs", "Stopping");
  await scene.finish("runs", "Stopped");
  for (const [name, word, condition] of [["ended", "Completed", "Complete"], ["runs", "Stopped", "Stopped"]] as const) {
    const { status } = await scene.resources.until(name, "says what hinders its deletion", ({ status }) => {
      assert.equal(findCondition(status?.conditions, "Ready")?.reason, "AccessDenied");
    });
    assert.equal(status?.processingJobStatus, word);
    assert.equal(findCondition(status.conditions, condition)?.status, "True");
    assert.match(status.additional ?? "", /record .*cannot be deleted.*no job of it runs/);
    await eventually("it is told", async () => {
      const { stdout } = await kubectl(cluster, ["describe", "pj", name, "-n", scene.namespace]);
      assert.match(stdout, /DeletionBlocked .*Cannot delete the records/);
    });
  }
  scene.standIn.intercept = undefined;
  // What is asked for one of them shows that the other may be tried too.
  await scene.resources.patch("ended", { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: "now" } } });
  for (const name of ["ended", "runs"]) await scene.resources.untilGone(name);
  assert.deepEqual(scene.standIn.jobs(), []);
});

Deno.test("suspend: a resource that is resumed while no operator runs and its job stops begins its next attempt", async () => {
  await using scene = await Scene.open(cluster);
  const operator = await scene.startOperator();
  await scene.resources.create("resumed");
  await scene.resources.untilStatus("resumed", "InProgress");
  await scene.resources.patch("resumed", { spec: { suspend: true } });
  await eventually("the stop is sent", () => assert.equal(scene.count("StopProcessingJob"), 1));
  await operator.stop();
  await scene.finish("resumed", "Stopped");
  await scene.resources.patch("resumed", { spec: { suspend: false } });
  await scene.startOperator();
  const { status } = await untilAttempt(scene, "resumed", 2);
  assert.deepEqual(status?.attempts?.map(({ reason }) => reason), ["Suspended", "InProgress"]);
  assert.equal(scene.standIn.created.length, 2);
});
