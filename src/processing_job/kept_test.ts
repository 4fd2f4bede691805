import assert from "node:assert/strict";
import { FULL_SPEC } from "../../tests/support/full_spec.ts";
import { heldProcessingJob, makeJob, makeProcessingJob } from "../../tests/support/builders.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { kept } from "./kept.ts";

const created = {
  processingJobStatus: "InProgress",
  observedGeneration: 1,
  processingJobArn: makeJob("InProgress").arn,
} as const;

Deno.test("kept() keeps the whole spec until the job is known by its ARN", () => {
  const resource = { ...makeProcessingJob(), spec: FULL_SPEC };
  assert.deepEqual(kept(resource).spec, resource.spec);
  const { spec } = kept({ ...resource, status: created });
  assert.equal(spec.region, resource.spec.region);
  assert.equal(spec.roleArn, resource.spec.roleArn);
  assert.equal(spec.sageMakerEndpoint, resource.spec.sageMakerEndpoint);
  assert.equal(spec.appSpecification, undefined);
  assert.equal(spec.environment, undefined);
});

Deno.test("kept() keeps what is asked for over a job's whole life", () => {
  const policies = {
    suspend: false,
    retryPolicy: { maxAttempts: 3 },
    ttlSecondsAfterFinished: 5,
    deletionPolicy: "Retain" as const,
  };
  const { spec } = kept({ ...makeProcessingJob(), spec: { ...FULL_SPEC, ...policies }, status: created });
  assert.deepEqual({ ...spec, ...policies }, spec);
});

Deno.test("kept() drops what others write and keeps what asks for something", () => {
  const resource = heldProcessingJob(created, true);
  const annotations = { "example.com/notes": "long", "sagemaker.aws.amazon.com/reconcile-at": "1" };
  const metadata = { ...resource.metadata, annotations, labels: { team: "a" }, managedFields: [{}] };
  const { metadata: slim } = kept({ ...resource, metadata });
  assert.deepEqual(slim.annotations, { "sagemaker.aws.amazon.com/reconcile-at": "1" });
  assert.deepEqual(Object.keys(slim).filter((key) => !(key in resource.metadata)), ["annotations"]);
  assert.deepEqual(slim.finalizers, resource.metadata.finalizers);
  assert.equal(slim.deletionTimestamp, resource.metadata.deletionTimestamp);
});

Deno.test("kept() takes a resource without a spec or a status", () => {
  const { spec: _, status: __, ...bare } = makeProcessingJob();
  assert.equal(kept(bare as ProcessingJob).spec, undefined);
});

Deno.test("kept() of what was kept is the same", () => {
  const once = kept({ ...heldProcessingJob(created), spec: FULL_SPEC });
  assert.deepEqual(kept(once), once);
});
