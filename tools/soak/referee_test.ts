import assert from "node:assert/strict";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { makeProcessingJob } from "../../tests/support/builders.ts";
import { jobNameOf } from "../../tests/support/resources.ts";
import { Referee } from "./referee.ts";

const UID = "00000000-0000-0000-0000-00000000000";
const HEADERS = {
  "X-Amz-Target": "SageMaker.CreateProcessingJob",
  Authorization:
    "AWS4-HMAC-SHA256 Credential=A/20240101/us-west-2/sagemaker/aws4_request, SignedHeaders=host, Signature=0",
};

/** A referee over resources that the test sets, and a real stand-in. */
async function withReferee(
  test: (bench: { referee: Referee; resources: ProcessingJob[]; standIn: StandIn }) => Promise<void>,
): Promise<void> {
  const resources: ProcessingJob[] = [];
  const standIn = await startStandIn({ jobDuration: 3_600_000 });
  const cluster = {
    request: () => Promise.resolve({ status: 200, body: { metadata: { resourceVersion: "1" }, items: resources } }),
  };
  try {
    await test({
      referee: new Referee({ cluster, standIn, namespace: "a", onViolation: () => {} }),
      resources,
      standIn,
    });
  } finally {
    await standIn.close();
  }
}

function resource(number: number, status: ProcessingJobStatus): ProcessingJob {
  return makeProcessingJob({ metadata: { name: `job-${number}`, uid: `${UID}${number}` }, status });
}

/** Starts the job of `resource` in SageMaker. */
async function start(standIn: StandIn, resource: ProcessingJob): Promise<string> {
  const request = {
    ProcessingJobName: jobNameOf(resource),
    RoleArn: "arn:aws:iam::123456789012:role/job",
    AppSpecification: { ImageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1" },
    ProcessingResources: { ClusterConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 1 } },
  };
  const answer = await fetch(standIn.url, { method: "POST", headers: HEADERS, body: JSON.stringify(request) });
  assert.equal(answer.status, 200, await answer.text());
  return request.ProcessingJobName;
}

Deno.test("the referee has nothing against a job that runs and its resource", () =>
  withReferee(async ({ referee, resources, standIn }) => {
    resources.push(resource(1, { processingJobStatus: "InProgress" }));
    await start(standIn, resources[0]!);
    await referee.check();
    await referee.check();
    assert.deepEqual([referee.violations, await referee.disagreements()], [[], []]);
  }));

Deno.test("the referee finds a second job of one resource", () =>
  withReferee(async ({ referee, resources, standIn }) => {
    resources.push(resource(1, { processingJobStatus: "InProgress" }));
    const name = await start(standIn, resources[0]!);
    standIn.finish(name, "Completed");
    standIn.deleteRecord(name);
    await start(standIn, resources[0]!);
    await referee.check();
    assert.deepEqual(referee.violations, [`${name} is job number 2 of its resource`]);
  }));

Deno.test("the referee finds a job that runs without its resource", () =>
  withReferee(async ({ referee, standIn }) => {
    const name = await start(standIn, resource(1, {}));
    await referee.check();
    await referee.check();
    assert.deepEqual(referee.violations, [`${name} runs without its resource`]);
    assert.deepEqual(await referee.leftovers(), [`${name} still runs`]);
  }));

Deno.test("the referee finds an end that SageMaker doesn't know of, and one that changes", () =>
  withReferee(async ({ referee, resources, standIn }) => {
    const status = (word: ProcessingJobStatus["processingJobStatus"], number: number) => ({
      processingJobStatus: word!,
      sageMakerProcessingJobName: jobNameOf(resource(number, {})),
    });
    resources.push(resource(1, status("Completed", 1)), resource(2, status("Completed", 2)));
    await start(standIn, resources[0]!);
    standIn.finish(await start(standIn, resources[1]!), "Completed");
    await referee.check();
    assert.deepEqual(referee.violations, ["job-1 says Completed of a job that is InProgress"]);
    resources[1] = resource(2, status("InProgress", 2));
    await referee.check();
    assert.deepEqual(referee.violations.slice(1), ["job-2 was Completed and is now InProgress"]);
  }));

Deno.test("the referee finds what doesn't agree in the end", () =>
  withReferee(async ({ referee, resources, standIn }) => {
    for (const number of [1, 2, 3, 4]) resources.push(resource(number, { processingJobStatus: "InProgress" }));
    const [, second, third, fourth] = resources as [ProcessingJob, ProcessingJob, ProcessingJob, ProcessingJob];
    standIn.finish(await start(standIn, second), "Failed");
    const name = await start(standIn, third);
    standIn.finish(name, "Completed");
    standIn.deleteRecord(name);
    await start(standIn, fourth);
    fourth.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
    assert.deepEqual(await referee.disagreements(), [
      "job-1 has no job, InProgress: undefined",
      "job-2 says InProgress of a job that is Failed",
      "job-3 says InProgress of a job without a record",
      "job-4 was deleted and is still there, InProgress",
    ]);
  }));
