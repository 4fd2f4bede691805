/** Resources that the Go operator has left finished: their last word stays, whatever becomes of the job's record. */
import assert from "node:assert/strict";
import { heldProcessingJob, makeJob } from "../../tests/support/builders.ts";
import { findCondition } from "../api/conditions.ts";
import { ANNOTATIONS } from "../api/group.ts";
import type { Failure, Reason, Retry } from "../api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import type { Action, Observed, Settle } from "./action.ts";
import { decide } from "./decide.ts";

const NOW = Date.parse("2026-01-01T02:00:00Z");
const NAMES = { jobName: "job-1234567890abcdef1234567890abcdef", cloudWatchLogUrl: "https://example.com/logs" };

type Word = "Completed" | "Failed" | "Stopped";
const WORDS = ["Completed", "Failed", "Stopped"] as const;
const CONDITION = { Completed: "Complete", Failed: "Failed", Stopped: "Stopped" } as const;

/** As the Go operator wrote it: no generation, no conditions, no times. */
function former(word: Word, rest: ProcessingJobStatus = {}): ProcessingJob {
  return heldProcessingJob({
    processingJobStatus: word,
    additional: word === "Failed" ? "AlgorithmError: exit 1" : "",
    lastCheckTime: "2023-01-31T12:00:00Z",
    sageMakerProcessingJobName: NAMES.jobName,
    ...rest,
  });
}

function next(resource: ProcessingJob, observed: Observed = {}): Action {
  return decide(resource, observed, NAMES, { heartbeatMs: 300_000, stalenessMs: 30_000 }, NOW);
}

function settled(resource: ProcessingJob, observed: Observed = {}): Settle {
  const action = next(resource, observed);
  assert.equal(action.do, "settle");
  return action as Settle;
}

function failing(retry: Retry, reason: Reason): Observed {
  const failure: Failure = { retry, reason, message: "AWS says no", code: reason };
  return { hasLooked: true, failure, sighting: { failure } };
}

const gone: Observed = { hasLooked: true, sighting: { seenAt: NOW, absent: { since: NOW - 1e9, looks: 99 } } };
const fates: [string, Observed][] = [
  ["is not found", gone],
  ["may not be read", failing("person", "AccessDenied")],
  ["is in a region that is not known", failing("person", "InvalidRegion")],
  ["may not be checked", {
    ...failing("person", "AccessDenied"),
    sighting: { job: makeJob("Completed"), seenAt: NOW },
  }],
  ["is another's", { hasLooked: true, isOwn: false, sighting: { job: makeJob("Completed"), seenAt: NOW } }],
  ["tells another end", { hasLooked: true, isOwn: true, sighting: { job: makeJob("InProgress"), seenAt: NOW } }],
];
for (const word of WORDS) {
  for (const [what, observed] of fates) {
    Deno.test(`the Go operator's ${word} keeps its last word where the job's record ${what}`, () => {
      const resource = former(word);
      assert.deepEqual(next(resource), { do: "look" });
      const { status, follow, next: after } = settled(resource, observed);
      const { conditions, observedGeneration, failureReason, ...last } = status;
      assert.deepEqual(last, resource.status, "nothing that it said is changed");
      assert.equal(observedGeneration, 1);
      assert.equal(failureReason, word === "Failed" ? "AlgorithmError: exit 1" : undefined);
      assert.equal(findCondition(conditions, CONDITION[word])?.status, "True");
      assert.equal(findCondition(conditions, "Ready")?.status, word === "Completed" ? "True" : "False");
      assert.deepEqual([follow, after], [false, { kind: "wait" }]);
      assert.deepEqual(settled({ ...resource, status }).status, status, "it is not looked at again");
    });
  }

  Deno.test(`the Go operator's ${word} gets the times of a record that is there and its own`, () => {
    const resource = former(word);
    const job = makeJob(word, { startTime: NOW - 60_000, endTime: NOW - 1_000 });
    const sighting = { job, seenAt: NOW };
    assert.deepEqual(next(resource, { sighting, hasLooked: true }), { do: "verify" });
    const { status } = settled(resource, { sighting, hasLooked: true, isOwn: true });
    assert.equal(status.processingJobStatus, word);
    assert.deepEqual([status.processingJobArn, status.duration], [job.arn, "59s"]);
    assert.equal(findCondition(status.conditions, CONDITION[word])?.status, "True");
  });

  Deno.test(`the Go operator's ${word} is looked at again after a failure that passes, and says nothing of it`, () => {
    const resource = former(word);
    for (const retry of ["soon", "slowly"] as const) {
      const first = settled(resource, failing(retry, "Throttled"));
      assert.notEqual(first.next.kind, "wait");
      const { conditions, failureReason: _, ...last } = first.status;
      assert.deepEqual(last, resource.status);
      assert.equal(findCondition(conditions, CONDITION[word])?.status, "True");
      const again = { ...resource, status: first.status };
      assert.deepEqual(settled(again, failing(retry, "Throttled")).status, first.status);
      assert.deepEqual(next(again), { do: "look" });
    }
  });

  Deno.test(`the Go operator's ${word} is released without a call, or once its records are deleted`, () => {
    const { metadata, ...rest } = former(word);
    const resource = { ...rest, metadata: { ...metadata, deletionTimestamp: "2026-01-01T01:00:00Z", generation: 2 } };
    assert.deepEqual(next(resource), { do: "release", forced: false });
    const spec = { ...resource.spec, deletionPolicy: "Delete" as const };
    const unsure = { ...resource, spec };
    const job = { ...makeJob(word) };
    assert.deepEqual(next(unsure), { do: "look" }, "the record may be another's");
    assert.deepEqual(next(unsure, { hasLooked: true, sighting: { job } }), { do: "verify" });
    assert.deepEqual(next(unsure, { hasLooked: true, sighting: { job }, isOwn: true }), { do: "delete-records" });
    assert.deepEqual(next(unsure, { hasLooked: true, sighting: { job }, isOwn: false }), {
      do: "release",
      forced: false,
    });
    assert.deepEqual(next(unsure, gone), { do: "release", forced: false });
    const { status } = settled(unsure, failing("person", "AccessDenied"));
    assert.equal(status.processingJobStatus, word);
    assert.equal(findCondition(status.conditions, CONDITION[word])?.status, "True");
    assert.equal(findCondition(status.conditions, "Ready")?.reason, "AccessDenied");
    assert.match(status.additional ?? "", word === "Failed" ? /^AlgorithmError: exit 1\. A record/ : /^A record/);
  });
}

Deno.test("a finished resource of the Go operator that came from a backup keeps its word and the name of its job", () => {
  const held = former("Completed", { sageMakerProcessingJobName: "job-of-another-uid" });
  assert.deepEqual(next(held), { do: "look" });
  assert.deepEqual(next(held, gone), { do: "drop-finalizer" });
  const { status } = settled({ ...held, metadata: { ...held.metadata, finalizers: [] } });
  assert.deepEqual([status.processingJobStatus, status.sageMakerProcessingJobName], [
    "Completed",
    "job-of-another-uid",
  ]);
  assert.equal(findCondition(status.conditions, "Complete")?.status, "True");
});

Deno.test("a finished resource of the Go operator is finished also where it is paused, suspended or asked for again", () => {
  const resource = former("Completed");
  const asked = { [ANNOTATIONS.paused]: "true", [ANNOTATIONS.reconcileAt]: "1" };
  const { status } = settled({
    ...resource,
    spec: { ...resource.spec, suspend: true },
    metadata: { ...resource.metadata, annotations: asked },
  }, gone);
  assert.equal(status.processingJobStatus, "Completed");
  assert.deepEqual([findCondition(status.conditions, "Ready")?.status, findCondition(status.conditions, "Paused")], [
    "True",
    undefined,
  ]);
});
