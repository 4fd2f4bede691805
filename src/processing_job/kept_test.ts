import assert from "node:assert/strict";
import { FULL_SPEC } from "../../tests/support/full_spec.ts";
import { heldProcessingJob, makeJob, makeProcessingJob } from "../../tests/support/builders.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { FINALIZER } from "../api/group.ts";
import { reconcileAt } from "./annotations.ts";
import { hasFinalizer } from "./history.ts";
import { kept, lacksFinalizers } from "./kept.ts";
import { specWarnings, warningsOf } from "./spec_warnings.ts";

const created = {
  processingJobStatus: "InProgress",
  observedGeneration: 1,
  processingJobArn: makeJob("InProgress").arn,
} as const;

Deno.test("kept() keeps of a spec where the job is and what its calls are counted by, whether or not there is a job", () => {
  for (const status of [undefined, created]) {
    const resource = { ...makeProcessingJob(status && { status }), spec: FULL_SPEC };
    const { spec, reduced } = kept(resource);
    assert.equal(spec.region, resource.spec.region);
    assert.equal(spec.roleArn, resource.spec.roleArn);
    assert.equal(spec.sageMakerEndpoint, resource.spec.sageMakerEndpoint);
    const { instanceCount, instanceType, volumeSizeInGB } = resource.spec.processingResources.clusterConfig;
    assert.deepEqual(spec.processingResources.clusterConfig, { instanceCount, instanceType, volumeSizeInGB });
    assert.equal(spec.appSpecification, undefined);
    assert.equal(spec.environment, undefined);
    assert.deepEqual(reduced, { warnings: [] });
  }
});

Deno.test("kept() keeps the warnings about what it leaves out, and adds none because it left something out", () => {
  const odd = { ...FULL_SPEC, appSpecification: { imageUri: "docker.io/library/busybox" } };
  for (const [spec, count] of [[odd, 1], [FULL_SPEC, 0]] as const) {
    const resource = kept({ ...heldProcessingJob(created), spec });
    assert.deepEqual(warningsOf(resource), specWarnings(spec));
    assert.equal(warningsOf(kept(resource)).length, count);
  }
});

Deno.test("kept() keeps little of a resource, however large its annotations, finalizers and spec are", () => {
  const long = "x".repeat(260_000);
  const prefix = "sagemaker.aws.amazon.com/";
  const annotations = { [`${prefix}reconcile-at`]: long, [`${prefix}paused`]: long, [`${prefix}notes`]: long };
  const finalizers = [FINALIZER, ...Array.from({ length: 2_000 }, (_, index) => `example.com/${index}`)];
  const environment = Array.from({ length: 100 }, (_, index) => ({ name: `N${index}`, value: "v".repeat(1_000) }));
  const resource = heldProcessingJob({ ...created, observedReconcileAt: long });
  const metadata = { ...resource.metadata, annotations, finalizers };
  const slim = kept({ ...resource, metadata, spec: { ...FULL_SPEC, environment } });
  assert.ok(JSON.stringify(slim).length < 3_000, `${JSON.stringify(slim).length} characters`);
  assert.ok(hasFinalizer(slim) && lacksFinalizers(slim));
  assert.equal(reconcileAt(slim), undefined);
  assert.deepEqual(kept(slim), slim);
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
