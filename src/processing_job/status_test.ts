import assert from "node:assert/strict";
import { heldProcessingJob, makeJob, makeProcessingJob } from "../../tests/support/builders.ts";
import type { Condition } from "../api/conditions.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { nextAttempt } from "./attempts.ts";
import { provesJob } from "./history.ts";
import { paused, refreshed, statusOf, viewOfJob } from "./status.ts";
import { statusPatch } from "./status_patch.ts";

const NOW = Date.parse("2026-01-01T02:00:00.900Z");
const NAMES = { jobName: "job-1", cloudWatchLogUrl: "https://example.com/logs" };
const HEARTBEAT = { phase: 0, intervalMs: 300_000 };

Deno.test("statusOf() tells everything that SageMaker said of a finished job", () => {
  const job = makeJob("Failed", {
    failureReason: "AlgorithmError: exit 1",
    exitMessage: "no input",
    startTime: Date.parse("2026-01-01T00:00:30Z"),
    endTime: Date.parse("2026-01-01T00:03:35Z"),
    selectedInstanceType: "ml.c5.xlarge",
  });
  const status = statusOf(heldProcessingJob(), { ...viewOfJob(job), ...NAMES, lookedAt: NOW }, NOW);
  const { conditions, ...flat } = status;
  assert.deepEqual(flat, {
    processingJobStatus: "Failed",
    additional: "AlgorithmError: exit 1",
    sageMakerProcessingJobName: "job-1",
    cloudWatchLogUrl: "https://example.com/logs",
    observedGeneration: 1,
    lastCheckTime: "2026-01-01T02:00:00Z",
    processingJobArn: job.arn,
    processingStartTime: "2026-01-01T00:00:30Z",
    processingEndTime: "2026-01-01T00:03:35Z",
    duration: "3m5s",
    billableInstanceSeconds: 185,
    selectedInstanceType: "ml.c5.xlarge",
    failureReason: "AlgorithmError: exit 1",
    exitMessage: "no input",
  });
  assert.deepEqual(conditions?.map(({ type, status }) => `${type}=${status}`), [
    "Ready=False",
    "Created=True",
    "Failed=True",
    "Finished=True",
    "Stalled=True",
  ]);
});

Deno.test("statusOf() names the instance type of the spec where SageMaker had no choice", () => {
  const status = statusOf(heldProcessingJob(), { ...viewOfJob(makeJob("InProgress")), ...NAMES }, NOW);
  assert.equal(status.selectedInstanceType, "ml.m5.large");
});

Deno.test("statusOf() tells what a job cost once it has ended and its start is known, and goes on saying so", () => {
  const [startTime, endTime] = [Date.parse("2026-01-01T00:00:30Z"), Date.parse("2026-01-01T00:01:30Z")];
  const costs = (resource: ReturnType<typeof heldProcessingJob>, job?: Parameters<typeof makeJob>[1]) => {
    const view = job ? viewOfJob(makeJob("Completed", job)) : viewOfJob(makeJob("Completed", { isSummary: true }));
    return statusOf(resource, { ...view, ...NAMES }, NOW).billableInstanceSeconds;
  };
  const running = heldProcessingJob({ processingJobStatus: "InProgress", observedGeneration: 1 });
  assert.equal(costs(running, { endTime, isSummary: true }), undefined);
  assert.equal(costs(running, { endTime }), undefined);
  assert.equal(costs(running, { startTime, endTime }), 60);
  const ended = { processingJobStatus: "Completed", observedGeneration: 1, billableInstanceSeconds: 60 } as const;
  assert.equal(costs(heldProcessingJob(ended)), 60);
});

Deno.test("statusOf() clears additional once the reason has passed", () => {
  const before = heldProcessingJob({
    processingJobStatus: "Reconciling",
    additional: "Throttled",
    observedGeneration: 1,
  });
  const status = statusOf(before, { ...viewOfJob(makeJob("InProgress")), ...NAMES }, NOW);
  assert.equal(status.additional, undefined);
  assert.equal(statusPatch(before, status, HEARTBEAT, NOW)?.additional, null);
});

Deno.test("viewOfJob() keeps an unknown word out of the status and says which it was", () => {
  const view = viewOfJob(makeJob("Hibernating"));
  assert.equal(view.word, "Reconciling");
  assert.match(view.additional ?? "", /'Hibernating'/);
});

const FOREIGN = {
  type: "example.com/Admitted",
  status: "True",
  reason: "QuotaReserved",
  message: "",
  lastTransitionTime: "2025-12-31T00:00:00Z",
  observedGeneration: 1,
} as unknown as Condition;

Deno.test("conditions of other controllers survive every status that is written, untouched", () => {
  const first = statusOf(heldProcessingJob(), { ...viewOfJob(makeJob("InProgress")), ...NAMES }, NOW);
  const resource = heldProcessingJob({ ...first, conditions: [FOREIGN, ...first.conditions!] });
  resource.metadata.generation = 2;
  const ended = statusOf(resource, { ...viewOfJob(makeJob("Failed")), ...NAMES }, NOW);
  const written = {
    "a job's end": ended,
    "another generation": refreshed(resource),
    "a pause": paused(resource, NOW),
    "the next attempt": nextAttempt(ended),
  };
  for (const [what, { conditions = [] }] of Object.entries(written)) {
    assert.deepEqual(conditions.filter(({ type }) => type === FOREIGN.type), [FOREIGN], what);
    assert.ok(conditions.every((each) => each === FOREIGN || each.observedGeneration === 2), what);
  }
});

Deno.test("statusPatch() does not mind the order of conditions", () => {
  const [ready, created] = statusOf(heldProcessingJob(), { ...viewOfJob(makeJob("InProgress")), ...NAMES }, NOW)
    .conditions!;
  const before = heldProcessingJob({ conditions: [FOREIGN, created!, ready!] });
  assert.equal(statusPatch(before, { conditions: [ready!, created!, FOREIGN] }, HEARTBEAT, NOW), undefined);
  const patch = statusPatch(
    before,
    { conditions: [{ ...ready!, message: "other" }, created!, FOREIGN] },
    HEARTBEAT,
    NOW,
  );
  assert.equal((patch?.conditions as Condition[]).length, 3, "a merge patch replaces the whole list");
});

const proofs: [ProcessingJobStatus | undefined, boolean][] = [
  [undefined, false],
  [{}, false],
  [{ processingJobStatus: "SynchronizingK8sJobWithSageMaker" }, false],
  [{ processingJobStatus: "Error", sageMakerProcessingJobName: "job-1" }, false],
  [{ processingJobStatus: "Reconciling", sageMakerProcessingJobName: "job-1" }, false],
  [{ processingJobStatus: "InProgress" }, true],
  [{ processingJobStatus: "Stopped" }, true],
  [{ processingJobStatus: "Reconciling", processingJobArn: "arn" }, true],
];
for (const [status, expected] of proofs) {
  Deno.test(`provesJob() is ${expected} for ${JSON.stringify(status)}`, () =>
    assert.equal(provesJob(status), expected));
}

const checked: ProcessingJobStatus = { processingJobStatus: "InProgress", lastCheckTime: "2026-01-01T00:00:00Z" };
const patches: [string, ProcessingJobStatus | undefined, ProcessingJobStatus, Record<string, unknown> | undefined][] = [
  ["says nothing of what is the same", checked, { ...checked }, undefined],
  [
    "is silent about a look before the heartbeat",
    checked,
    { ...checked, lastCheckTime: "2026-01-01T00:00:01Z" },
    undefined,
  ],
  ["tells a look after the heartbeat", checked, { ...checked, lastCheckTime: "2026-01-01T00:05:00Z" }, {
    lastCheckTime: "2026-01-01T00:05:00Z",
  }],
  ["tells the first look", { processingJobStatus: "InProgress" }, checked, { lastCheckTime: "2026-01-01T00:00:00Z" }],
  ["tells a look together with any other change", checked, {
    processingJobStatus: "Stopping",
    lastCheckTime: "2026-01-01T00:00:05Z",
  }, { processingJobStatus: "Stopping", lastCheckTime: "2026-01-01T00:00:05Z" }],
  ["removes what is no longer so", { ...checked, additional: "x" }, checked, { additional: null }],
  ["writes all of a first status", undefined, { processingJobStatus: "InProgress" }, {
    processingJobStatus: "InProgress",
  }],
];
for (const [name, before, after, expected] of patches) {
  Deno.test(`statusPatch() ${name}`, () => {
    const now = Date.parse(after.lastCheckTime ?? "2026-01-01T00:00:00Z");
    assert.deepEqual(statusPatch(heldProcessingJob(before ?? {}), after, HEARTBEAT, now), expected);
  });
}

Deno.test("statusPatch() does not mind the order of keys", () => {
  const condition = {
    type: "Ready",
    status: "True",
    reason: "Completed",
    message: "",
    lastTransitionTime: "t",
  } as const;
  const before: ProcessingJobStatus = { conditions: [{ ...condition, observedGeneration: 1 }] };
  const after: ProcessingJobStatus = { conditions: [{ observedGeneration: 1, ...condition }] };
  assert.equal(statusPatch(heldProcessingJob(before), after, HEARTBEAT, NOW), undefined);
});

Deno.test("statusPatch() takes away what an object has no longer, since a merge patch would leave it", () => {
  const before = makeProcessingJob({
    status: { processingJobStatus: "Reconciling", site: { assumedRoleArn: "a", endpoint: "e" } },
  });
  const patch = statusPatch(
    before,
    { processingJobStatus: "InProgress", site: { account: "1", endpoint: "e" } },
    HEARTBEAT,
    NOW,
  );
  assert.deepEqual(patch?.site, { account: "1", endpoint: "e", assumedRoleArn: null });
});
