import assert from "node:assert/strict";
import { heldProcessingJob, makeProcessingJob } from "../../tests/support/builders.ts";
import { findCondition } from "../api/conditions.ts";
import { ANNOTATIONS, MARK } from "../api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { ownAnnotations, reconcileAt, withAnnotationWarnings } from "./annotations.ts";
import { isAskedFor } from "./history.ts";
import { refreshed } from "./status.ts";

const LONG = "y".repeat(65);

function asked(value: string, status: ProcessingJobStatus): ProcessingJob {
  return makeProcessingJob({ metadata: { annotations: { [ANNOTATIONS.reconcileAt]: value } }, status });
}

const waiting: ProcessingJobStatus = {
  processingJobStatus: "Reconciling",
  observedGeneration: 1,
  conditions: [{
    type: "Ready",
    status: "Unknown",
    reason: "Throttled",
    message: "Slow down",
    lastTransitionTime: "2026-01-01T00:00:00Z",
    observedGeneration: 1,
  }],
};

Deno.test("ownAnnotations() has the known annotations alone, also among others with the operator's prefix", () => {
  const annotations = { [MARK]: "1", [ANNOTATIONS.paused]: "true", "sagemaker.aws.amazon.com/notes": "x", other: "y" };
  assert.deepEqual(ownAnnotations(annotations), { [ANNOTATIONS.paused]: "true", [MARK]: "1" });
  assert.equal(ownAnnotations({ other: "y" }), undefined);
});

Deno.test("a value of reconcile-at asks for something up to 64 characters", () => {
  assert.equal(reconcileAt(asked(LONG.slice(1), waiting)), LONG.slice(1));
  assert.ok(isAskedFor(asked(LONG.slice(1), waiting)));
  assert.equal(reconcileAt(asked(LONG, waiting)), undefined);
  assert.ok(!isAskedFor(asked(LONG, waiting)));
  assert.equal(refreshed(asked(LONG, waiting)).observedReconcileAt, undefined);
});

Deno.test("the condition Ready says that a value is too long, once, and no longer when it is mended", () => {
  const message = (status: ProcessingJobStatus) => findCondition(status.conditions, "Ready")?.message;
  const once = withAnnotationWarnings(asked(LONG, waiting), waiting);
  const warning =
    "Slow down. Warning: the annotation 'sagemaker.aws.amazon.com/reconcile-at' is ignored, because its value has more than 64 characters";
  assert.equal(message(once), warning);
  assert.equal(message(withAnnotationWarnings(asked(LONG, once), once)), warning);
  assert.equal(message(withAnnotationWarnings(asked("1", once), once)), "Slow down");
  assert.equal(withAnnotationWarnings(heldProcessingJob(waiting), waiting), waiting);
});
