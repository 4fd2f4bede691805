/**
 * Whoever may create ProcessingJobs but not read Secrets has the operator read them, by a job that prints its environment. With
 * `manifests/policies/environment-sources.yaml` the apiserver asks what the user may read. All tests but the last fail at 939be82, which
 * has no such policy; the last fails there too, as its environment.yaml granted every Secret of the namespace.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { resourcePath, tryCreate, tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { freshNamespace, installCrd } from "../support/resources.ts";
import { type Rule, Tenant } from "../support/tenant.ts";

const ROOT = join(import.meta.dirname!, "../..");
const CREATES: Rule = {
  apiGroups: ["sagemaker.aws.amazon.com"],
  resources: ["processingjobs"],
  verbs: ["create", "get", "update", "patch", "delete"],
};
const GET = { apiGroups: [""], verbs: ["get"] };

/** Of this file alone, since policies are for all namespaces. */
let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane();
  await installCrd(cluster);
  const policy = join(ROOT, "manifests/policies/environment-sources.yaml");
  const { code, stderr } = await kubectl(cluster, ["apply", "-f", policy]);
  assert.deepEqual([code, stderr], [0, ""]);
  const namespace = await freshNamespace(cluster);
  using tenant = await Tenant.make(cluster, namespace, { name: "probe", rules: [CREATES] });
  await eventually("the policy holds", async () => {
    assert.equal(await answerTo(tenant, namespace, [secret("a")]), "refused");
  });
});
Deno.test.afterAll(() => cluster.stop());

function secret(name: string, optional?: boolean): object {
  return { secretKeyRef: { name, key: "k", ...(optional !== undefined && { optional }) } };
}

function configMap(name: string): object {
  return { configMapKeyRef: { name, key: "k" } };
}

function specWith(sources: object[]): object {
  return { ...MINIMAL_SPEC, environment: sources.map((valueFrom, i) => ({ name: `V${i}`, valueFrom })) };
}

/** `created`, or `refused`; for any other reason than the policy it fails. */
async function answerTo(tenant: Tenant, namespace: string, sources: object[]): Promise<string> {
  const { status, body } = await tryCreate(tenant, namespace, specWith(sources), { dryRun: true });
  if (status === 201) return "created";
  assert.equal(status, 403, JSON.stringify(body));
  assert.match(body.message, /sagemaker-operator-environment-sources/);
  return "refused";
}

const many = (count: number, source: (name: string) => object = secret) =>
  Array.from({ length: count }, (_, i) => source(`object-${i}`));
const names = (count: number) => Array.from({ length: count }, (_, i) => `object-${i}`);

const CASES: [who: string, rules: Rule[], sources: object[], answer: "created" | "refused"][] = [
  ["nothing", [], [secret("operator-keys")], "refused"],
  ["nothing", [], [configMap("settings")], "refused"],
  ["nothing", [], [secret("operator-keys", true)], "refused"],
  ["one Secret", [{ ...GET, resources: ["secrets"], resourceNames: ["mine"] }], [secret("mine")], "created"],
  [
    "one Secret",
    [{ ...GET, resources: ["secrets"], resourceNames: ["mine"] }],
    [secret("mine"), secret("mine")],
    "created",
  ],
  ["one Secret", [{ ...GET, resources: ["secrets"], resourceNames: ["mine"] }], [secret("other")], "refused"],
  [
    "one Secret",
    [{ ...GET, resources: ["secrets"], resourceNames: ["mine"] }],
    [secret("mine"), secret("other")],
    "refused",
  ],
  ["one Secret", [{ ...GET, resources: ["secrets"], resourceNames: ["mine"] }], [configMap("mine")], "refused"],
  ["a list of Secrets", [{ ...GET, verbs: ["list", "watch"], resources: ["secrets"] }], [secret("mine")], "refused"],
  ["all Secrets", [{ ...GET, resources: ["secrets"] }], many(100), "created"],
  ["all Secrets", [{ ...GET, resources: ["secrets"] }], [configMap("settings")], "refused"],
  ["all of both", [{ ...GET, resources: ["secrets", "configmaps"] }], [...many(50), ...many(50, configMap)], "created"],
  ["20 Secrets", [{ ...GET, resources: ["secrets"], resourceNames: names(20) }], many(20), "created"],
  ["19 Secrets", [{ ...GET, resources: ["secrets"], resourceNames: names(19) }], many(20), "refused"],
  ["21 Secrets", [{ ...GET, resources: ["secrets"], resourceNames: names(21) }], many(21), "refused"],
  ["nothing", [], many(100), "refused"],
];

for (const [index, [who, rules, sources, answer]] of CASES.entries()) {
  const what = sources.slice(0, 2).map((source) => JSON.stringify(Object.values(source)[0].name)).join(", ");
  Deno.test(`who may read ${who} and names ${sources.length} (${what}${sources.length > 2 ? ", …" : ""}): ${answer} [${index}]`, async () => {
    const namespace = await freshNamespace(cluster);
    using tenant = await Tenant.make(cluster, namespace, { name: "tenant", rules: [CREATES, ...rules] });
    await eventually("the answer", async () => assert.equal(await answerTo(tenant, namespace, sources), answer));
  });
}

Deno.test("the refusal names the user, the object and the namespace", async () => {
  const namespace = await freshNamespace(cluster);
  using tenant = await Tenant.make(cluster, namespace, { name: "tenant", rules: [CREATES] });
  await eventually("the refusal", async () => {
    const { body } = await tryCreate(
      tenant,
      namespace,
      specWith([secret("operator-keys"), configMap("settings"), secret("operator-keys")]),
    );
    assert.ok(
      body.message.endsWith(
        "spec.environment takes values from secrets/operator-keys, configmaps/settings in the namespace " +
          `'${namespace}': '${tenant.username}' must be allowed to get each of them`,
      ),
      body.message,
    );
    const answer = await tryCreate(tenant, namespace, specWith(many(21)));
    assert.match(answer.body.message, /spec.environment takes values from 21 Secrets and ConfigMaps: name at most 20/);
  });
});

Deno.test("a right in another namespace counts for nothing", async () => {
  const [own, other] = [await freshNamespace(cluster), await freshNamespace(cluster)];
  using tenant = await Tenant.make(cluster, own, {
    name: "tenant",
    rules: [CREATES, { ...GET, resources: ["secrets"] }],
  });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "creates" };
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${other}`;
  await cluster.request("POST", `${path}/roles`, { metadata: { name: "creates" }, rules: [CREATES] });
  const subjects = [{ kind: "ServiceAccount", name: "tenant", namespace: own }];
  await cluster.request("POST", `${path}/rolebindings`, { metadata: { name: "creates" }, roleRef, subjects });
  await eventually("both answers", async () => {
    assert.equal(await answerTo(tenant, own, [secret("a")]), "created");
    assert.equal(await answerTo(tenant, other, [secret("a")]), "refused");
  });
});

Deno.test("others may change the rest of a resource and delete it, and the operator may set its finalizer", async () => {
  const namespace = await freshNamespace(cluster);
  const { status, body } = await tryCreate(cluster, namespace, specWith([secret("a")]));
  assert.equal(status, 201, JSON.stringify(body));
  using tenant = await Tenant.make(cluster, namespace, { name: "tenant", rules: [CREATES] });
  const path = resourcePath(namespace, body.metadata.name);
  const patches = [
    { metadata: { finalizers: ["sagemaker-operator-finalizer"] } },
    { metadata: { labels: { a: "b" } } },
    { spec: { suspend: true } },
    { metadata: { finalizers: null } },
  ];
  await eventually("the changes", async () => {
    for (const patch of patches) assert.equal((await tryPatch(tenant, path, patch)).status, 200, JSON.stringify(patch));
  });
  assert.equal((await tenant.request("DELETE", path)).status, 200);
});

Deno.test("environment.yaml grants no more than what is named in it", async () => {
  for (const scope of ["cluster", "namespaced", "namespaced-apart"]) {
    const text = await Deno.readTextFile(join(ROOT, `manifests/${scope}/environment.yaml`));
    const role = parseAllDocuments(text).map((each) => each.toJS()).find(({ kind }) => kind === "Role");
    assert.equal(role.rules.length, 2);
    for (const rule of role.rules) assert.ok(rule.resourceNames?.length > 0, JSON.stringify(rule));
  }
});
