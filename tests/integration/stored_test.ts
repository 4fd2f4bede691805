/** The operator works on resources that were stored under an older CRD, also on those that today's CRD would refuse. */
import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import { CRD_YAML } from "../../src/api/crd.ts";
import { CRD_NAME, FINALIZER } from "../../src/api/group.ts";
import { findCondition } from "../../src/api/conditions.ts";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { resourcePath, tryCreate } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { eventually } from "../support/eventually.ts";
import { changed } from "../support/full_spec.ts";
import { type Administrator, installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

/** The CRD without any rule for a spec. */
function laxCrd(): string {
  const crd = parse(CRD_YAML);
  const { properties } = crd.spec.versions[0].schema.openAPIV3Schema;
  properties.spec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  delete crd.spec.versions[0].schema.openAPIV3Schema["x-kubernetes-validations"];
  return stringify(crd, { version: "1.1" });
}

async function installLaxCrd(cluster: Administrator): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}?fieldManager=test&force=true`;
  const { status, body } = await cluster.request("PATCH", path, laxCrd(), {
    contentType: "application/apply-patch+yaml",
  });
  assert.equal(status, 201, JSON.stringify(body));
}

Deno.test("resources that were stored under a lax CRD get their status, and are released when they are deleted", async () => {
  await using cluster = await startControlPlane();
  await installLaxCrd(cluster);
  await eventually("ProcessingJobs are served", async () => {
    assert.equal((await cluster.request("GET", resourcePath("default"))).status, 200);
  });
  await using scene = await Scene.open(cluster);
  const store = (name: string, path: string, value: unknown, held = false) =>
    scene.resources.create(name, {
      spec: changed(MINIMAL_SPEC, path, value) as unknown as ProcessingJobSpec,
      ...(held && { metadata: { finalizers: [FINALIZER] } }),
    });
  await store("image", "appSpecification.imageUri", "hello-world");
  await store("arguments", "appSpecification.containerArguments", [""], true);
  await store("spoofed", "tags", [
    { key: "sagemaker-operator/uid", value: "another" },
    { key: "SageMaker-Operator/namespace", value: "another" },
    { key: " sagemaker-operator/name", value: "another" },
    { key: "team", value: "a" },
  ]);

  await installCrd(cluster);
  await eventually("the new schema holds", async () => {
    const answer = await tryCreate(cluster, scene.namespace, { ...MINIMAL_SPEC, region: "" }, { dryRun: true });
    assert.equal(answer.status, 422);
  });
  await scene.startOperator();

  for (const name of ["image", "arguments"]) {
    const { status, metadata } = await scene.resources.untilStatus(name, "Error");
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "InvalidSpec");
    assert.deepEqual(metadata.finalizers, [FINALIZER]);
  }
  const { metadata: { uid } } = await scene.resources.untilStatus("spoofed", "InProgress");
  const [job] = scene.standIn.created;
  assert.equal(scene.standIn.created.length, 1);
  assert.deepEqual([job?.tags["sagemaker-operator/uid"], job?.tags["team"]], [uid, "a"]);
  assert.ok(!Object.values(job?.tags ?? {}).includes("another"), JSON.stringify(job?.tags));

  for (const name of ["image", "arguments", "spoofed"]) await scene.resources.delete(name);
  await scene.resources.untilGone("image");
  await scene.resources.untilGone("arguments");
  await scene.resources.untilStatus("spoofed", "Stopping");
  await scene.finish("spoofed", "Stopped");
  await scene.resources.untilGone("spoofed");
});
