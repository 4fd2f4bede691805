import assert from "node:assert/strict";
import { heldProcessingJob, makeJob } from "../../tests/support/builders.ts";
import { type Failure, type Job, type Reason, REASONS } from "../api/job.ts";
import type { ProcessingJobStatus, ProcessingJobStatusWord } from "../api/processing_job.ts";
import {
  EVENT_REASONS,
  type EventContext,
  eventsFor,
  expiredEvent,
  forceDeletedEvent,
  referenceTo,
  releasedEvent,
  retainedEvent,
} from "./events.ts";
import { hindered, statusOf, viewOfFailure, viewOfJob } from "./status.ts";

const NOW = Date.parse("2026-01-01T02:00:00Z");
const NAMES = { jobName: "job-1", cloudWatchLogUrl: "https://example.com/logs" };
const CONTEXT: EventContext = { jobName: "job-1", region: "us-west-2", deleting: false };
const DELETING: EventContext = { ...CONTEXT, deleting: true };
const RAN = { startTime: NOW - 185_000, endTime: NOW };

/** The status of a resource whose job is `status`, given what it said before. */
function of(status: string, rest: Partial<Job> = {}, before?: ProcessingJobStatus): ProcessingJobStatus {
  return statusOf(heldProcessingJob(before), { ...viewOfJob(makeJob(status, rest)), ...NAMES }, NOW);
}

/** The status after a call that did not succeed. */
function not(reason: Reason, rest: Partial<Failure> = {}, before?: ProcessingJobStatus): ProcessingJobStatus {
  const failure: Failure = { retry: "slowly", reason, message: "AWS says no", code: reason, ...rest };
  return statusOf(heldProcessingJob(before), { ...viewOfFailure(failure), ...NAMES }, NOW);
}

function deleted(status: ProcessingJobStatus): ProcessingJobStatus {
  return { ...status, observedGeneration: 2 };
}

/** The status of a deleted resource whose job had ended as `before`, and whose record can't be deleted. */
function kept(before: ProcessingJobStatus): ProcessingJobStatus {
  const failure: Failure = { retry: "person", reason: "AccessDenied", message: "", code: "" };
  return deleted(hindered(heldProcessingJob(before), failure, "A record cannot be deleted", NOW));
}

const fresh: ProcessingJobStatus = { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 };
const running = of("InProgress");

type Row = [string, ProcessingJobStatus | undefined, ProcessingJobStatus, EventContext, string[]];
const stories: Row[] = [
  ["a job's create", fresh, running, CONTEXT, ["Normal Created: Created processing job 'job-1' in us-west-2"]],
  ["nothing while it runs", running, of("InProgress", {}, running), CONTEXT, []],
  ["a completion with its duration", running, of("Completed", RAN, running), CONTEXT, [
    "Normal Completed: Completed after 3m5s",
  ]],
  ["a completion's exit message", running, of("Completed", { ...RAN, exitMessage: "42 rows" }, running), CONTEXT, [
    "Normal Completed: Completed after 3m5s: 42 rows",
  ]],
  ["a failure's reason", running, of("Failed", { ...RAN, failureReason: "ExitCode 1" }, running), CONTEXT, [
    "Warning Failed: Failed after 3m5s: ExitCode 1",
  ]],
  [
    "a failure's exit message",
    running,
    of("Failed", { failureReason: "ExitCode 1", exitMessage: "no input" }, running),
    CONTEXT,
    ["Warning Failed: Failed: ExitCode 1; exit message: no input"],
  ],
  ["a failure without a reason", running, of("Failed", {}, running), CONTEXT, [
    "Warning Failed: Failed: SageMaker gave no reason",
  ]],
  ["both of a create whose answer was lost and its end", fresh, of("Completed", RAN), CONTEXT, [
    "Normal Created: Created processing job 'job-1' in us-west-2",
    "Normal Completed: Completed after 3m5s",
  ]],
  ["a stop by somebody else", running, of("Stopping", {}, running), CONTEXT, [
    "Normal Stopping: SageMaker is stopping the processing job, though this resource is not being deleted",
  ]],
  ["nothing new of a finished job", of("Completed", RAN), of("Completed", RAN), CONTEXT, []],
  [
    "nothing of a job that had ended under the controller before this one",
    { processingJobStatus: "Failed", additional: "x", sageMakerProcessingJobName: "job-1" },
    of("Failed"),
    CONTEXT,
    [],
  ],
  [
    "nothing of a running job that is taken over",
    { processingJobStatus: "InProgress", sageMakerProcessingJobName: "job-1" },
    running,
    CONTEXT,
    [],
  ],
  ["a throttled create", fresh, not("Throttled", { retry: "soon" }), CONTEXT, [
    "Warning Retrying: Did not succeed; tried again soon. Throttled: AWS says no",
  ]],
  ["when it is tried again", fresh, not("NetworkUnavailable"), { ...CONTEXT, retryMs: 60_000 }, [
    "Warning Retrying: Did not succeed; next try in 60s. NetworkUnavailable: AWS says no",
  ]],
  [
    "nothing of another request id",
    not("Throttled", { message: "Request ID: 1" }),
    not("Throttled", { message: "Request ID: 2" }),
    CONTEXT,
    [],
  ],
  ["another trouble", not("Throttled"), not("QuotaExceeded"), { ...CONTEXT, retryMs: 60_000 }, [
    "Warning QuotaExceeded: Waits for quota; next try in 60s. AWS says no",
  ]],
  ["a denial", fresh, not("AccessDenied", { retry: "person" }), { ...CONTEXT, retryMs: 300_000 }, [
    "Warning AccessDenied: Waits for a permission; next try in 5m. AWS says no",
  ]],
  ["what else a person must mend", fresh, not("CredentialsUnavailable", { retry: "person" }), CONTEXT, [
    "Warning Waiting: Waits for someone to act; tried again soon. CredentialsUnavailable: AWS says no",
  ]],
  ["a create that goes through at last", not("QuotaExceeded"), running, CONTEXT, [
    "Normal Created: Created processing job 'job-1' in us-west-2",
  ]],
  [
    "that SageMaker is heard of again",
    not("NetworkUnavailable", {}, running),
    running,
    CONTEXT,
    ["Normal InProgress: SageMaker shows the processing job again: it is in progress"],
  ],
  ["a terminal refusal", fresh, not("InvalidSpec", { retry: "never" }), CONTEXT, [
    "Warning Error: Not tried again by itself. InvalidSpec: AWS says no",
  ]],
  [
    "nothing of the same refusal",
    not("InvalidSpec", { retry: "never" }),
    not("InvalidSpec", { retry: "never" }),
    CONTEXT,
    [],
  ],
  ["a job that is not ours", fresh, not("NameConflict", { retry: "never" }), CONTEXT, [
    "Warning NameConflict: AWS says no",
  ]],
  ["a job that may be lost", running, not("JobLost", {}, running), CONTEXT, [
    "Warning Retrying: Did not succeed; tried again soon. JobLost: AWS says no",
  ]],
  ["a job that is lost", not("JobLost", {}, running), not("JobLost", { retry: "never" }, running), CONTEXT, [
    "Warning JobLost: AWS says no",
  ]],
  ["a deletion", running, deleted(of("Stopping", {}, running)), DELETING, [
    "Normal Stopping: This resource is being deleted: stopping processing job 'job-1' in us-west-2",
  ]],
  ["a deletion while somebody else stops the job", of("Stopping"), deleted(of("Stopping")), DELETING, [
    "Normal Stopping: This resource is being deleted: stopping processing job 'job-1' in us-west-2",
  ]],
  ["a deletion's stop only once", deleted(of("Stopping")), deleted(of("Stopping")), DELETING, []],
  ["no create in a deletion", fresh, deleted(of("Stopping")), DELETING, [
    "Normal Stopping: This resource is being deleted: stopping processing job 'job-1' in us-west-2",
  ]],
  [
    "a deletion that AWS does not let through",
    running,
    deleted(not("AccessDenied", { retry: "person" }, running)),
    { ...DELETING, retryMs: 300_000 },
    [
      "Warning DeletionBlocked: Cannot stop processing job 'job-1' in us-west-2 yet; next try in 5m. To delete this resource " +
      "at once and leave the job to itself, annotate it with sagemaker.aws.amazon.com/force-delete=true. " +
      "AccessDenied: AWS says no",
    ],
  ],
  ["a blocked deletion only once", deleted(not("AccessDenied")), deleted(not("AccessDenied")), DELETING, []],
  [
    "a record that AWS does not let delete",
    of("Completed", RAN, running),
    kept(of("Completed", RAN, running)),
    { ...DELETING, recordKept: true, retryMs: 300_000 },
    [
      "Warning DeletionBlocked: Cannot delete the records of processing job 'job-1' in us-west-2 yet; next try in 5m. " +
      "AccessDenied: A record cannot be deleted (see docs/troubleshooting.md#accessdenied)",
    ],
  ],
  [
    "a record that is kept only once",
    kept(of("Completed", RAN, running)),
    kept(of("Completed", RAN, running)),
    { ...DELETING, recordKept: true },
    [],
  ],
  ["no way out of mere throttling", running, deleted(not("Throttled", {}, running)), DELETING, [
    "Warning Retrying: Did not succeed; tried again soon. Throttled: AWS says no",
  ]],
];
for (const [what, before, after, context, expected] of stories) {
  Deno.test(`eventsFor() tells ${what}`, () => {
    const events = eventsFor(before, after, context);
    assert.deepEqual(events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`), expected);
  });
}

Deno.test("eventsFor() tells a blocked deletion also where the reason was there before the deletion", () => {
  const before = not("NetworkUnavailable", {}, running);
  const [event] = eventsFor(before, deleted(before), DELETING);
  assert.equal(event?.reason, "DeletionBlocked");
});

Deno.test("eventsFor() says who stopped a job", () => {
  const [event] = eventsFor(running, of("Stopped", RAN, running), CONTEXT);
  assert.match(event!.note, /^Stopped after 3m5s\. .*not by deleting this resource/);
});

Deno.test("eventsFor() has room in a note for a long failure reason and a long exit message", () => {
  const status = of("Failed", { failureReason: "r".repeat(1024), exitMessage: "x".repeat(1024) }, running);
  const { note } = eventsFor(running, status, CONTEXT)[0]!;
  assert.match(note, /rrr….*xxx…$/);
  assert.ok(new TextEncoder().encode(note).length <= 1024);
});

Deno.test("eventsFor() has an Event of the closed set for every reason that a call may have failed for", () => {
  const stands = ["Created", "Waiting", "InProgress", "Stopping", "Completed", "JobFailed", "Stopped"]
    .concat("StoppedOutsideOperator", "Deleting", "Paused", "RetryPending", "Suspending", "Suspended", "Resumed")
    .concat("NotSent", "OutcomeUnknown");
  for (const reason of REASONS) {
    for (const context of [CONTEXT, DELETING]) {
      const reasons = eventsFor(running, not(reason, {}, running), context).map((event) => event.reason);
      assert.equal(reasons.length, stands.includes(reason) ? 0 : 1, reason);
      assert.ok(reasons.every((each) => (EVENT_REASONS as readonly string[]).includes(each)));
    }
  }
});

for (const word of ["SynchronizingK8sJobWithSageMaker", undefined] as (ProcessingJobStatusWord | undefined)[]) {
  Deno.test(`eventsFor() is silent about the word ${word}`, () => {
    assert.deepEqual(eventsFor(undefined, word ? { processingJobStatus: word } : {}, CONTEXT), []);
  });
}

Deno.test("releasedEvent() tells why a deletion that waited for a job is over", () => {
  assert.equal(
    releasedEvent(deleted(of("Stopping")), "Stopped", DELETING)?.note,
    "Released this resource: processing job 'job-1' in us-west-2 is Stopped",
  );
  assert.match(
    releasedEvent(fresh, undefined, DELETING)!.note,
    /SageMaker has no processing job 'job-1' in us-west-2$/,
  );
  assert.equal(releasedEvent(of("Completed", RAN), undefined, DELETING), undefined);
});

Deno.test("forceDeletedEvent() says what is left behind and how to stop it", () => {
  const { type, reason, note } = forceDeletedEvent(DELETING);
  assert.deepEqual([type, reason], ["Warning", "ForceDeleted"]);
  assert.match(note, /'job-1' in us-west-2 is left behind/);
  assert.match(note, /stop-processing-job --region us-west-2 --processing-job-name job-1$/);
});

Deno.test("referenceTo() names the resource as the apiserver knows it", () => {
  assert.deepEqual(referenceTo(heldProcessingJob()), {
    apiVersion: "sagemaker.aws.amazon.com/v1",
    kind: "ProcessingJob",
    namespace: "team-a",
    name: "job",
    uid: "12345678-90ab-cdef-1234-567890abcdef",
    resourceVersion: "1",
  });
});

/** Between two attempts, as `decide` has it. */
function between(
  reason: Reason,
  suspended: boolean,
  before: ProcessingJobStatus,
  rest: Partial<ProcessingJobStatus> = {},
) {
  const word = suspended ? "Stopped" : "Reconciling";
  const view = { word, reason, message: "what happens", additional: "what happens", suspended, ...NAMES } as const;
  return { ...statusOf(heldProcessingJob(before), view, NOW), ...rest };
}

Deno.test("eventsFor() tells of each attempt", () => {
  const pending = between("RetryPending", false, running, { attemptCount: 2, attemptSummary: "1/2" });
  const texts = (before: ProcessingJobStatus, after: ProcessingJobStatus) =>
    eventsFor(before, after, CONTEXT).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
  assert.deepEqual(texts(running, pending), ["Warning AttemptFailed: what happens"]);
  assert.deepEqual(texts(pending, pending), []);
  const { processingJobArn: _, conditions: __, ...gone } = pending;
  const second = { ...of("InProgress"), attemptCount: 2, attemptSummary: "2/2" };
  assert.deepEqual(texts({ ...gone, conditions: [] }, second), [
    "Normal Created: Created processing job 'job-1' in us-west-2, attempt 2",
  ]);
});

Deno.test("eventsFor() tells of a suspension and of its end, once", () => {
  const suspended = between("Suspended", true, running);
  assert.deepEqual(eventsFor(running, suspended, CONTEXT).map(({ reason }) => reason), ["Suspended"]);
  assert.deepEqual(eventsFor(suspended, suspended, CONTEXT), []);
  const resumed = between("Resumed", false, suspended, { attemptCount: 2 });
  assert.deepEqual(eventsFor(suspended, resumed, CONTEXT).map(({ reason }) => reason), ["Resumed"]);
});

Deno.test("retainedEvent() says where a job runs on, and nothing of one that has ended", () => {
  assert.match(retainedEvent(running, CONTEXT)?.note ?? "", /'job-1' in us-west-2 runs on/);
  assert.match(retainedEvent(fresh, CONTEXT)?.note ?? "", /is left to itself, if it was created/);
  assert.equal(retainedEvent(of("Completed", RAN, running), CONTEXT), undefined);
});

Deno.test("expiredEvent() says when the job ended", () => {
  assert.match(expiredEvent(of("Completed", RAN, running)).note, /its job ended at 2026-01-01T02:00:00Z/);
});
