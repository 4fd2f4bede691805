/** Resources from a backup, or copies of others: by their mark, by their status, or by both. */
import assert from "node:assert/strict";
import { ARN, heldProcessingJob, makeJob, makeProcessingJob, UID } from "../../tests/support/builders.ts";
import { findCondition } from "../api/conditions.ts";
import { ANNOTATIONS, FINALIZER, MARK } from "../api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import type { Action, Observed, Settle } from "./action.ts";
import { decide } from "./decide.ts";

const NOW = Date.parse("2026-01-01T02:00:00Z");
const NAME = "job-1234567890abcdef1234567890abcdef";
const NAMES = { jobName: NAME, cloudWatchLogUrl: `https://example.com/${NAME}` };
const OTHER_NAME = "job-00000000000000000000000000000000";
const OTHER_UID = "00000000-0000-0000-0000-000000000000";

const gone: Observed = { hasLooked: true, sighting: { seenAt: NOW, absent: { since: NOW, looks: 1 } } };
const seen = (status: string): Observed => ({ hasLooked: true, sighting: { job: makeJob(status), seenAt: NOW } });

function next(resource: ProcessingJob, observed: Observed = {}): Action {
  return decide(resource, observed, NAMES, { heartbeatMs: 300_000, stalenessMs: 30_000 }, NOW);
}

function settled(resource: ProcessingJob, observed: Observed = {}): Settle {
  const action = next(resource, observed);
  assert.equal(action.do, "settle");
  return action as Settle;
}

interface Parts {
  mark?: string;
  held?: boolean;
  status?: ProcessingJobStatus;
  annotations?: Record<string, string>;
  deleted?: boolean;
}

function make({ mark, held = false, status, annotations = {}, deleted = false }: Parts): ProcessingJob {
  const resource = held ? heldProcessingJob(status, deleted) : makeProcessingJob(status ? { status } : {});
  return {
    ...resource,
    metadata: { ...resource.metadata, annotations: { ...annotations, ...(mark && { [MARK]: mark }) } },
  };
}

/** As the operator of the earlier resource left it. */
function old(word: "InProgress" | "Completed" | "Error", rest: ProcessingJobStatus = {}): ProcessingJobStatus {
  return {
    processingJobStatus: word,
    observedGeneration: 1,
    sageMakerProcessingJobName: OTHER_NAME,
    processingJobArn: ARN + OTHER_NAME,
    ...rest,
  };
}

function reasonOf({ status }: Settle): string | undefined {
  return findCondition(status.conditions, "Ready")?.reason;
}

const RESTORED: [string, Parts][] = [
  ["without a status", { mark: OTHER_UID }],
  ["with the status of a job that ran", { mark: OTHER_UID, status: old("InProgress") }],
  ["with such a status and without a mark", { status: old("InProgress") }],
  ["whose status was put over the operator's own mark", { mark: UID, status: old("InProgress") }],
];

for (const [what, parts] of RESTORED) {
  Deno.test(`a resource restored ${what} gets no job, and says so`, () => {
    const action = settled(make(parts));
    assert.equal(action.status.processingJobStatus, "Error");
    assert.equal(reasonOf(action), "Restored");
    assert.equal(findCondition(action.status.conditions, "Ready")?.status, "False");
    assert.match(action.status.additional!, /reconcile-at/);
    assert.deepEqual(action.next, { kind: "wait" });
    assert.deepEqual(settled(make({ ...parts, status: action.status })).status, action.status, "that is stable");
  });

  Deno.test(`a resource restored ${what}, with its finalizer, is looked up before it loses that`, () => {
    const resource = make({ ...parts, held: true });
    assert.deepEqual(next(resource), { do: "look" });
    assert.deepEqual(next(resource, gone), { do: "drop-finalizer" });
    const early = settled(resource, { ...gone, inheritedAt: NOW - 20_000 });
    assert.deepEqual([reasonOf(early), early.next], ["Restored", { kind: "after", ms: 40_000 }]);
    const failure = { retry: "soon", reason: "Throttled", code: "x", message: "x" } as const;
    assert.equal(reasonOf(settled(resource, { hasLooked: true, failure })), "Restored");
  });

  Deno.test(`a resource restored ${what} follows a job of its own UID`, () => {
    const resource = make({ ...parts, held: true });
    assert.deepEqual(next(resource, seen("InProgress")), { do: "verify" });
    const { status } = settled(resource, { ...seen("InProgress"), isOwn: true });
    assert.deepEqual([status.processingJobStatus, status.sageMakerProcessingJobName, status.processingJobArn], [
      "InProgress",
      NAME,
      ARN + NAME,
    ]);
  });

  Deno.test(`a deleted resource restored ${what} is looked up, and a job of its own UID is stopped`, () => {
    const resource = make({ ...parts, held: true, deleted: true });
    assert.deepEqual(next(resource), { do: "look" });
    assert.deepEqual(next(resource, { ...seen("InProgress"), isOwn: true }), { do: "stop" });
    assert.deepEqual(next(resource, gone), { do: "release", forced: false });
  });

  Deno.test(`a resource restored ${what} gets a job once a user asks for it`, () => {
    const { status } = settled(make(parts));
    const asked = (more: Parts = {}) =>
      make({ ...parts, status, annotations: { [ANNOTATIONS.reconcileAt]: "now" }, ...more });
    assert.deepEqual(next(asked()), { do: "add-finalizer" });
    const held = asked({ held: true, mark: UID });
    assert.deepEqual(next(held), { do: "look" });
    assert.deepEqual(next(held, { ...gone, isCurrent: true }), { do: "create" });
    const paused = asked({ annotations: { [ANNOTATIONS.reconcileAt]: "now", [ANNOTATIONS.paused]: "true" } });
    assert.equal(next(paused).do, "settle");
  });
}

// Found on a real apiserver: right after a restart of the operator the request was noted as observed, and no job was ever run.
for (
  const [what, observed] of [
    ["it is too early to believe that there is no job", { ...gone, inheritedAt: NOW - 20_000 }],
    ["a look fails", {
      hasLooked: true,
      failure: { retry: "soon", reason: "Throttled", code: "x", message: "x" } as const,
    }],
  ] as [string, Observed][]
) {
  for (const earlier of [undefined, "before"]) {
    for (const ended of [false, true]) {
      const of = ended ? "a restored ending" : "a restored resource";
      const asks = earlier === undefined ? "the first" : "a second";
      Deno.test(`${asks} request to run ${of} stands while ${what}`, () => {
        const annotations: Record<string, string> = earlier === undefined ? {} : { [ANNOTATIONS.reconcileAt]: earlier };
        const observedBefore = earlier === undefined ? {} : { observedReconcileAt: earlier };
        const parts: Parts = {
          mark: OTHER_UID,
          annotations,
          status: old(ended ? "Completed" : "InProgress", observedBefore),
        };
        const { status } = settled(make(parts));
        const asked = { ...parts, status, held: true, mark: UID, annotations: { [ANNOTATIONS.reconcileAt]: "now" } };
        const waiting = settled(make(asked), observed);
        assert.equal(waiting.status.observedReconcileAt, earlier);
        assert.equal(waiting.next.kind, "after");
        const later = make({ ...asked, status: waiting.status });
        assert.deepEqual(next(later, { ...gone, isCurrent: true }), { do: "create" });
      });
    }
  }
}

Deno.test("the annotation reconcile-at of a backup asks for nothing", () => {
  const annotations = { [ANNOTATIONS.reconcileAt]: "long ago" };
  const fresh = settled(make({ mark: OTHER_UID, annotations }));
  assert.equal(reasonOf(fresh), "Restored");
  assert.equal(fresh.status.observedReconcileAt, "long ago");
  assert.equal(reasonOf(settled(make({ mark: OTHER_UID, annotations, status: fresh.status }))), "Restored");
  const running = make({ mark: OTHER_UID, annotations, status: old("InProgress") });
  assert.equal(reasonOf(settled(running)), "Restored");
  const completed = make({
    mark: OTHER_UID,
    annotations,
    status: old("Completed", { observedReconcileAt: "long ago" }),
  });
  assert.equal(settled(completed).status.processingJobStatus, "Completed");
});

Deno.test("an ending that came from a backup stays, unless a job of this UID is there", () => {
  for (const mark of [undefined, OTHER_UID, UID]) {
    const parts = { ...(mark && { mark }), status: old("Completed") };
    assert.equal(settled(make(parts)).status.processingJobStatus, "Completed");
    assert.deepEqual(next(make({ ...parts, held: true })), { do: "look" });
    assert.deepEqual(next(make({ ...parts, held: true }), gone), { do: "drop-finalizer" });
    const { status } = settled(make({ ...parts, held: true }), { ...seen("InProgress"), isOwn: true });
    assert.deepEqual([status.processingJobStatus, findCondition(status.conditions, "Complete")], [
      "InProgress",
      undefined,
    ]);
  }
});

Deno.test("a status without a job that was put over the operator's own mark says nothing", () => {
  const waiting = {
    processingJobStatus: "Error",
    observedGeneration: 1,
    sageMakerProcessingJobName: OTHER_NAME,
  } as const;
  assert.deepEqual(next(make({ mark: UID, held: true, status: waiting })), { do: "look" });
  assert.equal(next(make({ mark: UID, held: true, status: waiting }), { ...gone, isCurrent: true }).do, "create");
  assert.equal(settled(make({ held: true, status: waiting })).status.processingJobStatus, "Error");
});

Deno.test("another's mark on a resource whose own job is known changes nothing", () => {
  const status = old("InProgress", { sageMakerProcessingJobName: NAME, processingJobArn: ARN + NAME });
  const action = settled(make({ mark: OTHER_UID, held: true, status }), seen("InProgress"));
  assert.equal(action.status.processingJobStatus, "InProgress");
  assert.equal(action.follow, true);
});

Deno.test("a fresh resource has no mark, and one of the Go operator's neither", () => {
  assert.deepEqual(next(make({})), { do: "add-finalizer" });
  assert.deepEqual(next(make({ held: true, status: {} })), { do: "look" });
  const { metadata } = make({ held: true });
  assert.deepEqual(metadata.finalizers, [FINALIZER]);
});

Deno.test("restored: a job under the resource's name that is another's counts as none", () => {
  const resource = make({ mark: OTHER_UID, held: true, status: old("Completed") });
  const others = { ...seen("InProgress"), isOwn: false };
  assert.deepEqual(next(resource, others), { do: "drop-finalizer" });
});
