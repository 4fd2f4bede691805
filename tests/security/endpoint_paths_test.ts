/**
 * A tenant names endpoints with paths. At 939be82 each of them has its own client, pollers and budgets, and requests go there: the tests of
 * this file fail.
 */
import assert from "node:assert/strict";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { CallBudgets } from "../../src/sagemaker/budget.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { CallGate } from "../../src/sagemaker/gate.ts";
import { JobInformer } from "../../src/sagemaker/informer/informer.ts";
import { JobCalls } from "../../src/processing_job/job_calls.ts";
import { Burst } from "../../src/processing_job/burst.ts";
import type { Observed } from "../../src/processing_job/action.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { refOf } from "../../src/processing_job/identity.ts";
import { siteKey } from "../../src/api/job.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ORIGIN = "https://sagemaker.example";

function resourceAt(sageMakerEndpoint: string, index = 0): ProcessingJob {
  return {
    metadata: {
      name: `job-${index}`,
      namespace: "team-a",
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: { ...MINIMAL_SPEC, sageMakerEndpoint },
    status: { observedGeneration: -1 },
  } as ProcessingJob;
}

Deno.test("300 endpoints with paths are refused at no cost: no client, no poller, no budget and no call", async () => {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  const clock = new FakeClock();
  const rules = endpoints({ allowed: [ORIGIN] });
  let calls = 0;
  using aws = sageMakerFactory({ clock, version: "0", endpoints: rules, onCall: () => calls++ });
  const budgets = new CallBudgets({ clock });
  const gate = new CallGate({ clock, budgets, onRelease: () => {} });
  const { sageMakerFor } = aws;
  const jobs = new JobInformer({
    sageMakerFor,
    clock,
    budgets,
    pollIntervalMs: 1000,
    stalenessMs: 1000,
    onChange() {},
  });
  const job = new JobCalls(
    {
      jobs,
      gate,
      sageMakerFor,
      clock,
      tagsFor: (tags = []) => tags,
      endpointRefusal: (url: string) => rules.refusalOf(url),
      onTagsDenied: () => {},
      burst: new Burst(clock),
      isBusy: () => false,
    } as unknown as ConstructorParameters<typeof JobCalls>[0],
  );
  const { signal } = new AbortController();
  for (let index = 0; index < 300; index++) {
    const resource = resourceAt(`${ORIGIN}/path-${index}`, index);
    for (const step of ["mayCreate", "prepare", "create", "look", "stop"] as const) {
      const observed: Observed = job.known(resource);
      await job[step](resource, observed, signal);
      assert.equal(observed.failure?.reason, "EndpointNotAllowed");
    }
    job.settle(resource, job.known(resource), { follow: true, isDone: false });
  }
  assert.deepEqual([aws.size, jobs.size, gate.size, gate.places, calls], [0, 0, 0, 0, 0]);
});

Deno.test("all spellings of one endpoint are one site", () => {
  const spellings = [ORIGIN, `${ORIGIN}/`, `${ORIGIN}:443`, "HTTPS://SageMaker.Example:443/"];
  assert.equal(new Set(spellings.map((text) => siteKey(refOf(resourceAt(text))))).size, 1);
});

Deno.test("a path of an allowed host gets no request; the same host without a path, or with a slash, does", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("path", {
    spec: { ...MINIMAL_SPEC, sageMakerEndpoint: `${scene.standIn.url}/any/path` },
  });
  const { status } = await scene.resources.untilStatus("path", "Reconciling");
  assert.match(status?.additional ?? "", /--allowed-endpoints does not name its path/);
  assert.deepEqual(scene.calls, []);
  await scene.resources.create("slash", { spec: { ...MINIMAL_SPEC, sageMakerEndpoint: `${scene.standIn.url}/` } });
  await scene.resources.untilStatus("slash", "InProgress");
});
