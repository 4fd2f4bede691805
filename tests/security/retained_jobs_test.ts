/**
 * A quota for ProcessingJobs bounds what runs only while no job outlives its resource. With `manifests/policies/retained-jobs.yaml`
 * that is for those who may 'retain' processingjobs. All tests fail at 939be82, which has no such policy.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { resourcePath, tryCreate, tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { freshNamespace, installCrd } from "../support/resources.ts";
import { type Rule, Tenant } from "../support/tenant.ts";

const FORCE = "sagemaker.aws.amazon.com/force-delete";
const FINALIZER = "sagemaker-operator-finalizer";
const apiGroups = ["sagemaker.aws.amazon.com"];
const resources = ["processingjobs"];
/** What `edit` has. */
const EDITS: Rule = { apiGroups, resources, verbs: ["create", "get", "update", "patch", "delete", "deletecollection"] };
const RETAINS: Rule = { apiGroups, resources, verbs: ["retain"] };
/** What the operator has. */
const OPERATES: Rule[] = [
  { apiGroups, resources, verbs: ["list", "watch", "patch", "delete"] },
  { apiGroups, resources: ["processingjobs/status"], verbs: ["patch"] },
];

/** Of this file alone, since policies are for all namespaces. */
let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane();
  await installCrd(cluster);
  const policy = join(import.meta.dirname!, "../../manifests/policies/retained-jobs.yaml");
  const { code, stderr } = await kubectl(cluster, ["apply", "-f", policy]);
  assert.deepEqual([code, stderr], [0, ""]);
  const namespace = await freshNamespace(cluster);
  using tenant = await Tenant.make(cluster, namespace, { name: "probe", rules: [EDITS] });
  await eventually("the policy holds", async () => {
    const spec = { ...MINIMAL_SPEC, deletionPolicy: "Retain" };
    const { status, body } = await tryCreate(tenant, namespace, spec, { dryRun: true });
    assert.equal(status, 403);
    assert.match(body.message, /sagemaker-operator-retained-jobs/);
  });
});
Deno.test.afterAll(() => cluster.stop());

/** A namespace with a resource that the operator holds, and somebody with these rights in it. */
async function setUp(rules: Rule[], { spec = {}, annotations = {} }: { spec?: object; annotations?: object } = {}) {
  const namespace = await freshNamespace(cluster);
  const { status, body } = await tryCreate(cluster, namespace, { ...MINIMAL_SPEC, ...spec });
  assert.equal(status, 201, JSON.stringify(body));
  const path = resourcePath(namespace, body.metadata.name);
  const held = await tryPatch(cluster, path, {
    metadata: { finalizers: [FINALIZER, "other.example/one"], annotations },
  });
  assert.equal(held.status, 200, JSON.stringify(held.body));
  const tenant = await Tenant.make(cluster, namespace, { name: "tenant", rules });
  await eventually("the rights hold", async () => {
    assert.equal((await tryPatch(tenant, `${path}?dryRun=All`, { metadata: { labels: { a: "b" } } })).status, 200);
  });
  return { namespace, path, tenant, [Symbol.dispose]: () => tenant[Symbol.dispose]() };
}

const CHANGES: [what: string, patch: object, message: RegExp][] = [
  ["deletionPolicy: Retain", { spec: { deletionPolicy: "Retain" } }, /spec.deletionPolicy must not be 'Retain'/],
  ["force-delete", { metadata: { annotations: { [FORCE]: "true" } } }, /annotation .*force-delete must not be set/],
  [
    "the removal of the finalizer",
    { metadata: { finalizers: ["other.example/one"] } },
    /the finalizer .* must not be removed/,
  ],
];

for (const [what, patch, message] of CHANGES) {
  Deno.test(`${what} is refused for who may edit ProcessingJobs, before and after their deletion`, async () => {
    using scene = await setUp([EDITS]);
    const { namespace, path, tenant } = scene;
    for (const isDeleted of [false, true]) {
      if (isDeleted) assert.equal((await tenant.request("DELETE", path)).status, 200);
      const { status, body } = await tryPatch(tenant, path, patch);
      assert.equal(status, 403, JSON.stringify(body));
      assert.match(body.message, message);
      assert.ok(
        body.message.includes(`'${tenant.username}' may not 'retain' processingjobs in the namespace '${namespace}'`),
      );
    }
  });

  Deno.test(`${what} is let through for who may retain processingjobs`, async () => {
    using scene = await setUp([EDITS, RETAINS]);
    assert.equal((await tryPatch(scene.tenant, scene.path, patch)).status, 200);
  });
}

Deno.test("a resource is created with 'Retain' or 'force-delete' by those alone who may retain processingjobs", async () => {
  const metadata = { generateName: "job-", annotations: { [FORCE]: "true" } };
  const forced = { apiVersion: `${apiGroups[0]}/v1`, kind: "ProcessingJob", metadata, spec: MINIMAL_SPEC };
  for (const [rules, expected] of [[[EDITS], 403], [[EDITS, RETAINS], 201]] as const) {
    using scene = await setUp([...rules]);
    const retained = await tryCreate(scene.tenant, scene.namespace, { ...MINIMAL_SPEC, deletionPolicy: "Retain" });
    assert.equal(retained.status, expected, JSON.stringify(retained.body));
    const { status } = await scene.tenant.request("POST", resourcePath(scene.namespace), forced);
    assert.equal(status, expected);
  }
});

Deno.test("what was there before is not judged, and all else may be changed", async () => {
  using scene = await setUp([EDITS], { spec: { deletionPolicy: "Retain" }, annotations: { [FORCE]: "true" } });
  const changes = [
    { metadata: { labels: { a: "b" } } },
    { spec: { suspend: true } },
    { metadata: { finalizers: [FINALIZER] } },
    { spec: { deletionPolicy: "Delete" } },
    { metadata: { annotations: { [FORCE]: "false" } } },
  ];
  for (const patch of changes) {
    const { status, body } = await tryPatch(scene.tenant, scene.path, patch);
    assert.equal(status, 200, JSON.stringify(body));
  }
  assert.equal((await tryPatch(scene.tenant, scene.path, CHANGES[0]![1])).status, 403, "and not back again");
});

Deno.test("the operator, with the rights of its manifests, removes its finalizer", async () => {
  using scene = await setUp(OPERATES);
  assert.equal((await tryPatch(scene.tenant, scene.path, { metadata: { finalizers: null } })).status, 200);
});
