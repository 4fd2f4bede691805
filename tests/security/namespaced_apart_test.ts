/**
 * Who may edit a namespace can become any service account in it. Installed apart, the operator has its own namespace, where who may edit
 * the watched one has no rights. There was no such manifest at 939be82; the last test shows what holds for an install into the namespace
 * itself, then and now.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { ApiClient } from "../../tools/control_plane/api_client.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { kubeconfigText, parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { startOperator } from "../support/operator.ts";
import { Resources } from "../support/resources.ts";

const MANIFESTS = join(import.meta.dirname!, "../../manifests");
const NAME = "sagemaker-operator";
const SYSTEM = "sagemaker-operator-system";
const JOBS = "/apis/sagemaker.aws.amazon.com/v1";
const TOKEN = { spec: { expirationSeconds: 600 } };

/** Of this file alone, since no other test may have given the operator more rights. */
let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane({ controllerManager: true });
  await apply("-f", join(MANIFESTS, "../crds"), "-f", join(MANIFESTS, "user-roles/install.yaml"));
  const waited = await kubectl(cluster, ["wait", "--for=condition=Established", "crd", "--all"]);
  assert.equal(waited.code, 0, waited.stderr);
  for (const name of ["team-a", "team-b", "team-c"]) await post("/api/v1/namespaces", { metadata: { name } });
  await apply("-f", join(MANIFESTS, "namespaced-apart/install.yaml"));
  await apply("-n", "team-a", "-f", join(MANIFESTS, "namespaced-apart/watched/install.yaml"));
  await apply("-n", "team-c", "-f", join(MANIFESTS, "namespaced/install.yaml"));
  for (const name of ["team-a", "team-c"]) await addEditor(name);
});
Deno.test.afterAll(() => cluster.stop());

Deno.test("installed apart the operator works on the namespaces that it is told, with the rights that the manifests give it, and nowhere else", async () => {
  const standIn = await startStandIn({ jobDuration: 100, stopDuration: 100 });
  try {
    const { body } = await cluster.request("GET", `/apis/apps/v1/namespaces/${SYSTEM}/deployments/${NAME}`);
    const [command, ...flags] = body.spec.template.spec.containers[0].args;
    assert.equal(command, "run");
    await using operator = startOperator({
      kubeconfig: await kubeconfigOf(SYSTEM, NAME),
      endpoint: standIn.url,
      flags,
    });
    const [watched, other] = [new Resources(cluster, "team-a"), new Resources(cluster, "team-b")];
    await other.create("elsewhere");
    const { metadata: { uid } } = await watched.create("job");
    await watched.untilStatus("job", "Completed", { timeoutMs: 30_000 });
    await watched.delete("job");
    await watched.untilGone("job");
    assert.equal((await other.get("elsewhere")).metadata.finalizers, undefined);
    assert.deepEqual(standIn.created.map(({ name }) => name), [`job-${uid.replaceAll("-", "")}`]);
    await eventually("it is ready", async () => {
      const answer = await operator.probe("/readyz");
      assert.equal(answer?.status, 200, answer?.text);
    });
    const refused = operator.logs().filter(({ level, message }) => level !== "info" && /forbidden/.test(message));
    assert.deepEqual(refused, []);
    assert.equal(await operator.stop(), 0);
  } finally {
    await standIn.close();
  }
});

Deno.test("installed apart: who may edit the watched namespace makes jobs there, and can't become the operator", async () => {
  const editor = await clientOf("team-a", "editor");
  try {
    const asked = async (method: string, path: string, body?: unknown) =>
      (await editor.request(method, path, body)).status;
    const job = {
      apiVersion: "sagemaker.aws.amazon.com/v1",
      kind: "ProcessingJob",
      metadata: { name: "own" },
      spec: MINIMAL_SPEC,
    };
    await eventually("the roles are put together", async () => {
      assert.equal(await asked("POST", `${JOBS}/namespaces/team-a/processingjobs`, job), 201);
    }, { timeoutMs: 30_000 });
    const pod = (serviceAccountName: string) => ({
      metadata: { name: "thief" },
      spec: { serviceAccountName, containers: [{ name: "c", image: "registry.example.com/c" }] },
    });
    const system = `/api/v1/namespaces/${SYSTEM}`;
    assert.equal(await asked("POST", `${system}/serviceaccounts/${NAME}/token`, TOKEN), 403);
    assert.equal(await asked("POST", `${system}/pods`, pod(NAME)), 403);
    assert.equal(await asked("GET", `${system}/secrets`), 403);
    assert.equal(await asked("GET", `${system}/pods`), 403);
    assert.equal(await asked("PATCH", `/apis/apps/v1/namespaces/${SYSTEM}/deployments/${NAME}`, {}), 403);
    const impersonating = await kubectl(
      { kubeconfig: await kubeconfigOf("team-a", "editor") },
      ["get", "processingjobs", "-n", "team-a", `--as=system:serviceaccount:${SYSTEM}:${NAME}`],
    );
    assert.match(impersonating.stderr, /Forbidden/);

    // A service account of the operator's name, in the watched namespace, is another one.
    assert.equal(await asked("POST", "/api/v1/namespaces/team-a/serviceaccounts", { metadata: { name: NAME } }), 201);
    const namesake = await clientOf("team-a", NAME);
    try {
      const answer = await namesake.request("GET", `${JOBS}/namespaces/team-a/processingjobs`);
      assert.equal(answer.status, 403);
    } finally {
      namesake.close();
    }
  } finally {
    editor.close();
  }
});

Deno.test("installed into the namespace itself: who may edit it can make the operator's token, as docs/install.md says", async () => {
  const editor = await clientOf("team-c", "editor");
  try {
    await eventually("the roles are put together", async () => {
      const path = `/api/v1/namespaces/team-c/serviceaccounts/${NAME}/token`;
      assert.equal((await editor.request("POST", path, TOKEN)).status, 201);
    }, { timeoutMs: 30_000 });
  } finally {
    editor.close();
  }
});

/** A service account `editor` that holds the role `edit` in its namespace. */
async function addEditor(namespace: string): Promise<void> {
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "editor" } });
  await post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
    metadata: { name: "editor" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
    subjects: [{ kind: "ServiceAccount", name: "editor", namespace }],
  });
}

async function clientOf(namespace: string, serviceAccount: string): Promise<ApiClient> {
  return new ApiClient(parseKubeconfig(await Deno.readTextFile(await kubeconfigOf(namespace, serviceAccount))));
}

/** Path of a kubeconfig with a token of a service account. */
async function kubeconfigOf(namespace: string, serviceAccount: string): Promise<string> {
  const path = join(dirname(cluster.kubeconfig), `${namespace}-${serviceAccount}.kubeconfig`);
  const { status } = await post(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, TOKEN);
  const admin = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  await Deno.writeTextFile(path, kubeconfigText({ ...admin, token: status.token }, { namespace }));
  return path;
}

async function apply(...args: string[]): Promise<void> {
  const { code, stderr } = await kubectl(cluster, ["apply", ...args]);
  assert.equal(code, 0, stderr);
}

// deno-lint-ignore no-explicit-any -- whoever asks knows the kind
async function post(path: string, object: unknown): Promise<any> {
  const { status, body } = await cluster.request("POST", path, object);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}
