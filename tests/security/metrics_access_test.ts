/**
 * Who may read the metrics, which name namespaces, on a real apiserver with tokens of ServiceAccounts. At 939be82 there is no
 * `--metrics-authorization`, so every Pod of the cluster may.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { testCluster } from "../support/control_plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { freePort, startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const MANIFEST = join(import.meta.dirname!, "../../manifests/cluster/metrics-authorization.yaml");
const OPERATOR = "system:serviceaccount:sagemaker-operator-system:sagemaker-operator";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("with --metrics-authorization the metrics are for those alone whose token may get /metrics", async () => {
  await using scene = await Scene.open(cluster);
  const { namespace } = scene;
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl(cluster, args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await run("apply", "-f", MANIFEST);
  for (const account of ["prometheus", "tenant"]) await run("create", "serviceaccount", account, "-n", namespace);
  const binding = `metrics-${namespace}`;
  await run(
    "create",
    "clusterrolebinding",
    binding,
    "--clusterrole=sagemaker-operator-metrics-reader",
    `--serviceaccount=${namespace}:prometheus`,
  );
  const tokenOf = (account: string) => run("create", "token", account, "-n", namespace);

  const address = `127.0.0.1:${freePort()}`;
  await using operator = startOperator({
    kubeconfig: cluster.kubeconfig,
    endpoint: scene.standIn.url,
    flags: ["--namespace", namespace, "--metrics-bind-address", address, "--metrics-authorization"],
  });
  await operator.untilLogged("Ready", { timeoutMs: 30_000 });
  const statusFor = async (token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`http://${address}/metrics`, { headers });
    const text = await answer.text();
    assert.equal(/^sagemaker_operator_jobs/m.test(text), answer.status === 200);
    return answer.status;
  };
  assert.equal(await statusFor(await tokenOf("prometheus")), 200);
  assert.equal(await statusFor(await tokenOf("tenant")), 403);
  assert.equal(await statusFor("made-up"), 401);
  assert.equal(await statusFor(), 401);

  // What the manifest grants is what the operator's own ServiceAccount needs for this.
  for (const review of ["tokenreviews.authentication.k8s.io", "subjectaccessreviews.authorization.k8s.io"]) {
    assert.equal(await run("auth", "can-i", "create", review, `--as=${OPERATOR}`), "yes");
  }
  await run("delete", "clusterrolebinding", binding);
});
