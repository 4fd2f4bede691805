/**
 * What the test suites of the controller before this one pin down, row by row, with a real API server and a stand-in for
 * SageMaker that answers as those suites' scripts did. Two rows differ on purpose: a 500 is tried again (C3), and what
 * SageMaker finds invalid is not (C6).
 */
import assert from "node:assert/strict";
import { sleep, systemClock } from "../../src/runtime/clock.ts";
import { API_VERSION, FINALIZER } from "../../src/api/group.ts";
import { jobName } from "../../src/api/job_name.ts";
import type { JobStatus } from "../../src/api/job.ts";
import type { Cluster } from "../../src/kubernetes/config.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { Bench, type Requeue } from "../support/bench.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const [CREATE, DESCRIBE, STOP] = ["CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"];
/** Whose is it? No tags of ours, so its content tells. */
const CHECK = ["ListTags", DESCRIBE];

Deno.test("C1: a resource that is not there is not requeued", async () => {
  await using bench = await Bench.open(cluster);
  assert.equal(await bench.reconcile(), "none");
  assert.deepEqual(bench.scene.calls, []);
});

Deno.test("C2: a cluster that does not answer a read is asked again, and the resource is found then", async () => {
  await using scene = await Scene.open(cluster);
  let failures = 2;
  await scene.startOperator({ wrap: (access) => failing(access, (init) => init.method === "GET" && failures-- > 0) });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  assert.ok(failures <= 0);
});

Deno.test("C3: a Describe that ends with a 500 is Reconciling, says why, and is requeued at once", async () => {
  await using bench = await Bench.open(cluster);
  await bench.given({ word: "InProgress", job: "InProgress" });
  bench.scene.standIn.intercept = () => errorAnswer("Exception", "it broke", 500);
  assert.equal(await bench.reconcile(), "at once");
  const { processingJobStatus, additional } = await bench.status();
  assert.equal(processingJobStatus, "Reconciling");
  assert.match(additional ?? "", /it broke/);
});

Deno.test("C4: a write that the cluster refuses is requeued at once", async () => {
  await using bench = await Bench.open(cluster, {
    wrap: (access) => failing(access, (init) => init.method === "PATCH"),
  });
  await bench.given({ word: "InProgress", job: "InProgress" });
  assert.equal(await bench.reconcile(), "at once");
  assert.equal((await bench.status()).observedGeneration, undefined);
});

Deno.test("C5: a deleted resource without a job is released, without a create or a stop", async () => {
  for (const word of [undefined, "Reconciling", "Error"] as const) {
    await using bench = await Bench.open(cluster);
    await bench.given({ ...(word && { word }), finalizer: true });
    await bench.delete();
    // An earlier operator may have sent a create a moment ago, so the absence of a job is not believed for a minute.
    const isUntouched = word === undefined;
    if (isUntouched) {
      assert.equal(await bench.reconcile(), "interval");
      await sleep(systemClock, 60_500);
    }
    assert.equal(await bench.reconcile(), "none");
    await bench.scene.resources.untilGone("job");
    assert.deepEqual(bench.scene.calls, isUntouched ? [DESCRIBE, DESCRIBE] : [DESCRIBE], `${word}`);
  }
});

Deno.test("C6: a create that SageMaker finds invalid is Error, says why, and is not requeued", async () => {
  await using bench = await Bench.open(cluster);
  await bench.given({});
  bench.scene.standIn.intercept = () => errorAnswer("ValidationException", "no such role");
  assert.equal(await bench.reconcile(), "none");
  const { processingJobStatus, additional } = await bench.status();
  assert.equal(processingJobStatus, "Error");
  assert.match(additional ?? "", /ValidationException: no such role/);
  assert.equal(await bench.reconcile(), "none");
  assert.deepEqual(bench.scene.calls, [CREATE]);
});

Deno.test("C7: a create that is throttled is Reconciling, says why, and is requeued at once", async () => {
  await using bench = await Bench.open(cluster);
  await bench.given({});
  bench.scene.standIn.intercept = () => errorAnswer("ThrottlingException", "Rate exceeded");
  assert.equal(await bench.reconcile(), "at once");
  const { processingJobStatus, additional } = await bench.status();
  assert.equal(processingJobStatus, "Reconciling");
  assert.match(additional ?? "", /ThrottlingException/);
});

Deno.test("C8: a fresh resource's job is made under the generated name, is InProgress, and is looked at after the interval", async () => {
  await using bench = await Bench.open(cluster);
  const resource = await bench.given({});
  assert.equal(await bench.reconcile(), "interval");
  const { processingJobStatus, sageMakerProcessingJobName } = await bench.status();
  assert.equal(processingJobStatus, "InProgress");
  assert.equal(sageMakerProcessingJobName, jobNameOf(resource));
  assert.deepEqual(bench.scene.standIn.created.map(({ request }) => request.ProcessingJobName), [jobNameOf(resource)]);
});

/** C9 to C14: what a job's status makes of a resource, and of a deleted one. */
const JOBS: { row: string; job: JobStatus; reason?: string; then: Requeue; deleted: "kept" | "gone"; stops: number }[] =
  [
    { row: "C9", job: "InProgress", then: "interval", deleted: "kept", stops: 1 },
    { row: "C11", job: "Stopping", then: "interval", deleted: "kept", stops: 0 },
    { row: "C12", job: "Failed", reason: "AlgorithmError: it broke", then: "none", deleted: "gone", stops: 0 },
    { row: "C13", job: "Stopped", then: "none", deleted: "gone", stops: 0 },
    { row: "C13", job: "Completed", then: "none", deleted: "gone", stops: 0 },
  ];

for (const { row, job, reason, then, deleted, stops } of JOBS) {
  for (const finalizer of [true, false]) {
    Deno.test(`${row}: a job that is ${job}, ${finalizer ? "with" : "without"} the finalizer`, async () => {
      await using bench = await Bench.open(cluster);
      await bench.given({ word: "InProgress", finalizer, job, ...(reason && { reason }) });
      assert.equal(await bench.reconcile(), then);
      const { metadata, status } = await bench.scene.resources.get("job");
      assert.equal(status?.processingJobStatus, job);
      assert.equal(status.additional, reason);
      assert.deepEqual(metadata.finalizers, [FINALIZER]);
      assert.deepEqual(bench.scene.calls, [DESCRIBE, ...CHECK]);
    });
  }

  const name = deleted === "gone" ? "C14" : stops === 0 ? row : "C10";
  Deno.test(`${name}: a job that is ${job}, whose resource is deleted`, async () => {
    await using bench = await Bench.open(cluster);
    await bench.given({ word: "InProgress", job, ...(reason && { reason }) });
    await bench.delete();
    assert.equal(await bench.reconcile(), deleted === "gone" ? "none" : "interval");
    if (deleted === "gone") await bench.scene.resources.untilGone("job");
    else {
      const { metadata, status } = await bench.scene.resources.get("job");
      assert.equal(status?.processingJobStatus, "Stopping");
      assert.deepEqual(metadata.finalizers, [FINALIZER]);
    }
    const check = deleted === "gone" ? [] : CHECK;
    assert.deepEqual(bench.scene.calls, [DESCRIBE, ...check, ...(stops === 0 ? [] : [STOP])]);
  });
}

Deno.test("C10: a running job whose resource is deleted is stopped by its generated name, and the resource is kept", async () => {
  await using bench = await Bench.open(cluster);
  const resource = await bench.given({});
  await bench.reconcile();
  bench.scene.calls.length = 0;
  await bench.delete();
  const stopped: unknown[] = [];
  bench.scene.standIn.intercept = (operation, { ProcessingJobName }) => {
    if (operation === STOP) stopped.push(ProcessingJobName);
    return undefined;
  };
  assert.equal(await bench.reconcile(), "interval");
  assert.deepEqual(stopped, [jobNameOf(resource)]);
  assert.equal((await bench.status()).processingJobStatus, "Stopping");
  assert.deepEqual((await bench.scene.resources.get("job")).metadata.finalizers, [FINALIZER]);
});

Deno.test("C15: SageMaker is asked for what is needed, in order, and for nothing else", async () => {
  await using fresh = await Bench.open(cluster);
  await fresh.given({});
  await fresh.reconcile();
  await fresh.delete();
  await fresh.reconcile();
  await fresh.scene.finish("job", "Stopped");
  assert.deepEqual(fresh.scene.calls, [CREATE, STOP]);

  await using takenOver = await Bench.open(cluster);
  await takenOver.given({ word: "Reconciling" });
  await takenOver.reconcile();
  assert.deepEqual(takenOver.scene.calls, [DESCRIBE, CREATE]);

  await using answerLost = await Bench.open(cluster);
  await answerLost.given({ job: "InProgress" });
  await answerLost.reconcile();
  assert.deepEqual(answerLost.scene.calls, [CREATE, DESCRIBE, ...CHECK]);
  assert.equal(answerLost.scene.standIn.created.length, 1);

  await using finished = await Bench.open(cluster);
  await finished.given({ word: "InProgress", job: "Completed" });
  for (let i = 0; i < 3; i++) await finished.reconcile();
  await finished.delete();
  await finished.reconcile();
  await finished.scene.resources.untilGone("job");
  assert.deepEqual(finished.scene.calls, [DESCRIBE, ...CHECK]);
});

Deno.test("C16: the smallest resource is taken, read back as it was written, and deleted", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("job");
  const { apiVersion, kind, spec } = await scene.resources.get("job");
  assert.deepEqual({ apiVersion, kind, spec }, { apiVersion: API_VERSION, kind: "ProcessingJob", spec: MINIMAL_SPEC });
  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
});

Deno.test("C17: the generated name keeps the UID whole and gives up the end of the name", () => {
  const uid = "0b1e2d3c-4f5a-6b7c-8d9e-0f1a2b3c4d5e";
  const id = uid.replaceAll("-", "");
  const table: [what: string, name: string, uid: string, max: number, expected: string][] = [
    ["fits", "job", uid, 63, `job-${id}`],
    ["fits exactly", "a".repeat(30), uid, 63, `${"a".repeat(30)}-${id}`],
    ["name too long", "a".repeat(31), uid, 63, `${"a".repeat(30)}-${id}`],
    ["no room for the name", "job", uid, 33, id],
    ["uid too long", "job", uid, 20, id.slice(0, 20)],
  ];
  for (const [what, name, uid, max, expected] of table) {
    assert.equal(jobName(name, uid, max), expected, what);
    assert.ok(jobName(name, uid, max).length <= max, what);
  }
});

Deno.test("C18: the endpoint of the spec beats the operator's, and that beats AWS's own", async () => {
  await using theirs = await Scene.open(cluster);
  const allowed = ["http://127.0.0.1:*"];
  const env = { AWS_DEFAULT_SAGEMAKER_ENDPOINT: theirs.standIn.url };
  await using bench = await Bench.open(cluster, { endpoints: { allowed, env } });
  await bench.scene.resources.create("job", { spec: { sageMakerEndpoint: bench.scene.standIn.url } });
  await bench.reconcile();
  assert.deepEqual([bench.scene.calls, theirs.calls], [[CREATE], []]);

  await using other = await Bench.open(cluster, { endpoints: { allowed, env } });
  await other.given({});
  await other.reconcile();
  assert.deepEqual([other.scene.calls, theirs.calls], [[], [CREATE]]);

  assert.equal(endpoints({}).resolve(), undefined, "AWS's own is the SDK's business");
});

/** The cluster, but what `shouldFail` picks is answered with an error of the server. */
function failing(access: Cluster, shouldFail: (init: RequestInit) => boolean): Cluster {
  return {
    server: access.server,
    source: access.source,
    namespace: access.namespace,
    fetch: (path, init) =>
      shouldFail(init) ? Promise.resolve(new Response("", { status: 500 })) : access.fetch(path, init),
    close: () => access.close(),
  };
}
