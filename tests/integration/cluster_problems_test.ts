/** What is wrong around an operator that runs: it says so in one clear line, isn't ready, and goes on once it is mended. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findCondition } from "../../src/api/conditions.ts";
import { OWN_NAMESPACE_PERMISSIONS, RESOURCE_PERMISSIONS } from "../../src/api/permissions.ts";
import { startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { freePort, type OperatorProcess, startOperator } from "../support/operator.ts";
import { installCrd, Resources } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** The administrator's kubeconfig with `from` replaced, in a file of its own. */
async function changedKubeconfig(name: string, from: string | RegExp, to: string): Promise<string> {
  const path = join(cluster.folder, name);
  const text = await Deno.readTextFile(cluster.kubeconfig);
  assert.notEqual(text.replace(from, to), text);
  await Deno.writeTextFile(path, text.replace(from, to));
  return path;
}

/** Asserts that the operator lives but isn't ready, for a reason that its log and its readiness tell in the same words. */
async function assertWaiting(operator: OperatorProcess, reason: RegExp): Promise<void> {
  const { level, error } = await operator.untilLogged("Cannot observe the cluster, trying again");
  assert.equal(level, "warn");
  assert.match(String(error), reason);
  const ready = await operator.probe("/readyz");
  assert.equal(ready?.status, 500);
  assert.match(ready.text, reason);
  assert.equal((await operator.probe("/healthz"))?.status, 200);
  assert.doesNotMatch(operator.stderr, /^\s+at /m);
}

async function untilReady(operator: OperatorProcess): Promise<void> {
  await eventually("the operator is ready", async () => assert.equal((await operator.probe("/readyz"))?.status, 200), {
    timeoutMs: 30_000,
  });
}

Deno.test("API server that is not there: says which and where from, and ends when asked", async () => {
  const server = `https://127.0.0.1:${freePort()}`;
  const kubeconfig = await changedKubeconfig("nobody-there", cluster.url, server);
  await using operator = startOperator({ kubeconfig });
  await assertWaiting(
    operator,
    new RegExp(`^.*Cannot reach the API server at '${server}' \\(context '.*' of '.*'\\): .*refused`),
  );
  assert.equal(await operator.stop(), 0);
});

Deno.test("token that is not valid any more: says so, and goes on once it is renewed", async () => {
  await using scene = await Scene.open(cluster);
  const kubeconfig = await changedKubeconfig("expired", /token: .*/, "token: hush-hush");
  const flags = ["--namespace", scene.namespace];
  await using operator = startOperator({ kubeconfig, endpoint: scene.standIn.url, flags });
  await assertWaiting(operator, /does not accept the credentials of context '.*' of '.*'; log in again or renew them/);
  assert.doesNotMatch(operator.stderr, /hush/);

  await Deno.copyFile(cluster.kubeconfig, kubeconfig);
  await untilReady(operator);
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
});

Deno.test("no permission: says which", async () => {
  const namespace = await cluster.freshNamespace();
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "nobody" } });
  const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, "nobody");
  await using operator = startOperator({ kubeconfig });
  await assertWaiting(operator, /processingjobs\.sagemaker\.aws\.amazon\.com is forbidden: User ".*" cannot watch/);
});

Deno.test("CRD that is missing: says how to install it, and goes on once it is there", async () => {
  await using controlPlane = await startControlPlane();
  await using operator = startOperator({ kubeconfig: controlPlane.kubeconfig, endpoint: "http://127.0.0.1:1" });
  await assertWaiting(operator, /kubectl apply -f/);
  await installCrd(controlPlane);
  await untilReady(operator);
  assert.equal(await operator.stop(), 0);
});

Deno.test("selector that does not parse: says so", async () => {
  await using operator = startOperator({ kubeconfig: cluster.kubeconfig, flags: ["--selector", "team=("] });
  await assertWaiting(operator, /unable to parse|invalid/i);
});

Deno.test("no AWS credentials: the resource says which ways there are, and nothing is sent", async () => {
  await using scene = await Scene.open(cluster);
  await using operator = startOperator({
    kubeconfig: cluster.kubeconfig,
    endpoint: scene.standIn.url,
    flags: ["--namespace", scene.namespace],
    env: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
  });
  await scene.resources.create("job");
  const { status } = await scene.resources.untilStatus("job", "Reconciling", { timeoutMs: 30_000 });
  const additional = status?.additional ?? "";
  assert.match(additional, /^Cannot get AWS credentials: /);
  for (const way of ["EKS Pod Identity", "IRSA", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"]) {
    assert.ok(additional.includes(way), way);
  }
  assert.equal(findCondition(status?.conditions, "Ready")?.reason, "CredentialsUnavailable");
  assert.deepEqual(scene.calls, []);
  assert.doesNotMatch(operator.stderr, /^\s+at /m);
});

/** The service account 'operator' of a namespace. */
async function account(namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const { status, body } = await cluster.request("POST", path, { metadata: { name: "operator" } });
  assert.equal(status, 201, JSON.stringify(body));
  return await cluster.serviceAccountKubeconfig(namespace, "operator");
}

/** Gives the service account 'operator' of the namespace `home` the install manifest's rights in `namespace`. */
async function allow(namespace: string, home: string): Promise<void> {
  const rules = RESOURCE_PERMISSIONS.concat(OWN_NAMESPACE_PERMISSIONS).map(({ apiGroup, resource, verbs }) => ({
    apiGroups: [apiGroup],
    resources: [resource],
    verbs,
  }));
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "operator" };
  const subjects = [{ kind: "ServiceAccount", name: "operator", namespace: home }];
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  for (const [plural, object] of Object.entries({ roles: { rules }, rolebindings: { roleRef, subjects } })) {
    const { status, body } = await cluster.request("POST", `${path}/${plural}`, {
      metadata: { name: "operator" },
      ...object,
    });
    assert.equal(status, 201, JSON.stringify(body));
  }
}

Deno.test("one of several namespaces that is forbidden: says which, works on the others, and on it once it is allowed", async () => {
  await using scene = await Scene.open(cluster);
  const forbidden = new Resources(cluster, await cluster.freshNamespace());
  const kubeconfig = await account(scene.namespace);
  await allow(scene.namespace, scene.namespace);
  const flags = ["--namespace", `${forbidden.namespace},${scene.namespace}`];
  await using operator = startOperator({ kubeconfig, endpoint: scene.standIn.url, flags });

  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await assertWaiting(operator, new RegExp(`is forbidden: .* in the namespace "${forbidden.namespace}"`));
  const ready = await operator.probe("/readyz");
  assert.match(ready!.text, new RegExp(`\\[-\\] informers: namespace '${forbidden.namespace}': `));
  assert.doesNotMatch(ready!.text, new RegExp(`namespace '${scene.namespace}'`));
  const { namespaces } = await operator.untilLogged("Cannot observe some of the namespaces, working on the others");
  assert.deepEqual(namespaces, [forbidden.namespace]);

  await forbidden.create("late");
  await allow(forbidden.namespace, scene.namespace);
  await forbidden.untilStatus("late", "InProgress", { timeoutMs: 60_000 });
  await untilReady(operator);
  await forbidden.clear();
});
