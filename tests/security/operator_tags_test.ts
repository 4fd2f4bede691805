/**
 * The operator's tags on a job say whose it is, in the operator's own checks, in trust policies, in IAM conditions on tags and in bills. A
 * tenant must not write them. Both tests fail at 939be82, which took other spellings. What a CRD before this one has stored is in
 * `tests/integration/stored_test.ts`.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import { tryCreate } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { Tenant } from "../support/tenant.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const FORGED = [
  "sagemaker-operator/uid",
  "sagemaker-operator/namespace",
  "sagemaker-operator/anything",
  "SageMaker-Operator/namespace",
  "SAGEMAKER-OPERATOR/UID",
  " sagemaker-operator/uid",
  "\u00a0sagemaker-operator/namespace",
  "\u3000Sagemaker-operator/name",
];

Deno.test("a tag that would pass for the operator's own is refused as it is applied, in any case and behind any space", async () => {
  const namespace = await cluster.freshNamespace("tags");
  const rules = [{ apiGroups: ["sagemaker.aws.amazon.com"], resources: ["processingjobs"], verbs: ["create"] }];
  using tenant = await Tenant.make(cluster, namespace, { name: "tenant", rules });
  for (const key of FORGED) {
    const spec = { ...MINIMAL_SPEC, tags: [{ key: "team", value: "a" }, { key, value: "another" }] };
    const { status, body } = await tryCreate(tenant, namespace, spec);
    assert.equal(status, 422, `${key}: ${JSON.stringify(body)}`);
    assert.match(body.message, /reserved for the operator/);
  }
});

Deno.test("a Namespace's annotations can't set one either: nothing is created until they are mended", async () => {
  for (const annotation of [NAMES.defaultTags, NAMES.requiredTags]) {
    await using scene = await Scene.open(cluster);
    await scene.startOperator();
    const path = `/api/v1/namespaces/${scene.namespace}`;
    // As the annotation's short form cuts spaces off.
    for (const key of ["SageMaker-Operator/namespace", "\u3000sagemaker-operator/uid"]) {
      const patch = { metadata: { annotations: { [annotation]: JSON.stringify({ team: "a", [key]: "another" }) } } };
      const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
      assert.equal(answer.status, 200);
      const name = key.startsWith("S") ? "first" : "second";
      await scene.resources.create(name);
      await scene.resources.until(name, "waits for the annotation to be mended", ({ status }) => {
        const ready = findCondition(status?.conditions, "Ready");
        assert.equal(ready?.reason, "InvalidNamespaceAnnotation");
        assert.match(ready.message, /reserved for the operator/);
      }, { timeoutMs: 30_000 });
    }
    assert.equal(scene.count("CreateProcessingJob"), 0);
  }
});
