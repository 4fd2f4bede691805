import assert from "node:assert/strict";
import fc from "fast-check";
import { heldProcessingJob, makeJob, makeProcessingJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { type Condition, type ConditionType, findCondition } from "../api/conditions.ts";
import { ANNOTATIONS } from "../api/group.ts";
import { type Failure, FINAL_JOB_STATUSES, JOB_STATUSES, type Reason, type Retry, type Sighting } from "../api/job.ts";
import { attemptName } from "../api/job_name.ts";
import type { ProcessingJob, ProcessingJobSpec, ProcessingJobStatus } from "../api/processing_job.ts";
import type { Action, Observed } from "./action.ts";
import { decide } from "./decide.ts";

const NOW = Date.parse("2026-01-01T02:00:00Z");
const LIMITS = { heartbeatMs: 300_000, stalenessMs: 30_000 };
/** That of the jobs and of their role. */
const ACCOUNT = "123456789012";
const NAMES = { jobName: "job-1234567890abcdef1234567890abcdef", cloudWatchLogUrl: "https://example.com/logs" };

function next(resource: ProcessingJob, observed: Observed = {}, now = NOW): Action {
  return decide(resource, observed, NAMES, LIMITS, now);
}

function failure(retry: Retry, rest: Partial<Failure> = {}): Failure {
  return {
    retry,
    reason: "Throttled",
    code: "ThrottlingException",
    message: "ThrottlingException: slow down",
    ...rest,
  };
}

function seen(status: string, rest: Partial<Sighting> = {}): Observed {
  return { sighting: { job: makeJob(status), seenAt: NOW, ...rest } };
}

function absent(ago = 0, looks = 1): Observed {
  return { sighting: { seenAt: NOW, absent: { since: NOW - ago, looks } } };
}

/** As a look of just now has it. */
function gone(): Observed {
  return { ...absent(), hasLooked: true };
}

const untouched: ProcessingJobStatus = {
  processingJobStatus: "SynchronizingK8sJobWithSageMaker",
  observedGeneration: -1,
};
const running: ProcessingJobStatus = {
  processingJobStatus: "InProgress",
  observedGeneration: 1,
  processingJobArn: makeJob("InProgress").arn,
};
const waiting: ProcessingJobStatus = { processingJobStatus: "Reconciling", observedGeneration: 1 };
const done: ProcessingJobStatus = { ...running, processingJobStatus: "Completed" };
const broken: ProcessingJobStatus = { processingJobStatus: "Error", observedGeneration: 1 };
const restored: ProcessingJobStatus = {
  ...running,
  sageMakerProcessingJobName: "job-0000000000000000000000000000000",
  processingJobArn: "arn:of-another-job",
};
/** With the condition `Created`, of ten minutes ago. */
function withCreated(
  status: ProcessingJobStatus,
  created: Pick<Condition, "status" | "reason">,
): ProcessingJobStatus {
  const lastTransitionTime = new Date(NOW - 600_000).toISOString();
  const condition = { type: "Created", message: "", lastTransitionTime, observedGeneration: 1, ...created } as const;
  return { ...status, conditions: [...status.conditions ?? [], condition] };
}
const neverSent = withCreated(waiting, { status: "False", reason: "NotSent" });
const inDoubt = withCreated(waiting, { status: "Unknown", reason: "OutcomeUnknown" });
const conflict: ProcessingJobStatus = {
  ...broken,
  conditions: [{
    type: "Ready",
    status: "False",
    reason: "NameConflict",
    message: "",
    lastTransitionTime: new Date(NOW).toISOString(),
    observedGeneration: 1,
  }],
};
const lost: ProcessingJobStatus = {
  ...running,
  processingJobStatus: "Error",
  conditions: conflict.conditions!.map((condition) => ({ ...condition, reason: "JobLost" })),
};
const justCreated: ProcessingJobStatus = {
  ...running,
  conditions: [{
    type: "Created",
    status: "True",
    reason: "Created",
    message: "",
    lastTransitionTime: new Date(NOW - 5_000).toISOString(),
    observedGeneration: 1,
  }],
};

const steps: [string, ProcessingJob, Observed, Action["do"]][] = [
  ["a fresh resource gets its finalizer before anything else", makeProcessingJob(), {}, "add-finalizer"],
  [
    "a fresh resource that was held before is read again before its job is created",
    heldProcessingJob(untouched),
    {},
    "confirm",
  ],
  ["a fresh resource with its finalizer gets its job", heldProcessingJob(untouched), { isCurrent: true }, "create"],
  ["a resource of the old controller without a status is looked up first", heldProcessingJob({}), {}, "look"],
  [
    "an Error of the old controller is looked up first",
    heldProcessingJob({ processingJobStatus: "Error" }),
    {},
    "look",
  ],
  ["an old InProgress is looked up first", heldProcessingJob({ processingJobStatus: "InProgress" }), {}, "look"],
  ["a resource whose create failed is looked up before the next", heldProcessingJob(waiting), {}, "look"],
  ["a resource without a job gets one", heldProcessingJob(waiting), { ...absent(), isCurrent: true }, "create"],
  ["a job that existed is never created again", heldProcessingJob(running), { ...absent(), caller: ACCOUNT }, "settle"],
  ["a job that is not found is asked for by whose account it is", heldProcessingJob(running), absent(), "identify"],
  [
    "a job that existed is never created again, however long it is gone",
    heldProcessingJob(running),
    { ...absent(1e9, 99), caller: ACCOUNT },
    "settle",
  ],
  [
    "an old word of SageMaker's proves a job",
    heldProcessingJob({ processingJobStatus: "Stopped" }),
    absent(),
    "settle",
  ],
  ["a job that ran before this process began is followed without a call", heldProcessingJob(running), {}, "settle"],
  ["a job that is followed and was never seen is looked up", heldProcessingJob(running), { isFollowed: true }, "look"],
  ["a finished resource makes no call", heldProcessingJob(done), {}, "settle"],
  ["an Error makes no call", heldProcessingJob(broken), {}, "settle"],
  ["a running job is followed", heldProcessingJob(running), seen("InProgress"), "settle"],
  [
    "a deleted resource without our finalizer is none of our business",
    makeProcessingJob({ metadata: { deletionTimestamp: "2026-01-01T01:00:00Z" } }),
    {},
    "ignore",
  ],
  ["a deleted resource is looked up, not created", heldProcessingJob(untouched, true), {}, "look"],
  [
    "a deleted resource's job is not taken for absent because it was once",
    heldProcessingJob(untouched, true),
    absent(),
    "look",
  ],
  ["a deleted resource without a job is released", heldProcessingJob(untouched, true), gone(), "release"],
  ["a deleted resource's running job is stopped", heldProcessingJob(running, true), seen("InProgress"), "stop"],
  ["a job in a state we do not know is stopped too", heldProcessingJob(running, true), seen("Pending"), "stop"],
  [
    "a stop is sent once in a reconcile",
    heldProcessingJob(running, true),
    { ...seen("InProgress"), stopSent: true },
    "settle",
  ],
  ["a stopping job is waited for", heldProcessingJob(running, true), seen("Stopping"), "settle"],
  ["a deleted finished resource is released without a call", heldProcessingJob(done, true), {}, "release"],
  ["a deleted Error is looked up once", heldProcessingJob(broken, true), {}, "look"],
  [
    "a job just created that SageMaker does not show yet holds the finalizer",
    heldProcessingJob(justCreated, true),
    gone(),
    "settle",
  ],
  ["a job that is gone does not hold the finalizer", heldProcessingJob(running, true), {
    ...gone(),
    caller: ACCOUNT,
  }, "release"],
  [
    "a job that is not found is not gone before its account was asked",
    heldProcessingJob(running, true),
    gone(),
    "identify",
  ],
  ["a job that is not found in another account holds the finalizer", heldProcessingJob(running, true), {
    ...gone(),
    caller: "210987654321",
  }, "settle"],
  ["a job that is not found by an unknown caller holds the finalizer", heldProcessingJob(running, true), {
    ...gone(),
    caller: failure("soon"),
  }, "settle"],
  ["a create in doubt is asked for in the account of its role", heldProcessingJob(inDoubt, true), {
    ...gone(),
    inheritedAt: NOW - 60_000,
    roleAccount: ACCOUNT,
  }, "identify"],
  ["a create in doubt that another account does not show holds the finalizer", heldProcessingJob(inDoubt, true), {
    ...gone(),
    inheritedAt: NOW - 60_000,
    roleAccount: ACCOUNT,
    caller: "210987654321",
  }, "settle"],
  ["a create that was refused for its role's account does not hold the finalizer", heldProcessingJob(broken, true), {
    ...gone(),
    roleAccount: ACCOUNT,
    caller: "210987654321",
  }, "release"],
  [
    "a job of the old controller is asked for in its role's account",
    heldProcessingJob({ processingJobStatus: "InProgress" }),
    {
      ...absent(),
      roleAccount: ACCOUNT,
    },
    "identify",
  ],
  ["a job that counted as lost is looked for at a start", heldProcessingJob(lost), {}, "look"],
  ["a job that counted as lost is left alone for an hour after a look", heldProcessingJob(lost), absent(), "settle"],
  ["a region that does not exist does not hold the finalizer", heldProcessingJob(neverSent, true), {
    sighting: { failure: failure("person", { reason: "InvalidRegion" }) },
    isNeverSent: true,
  }, "release"],
  ["a region that fails after a create may have been sent holds the finalizer", heldProcessingJob(waiting, true), {
    failure: failure("person", { reason: "InvalidRegion" }),
  }, "settle"],
  ["an endpoint that is refused after a create was sent holds the finalizer", heldProcessingJob(inDoubt, true), {
    failure: failure("person", { reason: "EndpointNotAllowed" }),
  }, "settle"],
  [
    "what was never sent is released without a look",
    heldProcessingJob(neverSent, true),
    { isNeverSent: true },
    "release",
  ],
  ["what was never sent is prepared before its status is changed", heldProcessingJob(neverSent), {
    isNeverSent: true,
    isCurrent: true,
  }, "prepare"],
  ["what was never sent and is prepared is announced before it is sent", heldProcessingJob(neverSent), {
    isNeverSent: true,
    isPrepared: true,
    isCurrent: true,
  }, "announce"],
  ["what was announced is sent", heldProcessingJob(inDoubt), {
    isNeverSent: true,
    isPrepared: true,
    isCurrent: true,
  }, "create"],
  [
    "what was never sent and is suspended is so at once",
    {
      ...heldProcessingJob(neverSent),
      spec: { ...MINIMAL_SPEC, suspend: true },
    },
    { isNeverSent: true },
    "settle",
  ],
  [
    "a create that an earlier process may have sent holds the finalizer for a minute",
    heldProcessingJob(waiting, true),
    {
      ...gone(),
      inheritedAt: NOW - 59_000,
    },
    "settle",
  ],
  ["a create that an earlier process has not sent by then does not", heldProcessingJob(waiting, true), {
    ...gone(),
    inheritedAt: NOW - 60_000,
  }, "release"],
  [
    "a resource that was given up while a create is in doubt is looked up",
    heldProcessingJob(withCreated(broken, { status: "Unknown", reason: "OutcomeUnknown" })),
    {},
    "look",
  ],
  ["a region that fails once there was a job holds the finalizer", heldProcessingJob(running, true), {
    sighting: { failure: failure("person", { reason: "InvalidRegion" }) },
  }, "settle"],
  ["a job under the name is checked before it is followed", heldProcessingJob(waiting), seen("InProgress"), "verify"],
  [
    "a job under the name is checked before it is stopped",
    heldProcessingJob(waiting, true),
    seen("InProgress"),
    "verify",
  ],
  [
    "a job that was found to be ours is followed",
    heldProcessingJob(waiting),
    { ...seen("InProgress"), isOwn: true },
    "settle",
  ],
  ["a job that was found to be ours is stopped", heldProcessingJob(waiting, true), {
    ...seen("InProgress"),
    isOwn: true,
  }, "stop"],
  [
    "a job of somebody else is left alone",
    heldProcessingJob(waiting),
    { ...seen("InProgress"), isOwn: false },
    "settle",
  ],
  [
    "a job of somebody else is not stopped",
    heldProcessingJob(waiting, true),
    { ...seen("InProgress"), isOwn: false },
    "release",
  ],
  ["a job of somebody else is not looked up for a deletion", heldProcessingJob(conflict, true), {}, "release"],
  ["a job whose create may yet arrive holds the finalizer", heldProcessingJob(waiting, true), {
    ...gone(),
    unsettledAt: NOW - 59_000,
  }, "settle"],
  ["a create that never arrived does not hold the finalizer", heldProcessingJob(waiting, true), {
    ...gone(),
    unsettledAt: NOW - 60_000,
  }, "release"],
  ["a resource from a backup gets no job", makeProcessingJob({ status: restored }), {}, "settle"],
  [
    "a resource from a backup that had finished stays as it is",
    makeProcessingJob({ status: { ...restored, processingJobStatus: "Completed" } }),
    {},
    "settle",
  ],
  ...FINAL_JOB_STATUSES.map((word): [string, ProcessingJob, Observed, Action["do"]] => [
    `a deleted resource whose job is ${word} is released`,
    heldProcessingJob(running, true),
    seen(word),
    "release",
  ]),
];
for (const [name, resource, observed, expected] of steps) {
  Deno.test(`decide(): ${name}`, () => assert.equal(next(resource, observed).do, expected));
}

function settled(resource: ProcessingJob, observed: Observed, now = NOW) {
  const action = next(resource, observed, now);
  assert.equal(action.do, "settle");
  if (action.do !== "settle") throw new Error("unreachable");
  return action;
}

const words: [string, Observed, ProcessingJobStatus, string, RegExp | undefined, string][] = [
  ["a running job", seen("InProgress"), running, "InProgress", undefined, "Unknown"],
  ["a stopping job", seen("Stopping"), running, "Stopping", undefined, "Unknown"],
  ["a completed job", seen("Completed"), running, "Completed", undefined, "True"],
  [
    "a failed job",
    { sighting: { job: makeJob("Failed", { failureReason: "AlgorithmError: 1" }), seenAt: NOW } },
    running,
    "Failed",
    /^AlgorithmError: 1$/,
    "False",
  ],
  ["a job that somebody stopped", seen("Stopped"), running, "Stopped", undefined, "False"],
  ["a failure that passes", { failure: failure("soon") }, waiting, "Reconciling", /^ThrottlingException/, "Unknown"],
  ["a failure that passes slowly", { failure: failure("slowly") }, waiting, "Reconciling", /slow down/, "Unknown"],
  ["a failure that waits for a person", { failure: failure("person") }, waiting, "Reconciling", /slow down/, "False"],
  ["a failure that stays", { failure: failure("never") }, waiting, "Error", /slow down/, "False"],
  [
    "a job missing for a moment",
    { ...absent(1_000, 1), caller: ACCOUNT },
    running,
    "Reconciling",
    /does not show/,
    "Unknown",
  ],
  [
    "a job missing at 2 looks",
    { ...absent(120_000, 2), caller: ACCOUNT },
    running,
    "Reconciling",
    /does not show/,
    "Unknown",
  ],
  [
    "a job missing for under 2 minutes",
    { ...absent(119_000, 3), caller: ACCOUNT },
    running,
    "Reconciling",
    /does not show/,
    "Unknown",
  ],
  ["a lost job", { ...absent(120_000, 3), caller: ACCOUNT }, running, "Error", /never run twice/, "False"],
  [
    "a job missing in another account",
    { ...absent(1e9, 99), caller: "210987654321" },
    running,
    "Reconciling",
    /'210987654321'.*'123456789012'/,
    "False",
  ],
  [
    "a job missing in an account that is not known",
    { ...absent(1e9, 99), caller: failure("soon", { message: "STS does not answer" }) },
    running,
    "Reconciling",
    /cannot confirm.*STS does not answer/,
    "False",
  ],
];
for (const [name, observed, status, word, additional, ready] of words) {
  Deno.test(`decide() writes ${word} for ${name}`, () => {
    const action = settled(heldProcessingJob(status), observed);
    assert.equal(action.status.processingJobStatus, word);
    if (additional === undefined) assert.equal(action.status.additional, undefined);
    else assert.match(action.status.additional ?? "", additional);
    const holds = (type: ConditionType) => findCondition(action.status.conditions, type)?.status;
    assert.equal(holds("Ready"), ready);
    assert.equal(holds("Complete"), word === "Completed" ? "True" : undefined);
    assert.equal(holds("Failed"), ["Failed", "Error"].includes(word) ? "True" : undefined);
    assert.equal(holds("Stopped"), word === "Stopped" ? "True" : undefined);
    assert.equal(holds("Stalled"), ["Failed", "Error", "Stopped"].includes(word) ? "True" : undefined);
    assert.equal(holds("Finished"), ["Completed", "Failed", "Error", "Stopped"].includes(word) ? "True" : undefined);
    assert.equal(action.follow, ["InProgress", "Stopping"].includes(word) || /missing/.test(name));
  });
}

Deno.test("decide() leaves the status as it is of a job that is to be seen for the first time", () => {
  const action = settled(heldProcessingJob(running), {});
  assert.deepEqual(action.status, running);
  assert.equal(action.follow, true);
  assert.deepEqual(action.next, { kind: "after", ms: LIMITS.stalenessMs });
});

Deno.test("decide() follows a job that a list shows as ended until its details are known", () => {
  const job = makeJob("Completed", { endTime: NOW });
  const listed = settled(heldProcessingJob(running), { sighting: { job: { ...job, isSummary: true }, seenAt: NOW } });
  assert.equal(listed.status.processingJobStatus, "Completed");
  assert.equal(listed.status.duration, undefined);
  assert.equal(listed.follow, true);
  const finished = heldProcessingJob(listed.status);
  const waiting = settled(finished, { sighting: { job: { ...job, isSummary: true }, seenAt: NOW + 1_000 } });
  assert.deepEqual(waiting.status, listed.status);
  assert.equal(waiting.follow, true);
  const described = settled(finished, { sighting: { job: { ...job, startTime: NOW - 60_000 }, seenAt: NOW + 2_000 } });
  assert.equal(described.status.duration, "60s");
  assert.equal(described.follow, false);
});

Deno.test("decide() takes no details from another job, nor from another end, than the status tells", () => {
  const finished = heldProcessingJob({ ...running, processingJobStatus: "Completed" });
  for (const job of [makeJob("Completed", { arn: "arn:other" }), makeJob("Failed")]) {
    const { status } = settled(finished, { sighting: { job: { ...job, startTime: NOW }, seenAt: NOW } });
    assert.deepEqual(status, finished.status);
  }
});

Deno.test("decide() keeps a running job's word while looks fail for less than the staleness limit", () => {
  const observed = seen("InProgress", { failure: failure("soon"), seenAt: NOW - 10_000 });
  const action = settled(heldProcessingJob(running), observed);
  assert.equal(action.status.processingJobStatus, "InProgress");
  assert.deepEqual(action.next, { kind: "after", ms: 20_000 });
  const later = settled(heldProcessingJob(running), observed, NOW + 20_000);
  assert.equal(later.status.processingJobStatus, "Reconciling");
  assert.equal(later.status.processingJobArn, running.processingJobArn);
  assert.equal(later.follow, true);
});

Deno.test("decide() backs off from a failure that passes, waits a minute or five for others, and never retries the last kind", () => {
  const after = (retry: Retry) => settled(heldProcessingJob(waiting), { failure: failure(retry) }).next;
  assert.equal(after("soon").kind, "back-off");
  assert.deepEqual(after("slowly"), { kind: "after", ms: 60_000 });
  assert.deepEqual(after("person"), { kind: "after", ms: 300_000 });
  assert.deepEqual(after("never"), { kind: "wait" });
});

Deno.test("decide() goes on retrying a deletion whatever the failure", () => {
  const action = settled(heldProcessingJob(running, true), { ...seen("InProgress"), failure: failure("never") });
  assert.equal(action.status.processingJobStatus, "Reconciling");
  assert.equal(action.next.kind, "after");
});

Deno.test("decide() refreshes observedGeneration of a finished resource and changes nothing else", () => {
  const resource = heldProcessingJob({ ...done, additional: "kept" });
  resource.metadata.generation = 7;
  assert.deepEqual(settled(resource, {}).status, { ...done, additional: "kept", observedGeneration: 7 });
});

Deno.test("decide() keeps a condition's transition time until its status changes", () => {
  const first = settled(heldProcessingJob(running), seen("InProgress")).status;
  const second = settled(heldProcessingJob(first), seen("Stopping"), NOW + 60_000).status;
  const third = settled(heldProcessingJob(second), seen("Completed"), NOW + 120_000).status;
  const times = [first, second, third].map((status) => findCondition(status.conditions, "Ready")?.lastTransitionTime);
  assert.deepEqual(times, ["2026-01-01T02:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T02:02:00Z"]);
});

function createdIn(status: ProcessingJobStatus): string | undefined {
  return findCondition(status.conditions, "Created")?.status;
}

Deno.test("decide() says that the outcome of a create is unknown until a look settles it, whatever fails later", () => {
  const first = settled(heldProcessingJob(waiting), { failure: failure("soon"), unsettledAt: NOW }).status;
  assert.equal(createdIn(first), "Unknown");
  const later = settled(heldProcessingJob(first), { failure: failure("person", { reason: "InvalidRegion" }) }).status;
  assert.equal(createdIn(later), "Unknown");
  assert.equal(findCondition(later.conditions, "Ready")?.reason, "InvalidRegion");
  const looked = { ...gone(), failure: failure("soon") };
  assert.equal(
    createdIn(settled(heldProcessingJob(later), { ...looked, unsettledAt: NOW - 59_000 }).status),
    "Unknown",
  );
  assert.equal(
    createdIn(settled(heldProcessingJob(later), { ...looked, unsettledAt: NOW - 60_000 }).status),
    undefined,
  );
  assert.equal(createdIn(settled(heldProcessingJob(later), { ...seen("InProgress"), isOwn: true }).status), "True");
});

Deno.test("decide() says that nothing was sent only where the caller is the problem", () => {
  const say = (reason: Reason) =>
    createdIn(
      settled(heldProcessingJob(waiting), { failure: failure("slowly", { reason }), isNeverSent: true }).status,
    );
  assert.equal(say("CredentialsUnavailable"), "False");
  assert.equal(say("EnvironmentUnavailable"), "False");
  assert.equal(say("Throttled"), undefined);
  assert.equal(say("NetworkUnavailable"), undefined);
  const kept = settled(heldProcessingJob(neverSent), { failure: failure("soon"), isNeverSent: true }).status;
  assert.equal(createdIn(kept), "False");
});

Deno.test("decide() goes on with a resource that was given up once the job of a doubtful create is seen", () => {
  const resource = heldProcessingJob(withCreated(broken, { status: "Unknown", reason: "OutcomeUnknown" }));
  assert.equal(next(resource, { ...seen("InProgress"), hasLooked: true }).do, "verify");
  const { status } = settled(resource, { ...seen("InProgress"), hasLooked: true, isOwn: true });
  assert.equal(status.processingJobStatus, "InProgress");
  const early = settled(resource, { ...gone(), inheritedAt: NOW - 20_000 });
  assert.deepEqual([createdIn(early.status), early.next], ["Unknown", { kind: "after", ms: 40_000 }]);
  const late = settled(resource, gone());
  assert.deepEqual([createdIn(late.status), late.next], [undefined, { kind: "wait" }]);
  assert.equal(late.status.processingJobStatus, "Error");
});

Deno.test("decide() follows a job that counted as lost once it is seen, and else looks for it every hour", () => {
  const { status, follow } = settled(heldProcessingJob(lost), seen("InProgress"));
  assert.deepEqual([status.processingJobStatus, follow], ["InProgress", true]);
  assert.deepEqual(settled(heldProcessingJob(lost), absent()).next, { kind: "after", ms: 3_600_000 });
  assert.equal(next(heldProcessingJob(lost), absent(), NOW + 3_600_000).do, "look");
  const failed = settled(heldProcessingJob(lost), { failure: failure("soon"), hasLooked: true });
  assert.deepEqual([failed.status, failed.next], [lost, { kind: "after", ms: 300_000 }]);
});

Deno.test("decide() comes back to a create in doubt where a later one was refused for good", () => {
  const refused = { failure: failure("never", { reason: "InvalidSpec" }), unsettledAt: NOW - 10_000 };
  const { status, next } = settled(heldProcessingJob(inDoubt), refused);
  assert.deepEqual([status.processingJobStatus, createdIn(status)], ["Error", "Unknown"]);
  assert.deepEqual(next, { kind: "after", ms: 50_000 });
});

Deno.test("decide() carries the ARN of a job over to a status that does not see it", () => {
  const { status } = settled(heldProcessingJob(running), { ...absent(), caller: ACCOUNT });
  assert.equal(status.processingJobArn, running.processingJobArn);
  assert.equal(findCondition(status.conditions, "Created")?.status, "True");
});

function annotated(resource: ProcessingJob, annotation: string, value: string): ProcessingJob {
  return { ...resource, metadata: { ...resource.metadata, annotations: { [annotation]: value } } };
}

Deno.test("decide() releases at once where that is asked for, whatever is known", () => {
  for (const observed of [{}, seen("InProgress"), { sighting: { failure: failure("person") } }]) {
    const action = next(annotated(heldProcessingJob(running, true), ANNOTATIONS.forceDelete, "true"), observed);
    assert.deepEqual(action, { do: "release", forced: true });
  }
  assert.equal(next(annotated(heldProcessingJob(running, true), ANNOTATIONS.forceDelete, "yes")).do, "look");
  assert.equal(
    next(annotated(heldProcessingJob(running), ANNOTATIONS.forceDelete, "true"), seen("InProgress")).do,
    "settle",
  );
});

Deno.test("decide() says how to release a resource whose deletion is held up", () => {
  const { status } = settled(heldProcessingJob(running, true), {
    sighting: { failure: failure("slowly", { reason: "NetworkUnavailable" }) },
  });
  assert.equal(status.processingJobStatus, "Reconciling");
  assert.match(status.additional ?? "", /slow down.*force-delete: "true"/);
  assert.match(findCondition(status.conditions, "Ready")?.message ?? "", /force-delete/);
});

Deno.test("decide() tries an Error again for each new value of reconcile-at, and only then", () => {
  const asked = (value: string, status: ProcessingJobStatus) =>
    next(annotated(heldProcessingJob(status), ANNOTATIONS.reconcileAt, value));
  assert.equal(asked("1", broken).do, "look");
  assert.equal(asked("1", { ...broken, observedReconcileAt: "1" }).do, "settle");
  assert.equal(asked("2", { ...broken, observedReconcileAt: "1" }).do, "look");
  assert.equal(asked("2", done).do, "settle");
  const again = annotated(heldProcessingJob(broken), ANNOTATIONS.reconcileAt, "1");
  assert.equal(settled(again, { failure: failure("never") }).status.observedReconcileAt, "1");
});

Deno.test("decide() looks at a running job anew for each new value of reconcile-at", () => {
  const asked = annotated(heldProcessingJob(running), ANNOTATIONS.reconcileAt, "1");
  assert.equal(next(asked, seen("InProgress")).do, "look");
  const { status } = settled(asked, { ...seen("InProgress"), hasLooked: true });
  assert.equal(status.observedReconcileAt, "1");
  assert.equal(next({ ...asked, status }, seen("InProgress")).do, "settle");
  assert.equal(next(annotated(heldProcessingJob(untouched), ANNOTATIONS.reconcileAt, "1")).do, "confirm");
});

Deno.test("decide() leaves a paused resource alone and says so", () => {
  const pause = (resource: ProcessingJob) => annotated(resource, ANNOTATIONS.paused, "true");
  for (const resource of [makeProcessingJob(), heldProcessingJob(waiting), heldProcessingJob(running)]) {
    const action = settled(pause(resource), seen("Completed"));
    assert.equal(action.status.processingJobStatus, resource.status?.processingJobStatus);
    assert.equal(action.status.observedGeneration, resource.metadata.generation);
    assert.equal(findCondition(action.status.conditions, "Paused")?.status, "True");
    assert.deepEqual(
      [
        findCondition(action.status.conditions, "Ready")?.status,
        findCondition(action.status.conditions, "Ready")?.reason,
      ],
      ["Unknown", "Paused"],
    );
    assert.equal(action.follow, false);
    assert.deepEqual(settled(pause({ ...resource, status: action.status }), {}).status, action.status);
  }
});

Deno.test("decide() goes on with a resource that is no longer paused", () => {
  const { status } = settled(annotated(heldProcessingJob(running), ANNOTATIONS.paused, "true"), {});
  const first = settled(heldProcessingJob(status), {});
  assert.equal(first.follow, true);
  assert.equal(findCondition(first.status.conditions, "Paused"), undefined);
  const after = settled(heldProcessingJob(first.status), seen("InProgress"));
  assert.equal(findCondition(after.status.conditions, "Ready")?.reason, "InProgress");
  assert.equal(settled(annotated(heldProcessingJob(running), ANNOTATIONS.paused, "yes"), {}).follow, true);
});

Deno.test("decide() deletes a paused resource, and keeps a finished or a given-up one as it is", () => {
  assert.equal(
    next(annotated(heldProcessingJob(running, true), ANNOTATIONS.paused, "true"), seen("InProgress")).do,
    "stop",
  );
  const finished = annotated(heldProcessingJob(done), ANNOTATIONS.paused, "true");
  assert.deepEqual(settled(finished, {}).status, done);
  const { status } = settled(annotated(heldProcessingJob(conflict), ANNOTATIONS.paused, "true"), {});
  assert.equal(findCondition(status.conditions, "Ready")?.reason, "NameConflict");
});

Deno.test("decide() tells a resource that came from a backup which job its status is about", () => {
  const { status, follow } = settled(makeProcessingJob({ status: restored }), {});
  assert.equal(status.processingJobStatus, "Error");
  assert.match(status.additional ?? "", /restored from a backup.*'job-0000000000000000000000000000000'/);
  assert.equal(follow, false);
});

Deno.test("decide() does not go back from Stopping on a look that is behind", () => {
  const { status } = settled(heldProcessingJob({ ...running, processingJobStatus: "Stopping" }), seen("InProgress"));
  assert.equal(status.processingJobStatus, "Stopping");
});

const anyFailure = fc.record({
  retry: fc.constantFrom<Retry>("soon", "slowly", "person", "never"),
  reason: fc.constantFrom("Throttled", "AccessDenied", "InvalidRegion", "EndpointNotAllowed", "ServiceUnavailable"),
  message: fc.string(),
  code: fc.string(),
}) as fc.Arbitrary<Failure>;
const anySighting: fc.Arbitrary<Sighting> = fc.record({
  job: fc.constantFrom(...JOB_STATUSES, "Unheard").map((word) => makeJob(word)),
  seenAt: fc.integer({ min: NOW - 1e6, max: NOW }),
  absent: fc.record({ since: fc.integer({ min: NOW - 1e6, max: NOW }), looks: fc.nat(5) }),
  failure: anyFailure,
}, { requiredKeys: [] });
const anyStatus: fc.Arbitrary<ProcessingJobStatus> = fc.record({
  processingJobStatus: fc.constantFrom("SynchronizingK8sJobWithSageMaker", "Reconciling", "Error", ...JOB_STATUSES),
  observedGeneration: fc.integer({ min: -1, max: 3 }),
  processingJobArn: fc.constant("arn"),
  lastCheckTime: fc.constant("2026-01-01T01:00:00Z"),
}, { requiredKeys: [] });
const anyObserved: fc.Arbitrary<Observed> = fc.record({
  sighting: anySighting,
  failure: anyFailure,
  stopSent: fc.boolean(),
}, {
  requiredKeys: [],
});

Deno.test("decide() never creates for a deleted, finished or unheld resource, nor where a job was ever seen", () => {
  fc.assert(
    fc.property(anyStatus, anyObserved, fc.boolean(), fc.boolean(), (status, observed, held, deleted) => {
      const resource = heldProcessingJob(status, deleted);
      if (!held) delete resource.metadata.finalizers;
      if (next(resource, observed).do !== "create") return;
      assert.ok(held && !deleted && observed.isCurrent);
      assert.equal(observed.sighting?.job, undefined);
      assert.ok(
        !(JOB_STATUSES as readonly string[]).includes(status.processingJobStatus ?? "") ||
          status.observedGeneration === -1,
      );
      assert.ok(status.processingJobArn === undefined || status.observedGeneration === -1);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("decide() releases the finalizer only of a deleted resource whose job is over or absent", () => {
  fc.assert(
    fc.property(anyStatus, anyObserved, fc.boolean(), (status, observed, deleted) => {
      const action = next(heldProcessingJob(status, deleted), observed);
      if (action.do !== "release") return;
      assert.ok(deleted);
      const word = observed.sighting?.job?.status ?? "";
      const over = FINAL_JOB_STATUSES.includes(word) || FINAL_JOB_STATUSES.includes(status.processingJobStatus ?? "");
      assert.ok(over || observed.sighting?.absent !== undefined || observed.isOwn === false);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("decide() settles on a status that it would settle on again", () => {
  fc.assert(
    fc.property(anyStatus, anyObserved, fc.boolean(), (status, observed, deleted) => {
      const resource = heldProcessingJob(status, deleted);
      const first = next(resource, observed);
      if (first.do !== "settle") return;
      const second = next({ ...resource, status: first.status }, observed);
      // A job that is not there is looked for again each time.
      if (second.do === "look") return assert.ok(observed.sighting?.absent);
      if (second.do !== "settle") return assert.ok(deleted && second.do === "release");
      assert.deepEqual(second.status, first.status);
    }),
    { numRuns: 2_000 },
  );
});

const anySpec: fc.Arbitrary<Partial<ProcessingJobSpec>> = fc.record({
  suspend: fc.boolean(),
  deletionPolicy: fc.constantFrom("Stop", "Retain", "Delete"),
  ttlSecondsAfterFinished: fc.constantFrom(0, 3_600),
  retryPolicy: fc.record({ maxAttempts: fc.integer({ min: 1, max: 3 }) }),
}, { requiredKeys: [] });
const anyAnnotations = fc.record({
  [ANNOTATIONS.paused]: fc.constantFrom("true", "no"),
  [ANNOTATIONS.reconcileAt]: fc.constantFrom("1", "2"),
}, { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>;
/** As many settles in a row may ask for another decision at once: a suspension's stop, its end, the next attempt's beginning. */
const MOST_AT_ONCE = 3;

Deno.test("decide() comes to rest: settles that ask to come back at once do so only a few times in a row", () => {
  fc.assert(
    fc.property(
      anyStatus,
      anyObserved,
      anySpec,
      anyAnnotations,
      fc.boolean(),
      (status, observed, spec, asked, deleted) => {
        let resource = heldProcessingJob(status, deleted);
        resource = {
          ...resource,
          spec: { ...MINIMAL_SPEC, ...spec },
          metadata: { ...resource.metadata, annotations: asked },
        };
        for (let settles = 0; settles <= MOST_AT_ONCE; settles++) {
          const { metadata: { name, uid } } = resource;
          const names = { ...NAMES, jobName: attemptName(name, uid, resource.status?.attemptCount ?? 1) };
          const action = decide(resource, settles === 0 ? observed : {}, names, LIMITS, NOW);
          if (action.do !== "settle" || !(action.next.kind === "after" && action.next.ms <= 0)) return;
          resource = { ...resource, status: action.status };
        }
        assert.fail("it goes round in circles");
      },
    ),
    { numRuns: 2_000 },
  );
});
