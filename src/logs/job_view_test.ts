import assert from "node:assert/strict";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { viewOf } from "./job_view.ts";

const UID = "12345678-90ab-cdef-1234-567890abcdef";

function resource(status?: ProcessingJobStatus, clusterConfig: object = { instanceCount: 2 }): ProcessingJob {
  return {
    metadata: { name: "a.job", namespace: "ns", uid: UID, creationTimestamp: "2024-01-01T00:00:00Z" },
    spec: { region: "eu-west-1", processingResources: { clusterConfig } },
    ...(status && { status }),
  } as unknown as ProcessingJob;
}

Deno.test("viewOf() takes the job's name from the status, else makes it", () => {
  assert.equal(viewOf(resource({ sageMakerProcessingJobName: "given" })).jobName, "given");
  assert.deepEqual(viewOf(resource()), {
    jobName: "a-job-1234567890abcdef1234567890abcdef",
    region: "eu-west-1",
    hosts: 2,
    createdAt: Date.UTC(2024, 0, 1),
    word: "SynchronizingK8sJobWithSageMaker",
    isCreated: false,
  });
});

const standings: [ProcessingJobStatus, boolean, string | undefined][] = [
  [{ processingJobStatus: "SynchronizingK8sJobWithSageMaker" }, false, undefined],
  [{ processingJobStatus: "Reconciling" }, false, undefined],
  [{ processingJobStatus: "Reconciling", processingJobArn: "arn" }, true, undefined],
  [{ processingJobStatus: "InProgress" }, true, undefined],
  [{ processingJobStatus: "Stopping" }, true, undefined],
  [{ processingJobStatus: "Completed" }, true, "Completed"],
  [{ processingJobStatus: "Failed" }, true, "Failed"],
  [{ processingJobStatus: "Stopped" }, true, "Stopped"],
  [{ processingJobStatus: "Error" }, false, "Error"],
];
for (const [status, isCreated, outcome] of standings) {
  const what = `${status.processingJobStatus}${status.processingJobArn ? " with an ARN" : ""}`;
  Deno.test(`viewOf() reads ${what}`, () => {
    const view = viewOf(resource(status));
    assert.deepEqual([view.isCreated, view.end?.outcome], [isCreated, outcome]);
  });
}

Deno.test("viewOf() knows when and why a job ended", () => {
  const view = viewOf(resource({
    processingJobStatus: "Failed",
    failureReason: "why",
    processingEndTime: "2024-01-01T01:00:00Z",
    lastCheckTime: "2024-01-01T02:00:00Z",
  }));
  assert.deepEqual([view.end?.at, view.text], [Date.UTC(2024, 0, 1, 1), "why"]);
});

Deno.test("viewOf() expects as many hosts as any preferred instance would bring", () => {
  const preferences = { instancePreferences: [{ instanceType: "a" }, { instanceType: "b", instanceCount: 3 }] };
  assert.equal(viewOf(resource(undefined, preferences)).hosts, 3);
  assert.equal(viewOf(resource(undefined, {})).hosts, 1);
});

Deno.test("viewOf() tells of an earlier attempt, and of one to come, where it is asked for", () => {
  const id = "1234567890abcdef1234567890abcdef";
  const arn = "arn";
  const failed = {
    number: 1,
    name: "first",
    arn,
    status: "Failed",
    reason: "CapacityError",
    message: "CapacityError: none",
  };
  const retried = resource({
    processingJobStatus: "InProgress",
    processingJobArn: arn,
    attemptCount: 2,
    attempts: [failed],
  });
  const { jobName, end, text } = viewOf(retried, 1);
  assert.deepEqual({ jobName, end, text }, { jobName: "first", end: { outcome: "Failed" }, text: failed.message });
  assert.deepEqual(viewOf(retried, 2), viewOf(retried));
  const coming = viewOf(retried, 3);
  assert.deepEqual([coming.jobName, coming.isCreated, coming.end], [`a-job-${id}-r3`, false, undefined]);
});

Deno.test("viewOf() sees no end in a suspension", () => {
  const because = { reason: "Suspended", message: "", lastTransitionTime: "", observedGeneration: 1 } as const;
  const conditions = [{ type: "Suspended", status: "True", ...because } as const];
  assert.equal(viewOf(resource({ processingJobStatus: "Stopped", conditions })).end, undefined);
});

Deno.test("viewOf() sees the end of an attempt that others follow, whatever is known of it", () => {
  const unlisted = resource({ processingJobStatus: "InProgress", processingJobArn: "arn", attemptCount: 30 });
  assert.equal(viewOf(unlisted, 2).end?.outcome, "Error");
  const attempts = [{ number: 1, name: "first", status: "InProgress", reason: "JobLost" }];
  const lost = resource({ processingJobStatus: "Reconciling", attemptCount: 2, attempts });
  assert.equal(viewOf(lost, 1).end?.outcome, "Error");
  const stopped = resource({
    processingJobStatus: "InProgress",
    attemptCount: 2,
    attempts: [{ number: 1, name: "first", status: "Stopped", reason: "Suspended", endTime: "2024-01-01T01:00:00Z" }],
  });
  assert.deepEqual(viewOf(stopped, 1).end, { outcome: "Stopped", at: Date.UTC(2024, 0, 1, 1) });
});

Deno.test("viewOf() sees that an attempt will not come once the resource has ended", () => {
  const ended = resource({ processingJobStatus: "Failed", failureReason: "why", processingJobArn: "arn" });
  assert.deepEqual([viewOf(ended, 2).isCreated, viewOf(ended, 2).end?.outcome], [false, "Failed"]);
});
