/** What `decide` makes of the policies, step by step. */
import assert from "node:assert/strict";
import { ARN, heldProcessingJob, makeJob, makeProcessingJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { type Condition, findCondition } from "../api/conditions.ts";
import type { Failure } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobSpec, ProcessingJobStatus } from "../api/processing_job.ts";
import type { Action, Observed, Settle } from "./action.ts";
import { decide } from "./decide.ts";

const NOW = Date.parse("2026-01-01T02:00:00Z");
const LIMITS = { heartbeatMs: 300_000, stalenessMs: 30_000 };
const NAME = "job-1234567890abcdef1234567890abcdef";
const NAMES = { jobName: NAME, cloudWatchLogUrl: `https://example.com/${NAME}` };

function next(resource: ProcessingJob, observed: Observed = {}, names = NAMES): Action {
  return decide(resource, observed, names, LIMITS, NOW);
}

function settled(resource: ProcessingJob, observed: Observed = {}, names = NAMES): Settle {
  const action = next(resource, observed, names);
  assert.equal(action.do, "settle");
  return action as Settle;
}

function held(spec: Partial<ProcessingJobSpec>, status?: ProcessingJobStatus, deleted = false): ProcessingJob {
  return { ...heldProcessingJob(status, deleted), spec: { ...MINIMAL_SPEC, ...spec } };
}

function seen(status: string, rest = {}): Observed {
  return { sighting: { job: makeJob(status, rest), seenAt: NOW }, hasLooked: true };
}

const gone: Observed = { sighting: { seenAt: NOW, absent: { since: NOW, looks: 1 } }, hasLooked: true };
const running: ProcessingJobStatus = {
  processingJobStatus: "InProgress",
  observedGeneration: 1,
  sageMakerProcessingJobName: NAME,
  processingJobArn: ARN + NAME,
};
const CAPACITY = { failureReason: "CapacityError: none", endTime: NOW - 1_000 };
const retryPolicy = { maxAttempts: 2, backoffSeconds: 10 };

Deno.test("a failure that is retried says which attempt comes next, and knows no job any more", () => {
  const { status, next } = settled(held({ retryPolicy }, running), seen("Failed", CAPACITY));
  assert.equal(status.processingJobStatus, "Reconciling");
  assert.match(status.additional!, /^Attempt 1 failed: CapacityError: none; attempt 2 begins in 10s$/);
  assert.deepEqual([status.attemptCount, status.attemptSummary], [2, "1/2"]);
  assert.deepEqual([status.sageMakerProcessingJobName, status.cloudWatchLogUrl], [
    `${NAME}-r2`,
    `https://example.com/${NAME}-r2`,
  ]);
  assert.equal(status.processingJobArn, undefined);
  assert.equal(status.failureReason, undefined);
  assert.equal(findCondition(status.conditions, "Created"), undefined);
  assert.equal(findCondition(status.conditions, "Ready")?.status, "Unknown");
  assert.deepEqual(next, { kind: "after", ms: 10_000 });
  assert.deepEqual(status.attempts?.map(({ number, reason, arn }) => ({ number, reason, arn })), [
    { number: 1, reason: "CapacityError", arn: ARN + NAME },
  ]);
});

Deno.test("a failure that only a list has shown is looked at before it is retried", () => {
  const { sighting } = seen("Failed", { ...CAPACITY, isSummary: true });
  assert.deepEqual(next(held({ retryPolicy }, running), { sighting: sighting! }), { do: "look" });
});

/** What a resource settles on whose job `suspend` has stopped. */
function suspended(): Settle {
  const { status } = settled(held({ suspend: true }, running), seen("InProgress"));
  return settled(held({ suspend: true }, status), seen("Stopped", { endTime: NOW }));
}

/** The status after the first attempt has failed. */
function pending(spec: Partial<ProcessingJobSpec> = {}, since = 0) {
  const { status } = settled(held({ retryPolicy }, running), seen("Failed", CAPACITY));
  const nextAttemptTime = new Date(NOW + 10_000 - since).toISOString();
  return held({ retryPolicy, ...spec }, { ...status, nextAttemptTime });
}
const SECOND = { jobName: `${NAME}-r2`, cloudWatchLogUrl: `https://example.com/${NAME}-r2` };

Deno.test("an attempt waits for its time without a call, then is looked up and created", () => {
  assert.deepEqual(settled(pending(), {}, SECOND).next, { kind: "after", ms: 10_000 });
  assert.deepEqual(next(pending({}, 10_000), {}, SECOND), { do: "look" });
  assert.deepEqual(next(pending({}, 10_000), gone, SECOND), { do: "confirm" });
  assert.deepEqual(next(pending({}, 10_000), { ...gone, isCurrent: true }, SECOND), { do: "create" });
});

Deno.test("a clock that was put back makes no attempt wait longer than its backoff", () => {
  assert.deepEqual(settled(pending({}, -3_600_000), {}, SECOND).next, { kind: "after", ms: 10_000 });
});

Deno.test("an attempt that a policy no longer allows is taken back, once it is certain that it has no job", () => {
  for (
    const resource of [
      pending({ retryPolicy: {} }),
      pending({ retryPolicy: { ...retryPolicy, expireAfterSeconds: 1 } }),
    ]
  ) {
    assert.deepEqual(next(resource, {}, SECOND), { do: "look" });
    const doubtful = settled(resource, { ...gone, unsettledAt: NOW - 1_000 }, SECOND);
    assert.equal(doubtful.status.processingJobStatus, "Reconciling");
    const { status } = settled(resource, gone, SECOND);
    assert.equal(status.processingJobStatus, "Failed");
    assert.deepEqual([status.attemptCount, status.sageMakerProcessingJobName], [undefined, NAME]);
    assert.deepEqual([status.failureReason, status.processingJobArn], [CAPACITY.failureReason, ARN + NAME]);
    assert.equal(findCondition(status.conditions, "Failed")?.status, "True");
  }
});

Deno.test("what a resource has cost is the sum over its attempts, also once the last is taken back", () => {
  const tenSeconds = { startTime: NOW - 10_000, endTime: NOW };
  const { status } = settled(held({ retryPolicy }, running), seen("Failed", { ...CAPACITY, ...tenSeconds }));
  assert.equal(status.billableInstanceSeconds, 10);
  const second = { ...seen("Completed", tenSeconds), isOwn: true };
  assert.equal(settled(held({ retryPolicy }, status), second, SECOND).status.billableInstanceSeconds, 20);
  const { status: last } = settled(held({}, status), gone, SECOND);
  assert.deepEqual([last.billableInstanceSeconds, last.earlierBillableInstanceSeconds], [10, undefined]);
});

Deno.test("a resource restored from a backup between two attempts gets no job", () => {
  const { metadata, ...rest } = pending();
  const resource = { ...rest, metadata: { ...metadata, uid: "another-uid", finalizers: [] } };
  const { status } = settled(resource, {}, { jobName: "job-anotheruid", cloudWatchLogUrl: "" });
  assert.equal(status.processingJobStatus, "Error");
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "Restored");
});

Deno.test("a fresh resource that is suspended is held back without a call or a finalizer", () => {
  const fresh = makeProcessingJob({ spec: { ...MINIMAL_SPEC, suspend: true } });
  const { status } = settled(fresh);
  assert.equal(status.processingJobStatus, "SynchronizingK8sJobWithSageMaker");
  assert.equal(findCondition(status.conditions, "Suspended")?.status, "True");
  assert.equal(settled({ ...fresh, status }).next.kind, "wait");
});

Deno.test("a resource that may have a job is not at rest before that is known", () => {
  const held_ = held({ suspend: true });
  assert.deepEqual(next(held_), { do: "look" });
  assert.deepEqual(settled(held_, { ...gone, inheritedAt: NOW - 1_000 }).next, { kind: "after", ms: 59_000 });
  const { status } = settled(held_, gone);
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "Suspended");
});

Deno.test("a resource that waits for its first create is suspended at once, whatever it waits for", () => {
  const message = "The region 'us-west-2' is not allowed";
  const failure = { retry: "person", reason: "RegionNotAllowed", code: "RegionNotAllowed", message } as const;
  const { status } = settled(makeProcessingJob(), { failure });
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "RegionNotAllowed");
  const waiting = makeProcessingJob({ spec: { ...MINIMAL_SPEC, suspend: true }, status });
  const suspended = settled(waiting, { failure });
  assert.equal(findCondition(suspended.status.conditions, "Suspended")?.status, "True");
  assert.deepEqual(suspended.next, { kind: "wait" });
});

Deno.test("a create whose outcome is unknown is looked up once it would show, though no other is allowed by now", () => {
  const failure = { retry: "person", reason: "RegionNotAllowed", code: "RegionNotAllowed", message: "no" } as const;
  const inDoubt = { ...gone, unsettledAt: NOW - 20_000, failure };
  const { status, next: soon } = settled(held({}), inDoubt);
  assert.equal(findCondition(status.conditions, "Created")?.status, "Unknown");
  assert.deepEqual(soon, { kind: "after", ms: 40_000 });
  // What is known by then is that there was no job before.
  const { sighting } = gone;
  assert.deepEqual(next(held({}, status), { sighting: sighting!, unsettledAt: NOW - 60_000 }), { do: "look" });
  assert.deepEqual(settled(held({}, status), { ...gone, unsettledAt: NOW - 60_000, failure }).next, {
    kind: "after",
    ms: 300_000,
  });
});

Deno.test("a job that is to be suspended is stopped only after that is written, and its end is a suspension", () => {
  const suspend = held({ suspend: true }, running);
  const { status: marked, next: soon } = settled(suspend, seen("InProgress"));
  assert.equal(findCondition(marked.conditions, "Suspended")?.status, "True");
  assert.deepEqual(soon, { kind: "after", ms: 0 });
  for (const wanted of [true, false]) {
    const resource = held({ suspend: wanted }, marked);
    assert.deepEqual(next(resource, seen("InProgress")), { do: "stop" }, "whatever is wanted meanwhile");
    assert.equal(settled(resource, seen("Stopping")).status.processingJobStatus, "Stopping");
    const { status } = settled(resource, seen("Stopped", { endTime: NOW }));
    assert.equal(status.processingJobStatus, "Stopped");
    assert.deepEqual(status.conditions?.map(({ type }) => type).sort(), ["Created", "Ready", "Suspended"]);
  }
});

Deno.test("a job that completes while it is to be suspended has completed", () => {
  const { status: marked } = settled(held({ suspend: true }, running), seen("InProgress"));
  const { status } = settled(held({ suspend: true }, marked), seen("Completed"));
  assert.equal(status.processingJobStatus, "Completed");
  assert.equal(findCondition(status.conditions, "Suspended")?.status, "False");
});

Deno.test("a suspended job begins anew as another attempt that does not count", () => {
  const { status: marked } = settled(held({ suspend: true }, running), seen("InProgress"));
  const { status: stopped } = settled(held({ suspend: true }, marked), seen("Stopped", { endTime: NOW }));
  assert.equal(settled(held({ suspend: true }, stopped)).next.kind, "wait");
  const { status, next: soon } = settled(held({}, stopped));
  assert.deepEqual([status.attemptCount, status.suspendedAttempts, status.attemptSummary], [2, 1, "0/1"]);
  assert.deepEqual(status.attempts?.map(({ number, reason }) => [number, reason]), [[1, "Suspended"]]);
  assert.deepEqual(soon, { kind: "after", ms: 0 });
  assert.deepEqual(next(held({}, status), { ...gone, isCurrent: true }, SECOND), { do: "create" });
});

Deno.test("a resource that was resumed before its stop was seen begins its next attempt at once", () => {
  const { status: marked } = settled(held({ suspend: true }, running), seen("InProgress"));
  // The operator has restarted since: all it knows is the status and what SageMaker says.
  const resumed = held({ suspend: false }, marked);
  const { status: stopped, next: soon } = settled(resumed, seen("Stopped", { endTime: NOW }));
  assert.equal(stopped.processingJobStatus, "Stopped");
  assert.deepEqual(soon, { kind: "after", ms: 0 }, "its own write is an echo, so nothing else would bring it back");
  assert.equal(settled({ ...resumed, status: stopped }).status.attemptCount, 2);
  // What the spec still asks for waits for a change.
  assert.equal(settled(held({ suspend: true }, marked), seen("Stopped", { endTime: NOW })).next.kind, "wait");
});

const ended: ProcessingJobStatus = {
  ...running,
  processingJobStatus: "Completed",
  processingEndTime: new Date(NOW - 10_000).toISOString(),
};
const ttls: [string, Partial<ProcessingJobSpec>, Observed, Action["do"] | number][] = [
  ["stays without a time to live", {}, { serviceNow: NOW + 1e9 }, "settle"],
  ["asks SageMaker for the time", { ttlSecondsAfterFinished: 0 }, {}, "look"],
  ["waits by SageMaker's clock", { ttlSecondsAfterFinished: 20 }, { serviceNow: NOW }, 10_999],
  ["is deleted by SageMaker's clock", { ttlSecondsAfterFinished: 20 }, { serviceNow: NOW + 11_000 }, "delete"],
  ["waits though our own clock is ahead", { ttlSecondsAfterFinished: 5 }, { serviceNow: NOW - 60_000 }, 55_999],
  ["has the default's time to live", {}, { serviceNow: NOW, defaults: { ttlSecondsAfterFinished: 0 } }, "delete"],
  [
    "asks again later where SageMaker can't be asked",
    { ttlSecondsAfterFinished: 0 },
    { hasLooked: true, failure: { retry: "soon", reason: "Throttled", code: "", message: "" } },
    60_000,
  ],
];
for (const [what, spec, observed, expected] of ttls) {
  Deno.test(`a finished resource ${what}`, () => {
    const action = next(held(spec, ended), observed);
    if (typeof expected === "string") assert.equal(action.do, expected);
    else assert.deepEqual((action as Settle).next, { kind: "after", ms: expected });
  });
}

const conditionOf = (lastTransitionTime: string): Condition[] => [
  { type: "Complete", status: "True", reason: "Completed", message: "", lastTransitionTime, observedGeneration: 1 },
];
const unknownEnds: [string, ProcessingJobStatus][] = [
  ["is missing", {}],
  ["is empty", { processingEndTime: "" }],
  ["is no time", { processingEndTime: "yesterday" }],
  ["is a number that Date.parse() takes for a year", { processingEndTime: "1" }],
  ["has no zone", { processingEndTime: "2026-01-01T00:00:00" }],
  ["is a day that does not exist", { processingEndTime: "2026-02-30T00:00:00Z" }],
  ["is no time, though the condition's is", {
    processingEndTime: "yesterday",
    conditions: conditionOf("2026-01-01T00:00:00Z"),
  }],
  ["is missing, and the condition's is no time", { conditions: conditionOf("1") }],
];
for (const [what, status] of unknownEnds) {
  Deno.test(`a finished resource is never deleted by its time to live where its end ${what}`, () => {
    const { processingEndTime: _, ...rest } = ended;
    const resource = held({ ttlSecondsAfterFinished: 0 }, { ...rest, ...status });
    const { next } = settled(resource, { serviceNow: NOW + 1e12 });
    assert.deepEqual(next, { kind: "wait" });
  });
}

Deno.test("a finished resource without an end is deleted by the time of its condition", () => {
  const { processingEndTime: _, ...rest } = ended;
  const resource = held({ ttlSecondsAfterFinished: 0 }, { ...rest, conditions: conditionOf("2026-01-01T00:00:00Z") });
  assert.deepEqual(next(resource, { serviceNow: NOW }), { do: "delete" });
});

Deno.test("a finished resource without an end waits by both clocks, as its condition was written by ours", () => {
  const { processingEndTime: _, ...rest } = ended;
  const conditions = conditionOf(new Date(NOW - 10_000).toISOString());
  const resource = held({ ttlSecondsAfterFinished: 20 }, { ...rest, conditions });
  assert.deepEqual(settled(resource, { serviceNow: NOW + 60_000 }).next, { kind: "after", ms: 10_999 });
  assert.deepEqual(settled(resource, { serviceNow: NOW - 60_000 }).next, { kind: "after", ms: 70_999 });
});

Deno.test("what is paused outlives its time", () => {
  const resource = held({ ttlSecondsAfterFinished: 0 }, ended);
  const annotations = { "sagemaker.aws.amazon.com/paused": "true" };
  const paused = { ...resource, metadata: { ...resource.metadata, annotations } };
  assert.equal(next(paused, { serviceNow: NOW + 1e9 }).do, "settle");
});

const deletions: [string, Partial<ProcessingJobSpec>, ProcessingJobStatus, Observed, Action][] = [
  ["Retain lets go at once", { deletionPolicy: "Retain" }, running, {}, {
    do: "release",
    forced: false,
    retained: true,
  }],
  ["Stop stops first", {}, running, seen("InProgress"), { do: "stop" }],
  ["Delete stops first", { deletionPolicy: "Delete" }, running, seen("InProgress"), { do: "stop" }],
  ["Delete then deletes the record", { deletionPolicy: "Delete" }, running, seen("Stopped"), { do: "delete-records" }],
  ["Delete deletes what has ended before", { deletionPolicy: "Delete" }, ended, {}, { do: "delete-records" }],
  [
    "Delete lets go once the record is deleted",
    { deletionPolicy: "Delete" },
    ended,
    { areRecordsDeleted: true },
    { do: "release", forced: false },
  ],
  ["Delete leaves what is somebody else's", { deletionPolicy: "Delete" }, { ...running, processingJobArn: "other" }, {
    ...seen("InProgress"),
    isOwn: false,
  }, { do: "release", forced: false }],
  ["the default holds where the spec says nothing", {}, running, { defaults: { deletionPolicy: "Retain" } }, {
    do: "release",
    forced: false,
    retained: true,
  }],
];
for (const [what, spec, status, observed, expected] of deletions) {
  Deno.test(`deletion: ${what}`, () => assert.deepEqual(next(held(spec, status, true), observed), expected));
}

const DENIED: Failure = {
  retry: "person",
  reason: "AccessDenied",
  code: "AccessDeniedException",
  message: "AccessDeniedException: not authorized to perform: sagemaker:DeleteProcessingJob",
};
/** The records' deletion has just been refused. */
const refused: Observed = { failure: DENIED, recordsAsked: true };
const endings: [string, ProcessingJobStatus, Observed, string, string[]][] = [
  ["Completed", settled(held({}, running), seen("Completed")).status, {}, "Completed", [
    "Complete",
    "Created",
    "Finished",
  ]],
  ["Failed", settled(held({}, running), seen("Failed", { failureReason: "AlgorithmError: 1" })).status, {}, "Failed", [
    "Created",
    "Failed",
    "Finished",
    "Stalled",
  ]],
  ["Stopped outside the operator", settled(held({}, running), seen("Stopped")).status, {}, "Stopped", [
    "Created",
    "Finished",
    "Stalled",
    "Stopped",
  ]],
  ["Stopped by suspend", suspended().status, {}, "Stopped", ["Created", "Suspended"]],
  ["Completed a moment ago", running, seen("Completed"), "Completed", ["Complete", "Created", "Finished"]],
  ["Stopped by the deletion", { ...running, processingJobStatus: "Stopping" }, seen("Stopped"), "Stopped", [
    "Created",
    "Finished",
    "Stopped",
  ]],
];
for (const [what, status, observed, word, conditions] of endings) {
  Deno.test(`deletion: Delete says what hinders it beside the ending, and leaves that as it is: ${what}`, () => {
    let resource = held({ deletionPolicy: "Delete" }, status, true);
    const first = settled(resource, { ...observed, ...refused });
    resource = { ...resource, status: first.status };
    for (const action of [first, settled(resource, refused)]) {
      assert.equal(action.status.processingJobStatus, word);
      const others = action.status.conditions?.filter(({ type, status }) => type !== "Ready" && status === "True");
      assert.deepEqual(others?.map(({ type }) => type).sort(), conditions);
      const ready = findCondition(action.status.conditions, "Ready");
      assert.deepEqual([ready?.status, ready?.reason], ["False", "AccessDenied"]);
      const { additional = "", failureReason = "" } = action.status;
      assert.ok(additional.startsWith(failureReason), additional);
      assert.match(additional, /record .*cannot be deleted.*sagemaker:DeleteProcessingJob.*force-delete: "true"/);
      assert.doesNotMatch(additional, /may still run/);
      assert.equal(action.status.observedGeneration, 2);
      assert.deepEqual(action.next, { kind: "after", ms: 300_000 });
      assert.equal(action.status.additional, first.status.additional, "it does not grow from one try to the next");
    }
    assert.deepEqual(next(resource), { do: "delete-records" }, "it is tried again");
    assert.deepEqual(next(resource, { areRecordsDeleted: true }), { do: "release", forced: false });
  });
}

Deno.test("deletion: what another finalizer holds says what its job is before it is released", () => {
  const withOther = (resource: ProcessingJob): ProcessingJob => ({
    ...resource,
    metadata: { ...resource.metadata, finalizers: [...resource.metadata.finalizers ?? [], "example.com/hold"] },
  });
  const completed = settled(held({}, running), seen("Completed")).status;
  const cases: [ProcessingJobStatus, Observed, string][] = [
    [{ ...running, processingJobStatus: "Stopping" }, seen("Stopped"), "Stopped"],
    [running, seen("Failed"), "Failed"],
    // The deletion is a new generation.
    [completed, {}, "Completed"],
  ];
  for (const [status, observed, word] of cases) {
    const resource = withOther(held({}, status, true));
    const action = settled(resource, { ...observed, isOwn: true });
    assert.deepEqual([action.status.processingJobStatus, action.status.observedGeneration], [word, 2]);
    assert.equal(findCondition(action.status.conditions, "Finished")?.status, "True");
    assert.deepEqual(action.next, { kind: "after", ms: 0 });
    assert.deepEqual(next({ ...resource, status: action.status }, observed), { do: "release", forced: false });
    assert.deepEqual(next(held({}, status, true), { ...observed, isOwn: true }), { do: "release", forced: false });
  }
});

Deno.test("deletion: Delete believes that a record is gone only in the account of the job", () => {
  const resource = held({ deletionPolicy: "Delete" }, ended, true);
  const absent: Observed = { recordsAsked: true, isRecordAbsent: true };
  assert.deepEqual(next(resource, absent), { do: "identify", account: "123456789012" });
  const { status } = settled(resource, { ...absent, caller: "210987654321" });
  assert.equal(status.processingJobStatus, "Completed");
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "WrongAccount");
  assert.deepEqual(next(resource, { ...absent, caller: "123456789012" }), { do: "delete-records" });
});

Deno.test("deletion: Delete believes a look that found no record only in the account of the job's role", () => {
  const { processingJobArn: _, ...former } = ended;
  const resource = held({ deletionPolicy: "Delete" }, former, true);
  const role: Observed = { ...gone, roleAccount: "123456789012" };
  assert.equal(next(resource, role).do, "identify");
  const { status } = settled(resource, { ...role, caller: "210987654321" });
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "WrongAccount");
  assert.deepEqual(next(resource, { ...role, caller: "123456789012" }), { do: "release", forced: false });
});

Deno.test("deletion: Delete does not say that a job may still run between two attempts, where none does", () => {
  const { spec, status } = pending();
  const resource = held({ ...spec, deletionPolicy: "Delete" }, status, true);
  assert.deepEqual(next(resource, gone, SECOND), { do: "delete-records" });
  const action = settled(resource, { ...gone, ...refused }, SECOND);
  assert.equal(action.status.processingJobStatus, "Reconciling");
  assert.match(action.status.additional ?? "", /record .*cannot be deleted/);
  assert.doesNotMatch(action.status.additional ?? "", /may still run/);
});

Deno.test("the status says which deletion policy was asked for, and nothing where none was", () => {
  assert.equal(settled(held({}, running), seen("InProgress")).status.deletionPolicy, undefined);
  const { status } = settled(held({}, running), { ...seen("InProgress"), defaults: { deletionPolicy: "Delete" } });
  assert.equal(status.deletionPolicy, "Delete");
  assert.equal(settled(held({ deletionPolicy: "Stop" }, ended)).status.deletionPolicy, "Stop");
});

Deno.test("a resource that asks for no policy has a status that speaks of none", () => {
  const keys = ["deletionPolicy", "attemptCount", "suspendedAttempts", "attemptSummary", "nextAttemptTime", "attempts"];
  for (const status of ["InProgress", "Failed", "Completed", "Stopped"]) {
    const settledStatus = settled(held({}, running), seen(status)).status;
    assert.deepEqual(keys.filter((key) => key in settledStatus), []);
  }
});
