/** A CRD that was made as `apiextensions/v1beta1` and has outlived the upgrade of its cluster to 1.22. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CRD_NAME } from "../../src/api/group.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { freshNamespace, installCrd, Resources } from "../support/resources.ts";

const CRDS = join(import.meta.dirname!, "../../crds");

let controlPlane: ControlPlane;
Deno.test.beforeAll(async () => {
  // As JSON the CRD can be changed in etcd: today's apiserver makes none that keeps unknown fields.
  controlPlane = await startControlPlane({ apiserverArgs: ["--storage-media-type=application/json"] });
});
Deno.test.afterAll(() => controlPlane.stop());

async function etcd(operation: "range" | "put", body: Record<string, string>) {
  const fields = Object.entries(body).map(([name, value]) => [name, btoa(value)]);
  const response = await fetch(`${controlPlane.etcdUrl}/v3/kv/${operation}`, {
    method: "POST",
    body: JSON.stringify(Object.fromEntries(fields)),
  });
  assert.equal(response.status, 200);
  return await response.json();
}

/** Makes the stored CRD what the former controller's was. */
async function turnBack(): Promise<void> {
  const key = `/registry/apiextensions.k8s.io/customresourcedefinitions/${CRD_NAME}`;
  const { kvs: [{ value }] } = await etcd("range", { key });
  const crd = JSON.parse(atob(value));
  crd.spec.preserveUnknownFields = true;
  crd.spec.versions[0].schema = { openAPIV3Schema: { type: "object" } };
  crd.metadata.annotations = {};
  await etcd("put", { key, value: JSON.stringify(crd) });
}

Deno.test("a CRD that keeps unknown fields is refused by 'kubectl apply' and upgraded by 'kubectl replace'", async () => {
  await installCrd(controlPlane);
  const resources = new Resources(controlPlane, await freshNamespace(controlPlane));
  const { metadata } = await resources.create("job");
  await turnBack();

  const refused = await kubectl(controlPlane, ["apply", "-f", CRDS]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /spec\.preserveUnknownFields: Invalid value: true/);

  const replaced = await kubectl(controlPlane, ["replace", "-f", CRDS]);
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.match(replaced.stdout, / replaced\n$/);
  assert.equal((await resources.get("job")).metadata.uid, metadata.uid);
  const applied = await kubectl(controlPlane, ["apply", "-f", CRDS]);
  assert.equal(applied.code, 0, applied.stderr);
});

Deno.test("the CRD is unchanged when it is applied again", async () => {
  for (const result of ["", "unchanged"]) {
    const { code, stdout, stderr } = await kubectl(controlPlane, ["apply", "-f", CRDS]);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.endsWith(`${result}\n`), stdout);
  }
});
