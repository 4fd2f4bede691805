import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { run } from "../../src/commands/run.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { kubectl } from "../support/kubectl.ts";

const ROOT = join(import.meta.dirname!, "../..");
const CLUSTER_INSTALL = join(ROOT, "manifests/cluster/install.yaml");
const NAMESPACED_INSTALL = join(ROOT, "manifests/namespaced/install.yaml");
const APART_INSTALL = join(ROOT, "manifests/namespaced-apart/install.yaml");
const WATCHED_INSTALL = join(ROOT, "manifests/namespaced-apart/watched/install.yaml");
const DEPLOYMENT = "sagemaker-operator";

/** Of this file alone: an install on a cluster where nothing of it is there yet. */
let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane();
});
Deno.test.afterAll(() => cluster.stop());

Deno.test("cluster install goes through on a fresh apiserver without a warning, and a second time changes nothing", async () => {
  await applySilently("-f", CLUSTER_INSTALL);
  await assertNoDiff("-f", CLUSTER_INSTALL);
});

Deno.test("namespaced install goes into an existing namespace after the CRD, without a warning, and a second time changes nothing", async () => {
  await makeRestrictedNamespace("team-a");
  await applySilently("-f", join(ROOT, "crds"));
  await applySilently("-n", "team-a", "-f", NAMESPACED_INSTALL);
  await assertNoDiff("-n", "team-a", "-f", NAMESPACED_INSTALL);
});

Deno.test("install apart goes into its own namespace and a watched one, without a warning, and a second time changes nothing", async () => {
  await makeRestrictedNamespace("team-a");
  await applySilently("-f", APART_INSTALL);
  await applySilently("-n", "team-a", "-f", WATCHED_INSTALL);
  await assertNoDiff("-f", APART_INSTALL);
  await assertNoDiff("-n", "team-a", "-f", WATCHED_INSTALL);
});

Deno.test("namespaced install holds nothing that is cluster-wide, and names no namespace", async () => {
  const documents = parseAllDocuments(await Deno.readTextFile(NAMESPACED_INSTALL)).map((each) => each.toJS());
  const kinds = documents.map(({ kind }) => kind);
  assert.deepEqual(kinds, [
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Deployment",
    "PodDisruptionBudget",
    "NetworkPolicy",
  ]);
  assert.deepEqual(new Set(documents.map(({ metadata }) => metadata.namespace)), new Set([undefined]));
  assert.equal(documents[2].subjects[0].namespace, undefined);
});

Deno.test("each folder of manifests is a kustomization of its install file", async () => {
  for (const folder of ["cluster", "namespaced", "namespaced-apart", "namespaced-apart/watched", "user-roles"]) {
    const { code, stdout, stderr } = await kubectl(cluster, ["kustomize", join(ROOT, "manifests", folder)]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
    const built = parseAllDocuments(stdout).map((each) => each.toJS());
    const install = parseAllDocuments(await Deno.readTextFile(join(ROOT, "manifests", folder, "install.yaml")));
    const texts = (objects: unknown[]) => objects.map((each) => stringify(each, { sortMapEntries: true })).sort();
    assert.deepEqual(texts(built), texts(install.map((each) => each.toJS())));
  }
});

const INSTALLS = {
  cluster: { namespace: "sagemaker-operator-system", args: ["-f", CLUSTER_INSTALL] },
  namespaced: { namespace: "team-b", args: ["-n", "team-b", "-f", NAMESPACED_INSTALL] },
  "namespaced-apart": { namespace: "sagemaker-operator-system", args: ["-f", APART_INSTALL] },
};
for (const [scope, { namespace, args }] of Object.entries(INSTALLS)) {
  Deno.test(`${scope} install's Pod is accepted where restricted Pod Security is enforced, and probed where it answers`, async () => {
    if (scope === "namespaced") await makeRestrictedNamespace(namespace);
    await applySilently(...args);
    const pod = await podOf(namespace);

    const accepted = await dryRun(namespace, pod);
    assert.equal(accepted.stderr, "");
    assert.equal(accepted.code, 0);

    const { ports: [{ name, containerPort }], livenessProbe, readinessProbe } = pod.spec.containers[0];
    assert.equal(`:${containerPort}`, run.spec.flags["health-probe-bind-address"]!.fallback);
    assert.deepEqual([livenessProbe.httpGet.path, livenessProbe.httpGet.port], ["/healthz", name]);
    assert.deepEqual([readinessProbe.httpGet.path, readinessProbe.httpGet.port], ["/readyz", name]);

    delete pod.spec.containers[0].securityContext;
    assert.match((await dryRun(namespace, pod)).stderr, /violates PodSecurity "restricted:latest"/);
  });
}

/** kubectl prints the apiserver's warnings on stderr, and nothing else if all goes well. */
async function applySilently(...args: string[]): Promise<void> {
  const { code, stderr } = await kubectl(cluster, ["apply", ...args]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
}

async function assertNoDiff(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await kubectl(cluster, ["diff", ...args]);
  assert.equal(stdout + stderr, "");
  assert.equal(code, 0);
}

async function makeRestrictedNamespace(name: string): Promise<void> {
  const labels = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/warn": "restricted",
  };
  const { status, body } = await cluster.request("POST", "/api/v1/namespaces", { metadata: { name, labels } });
  assert.ok(status === 201 || status === 409, JSON.stringify(body));
}

/** The Pod that the Deployment stands for, as the apiserver gives its template out. */
// deno-lint-ignore no-explicit-any -- a Pod has too many fields for a type of ours
async function podOf(namespace: string): Promise<any> {
  const { status, body } = await cluster.request(
    "GET",
    `/apis/apps/v1/namespaces/${namespace}/deployments/${DEPLOYMENT}`,
  );
  assert.equal(status, 200, JSON.stringify(body));
  const { metadata, spec } = body.spec.template;
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "from-template", labels: metadata.labels }, spec };
}

function dryRun(namespace: string, object: unknown) {
  const args = ["apply", "-n", namespace, "--dry-run=server", "-f", "-"];
  return kubectl(cluster, args, { stdin: JSON.stringify(object) });
}
