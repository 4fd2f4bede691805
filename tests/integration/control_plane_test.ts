import assert from "node:assert/strict";
import { findBinaries } from "../../tools/control_plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";
import { TestCluster, testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { apply, kubectl } from "../support/kubectl.ts";

const cluster = testCluster();

Deno.test("control plane serves the version that its kube-apiserver has", async () => {
  const binaries = await findBinaries(["kube-apiserver"]);
  const printed = await runCommand(binaries["kube-apiserver"], ["--version"], {
    clock: systemClock,
    timeoutMs: 10_000,
  });
  const { status, body } = await cluster.request("GET", "/version");
  assert.equal(status, 200);
  assert.equal(`Kubernetes ${body.gitVersion}`, printed.trim());
});

Deno.test("service account token is accepted, and RBAC denies what it has no role for", async () => {
  const namespace = await cluster.freshNamespace();
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  assert.equal((await cluster.request("POST", accounts, { metadata: { name: "tester" } })).status, 201);
  const account = { kubeconfig: await cluster.serviceAccountKubeconfig(namespace, "tester") };

  const who = await kubectl(account, ["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
  assert.equal(who.stdout, `system:serviceaccount:${namespace}:tester`, who.stderr);

  const denied = await kubectl(account, ["get", "configmaps"]);
  assert.equal(denied.code, 1);
  assert.match(denied.stderr, /^Error from server \(Forbidden\): configmaps is forbidden/);

  await apply(cluster, binding(namespace));
  await eventually("role takes effect", async () => {
    const allowed = await kubectl(account, ["get", "configmaps", "-o", "name"]);
    assert.equal(allowed.code, 0, allowed.stderr);
  });
});

Deno.test("deleted namespace goes away", async () => {
  const namespace = await cluster.freshNamespace();
  const { code, stderr } = await kubectl(cluster, ["delete", "namespace", namespace, "--timeout=30s"]);
  assert.equal(code, 0, stderr);
  assert.equal((await cluster.request("GET", `/api/v1/namespaces/${namespace}`)).status, 404);
});

Deno.test("restart keeps the data, pause answers nothing, and stop leaves nothing behind", async () => {
  const controlPlane = await startControlPlane();
  const { dir, pids } = controlPlane;
  try {
    assert.equal(pids.length, 2);
    assert.equal(
      (await controlPlane.request("POST", "/api/v1/namespaces", { metadata: { name: "kept" } })).status,
      201,
    );
    await controlPlane.restartApiserver();
    assert.equal((await controlPlane.request("GET", "/api/v1/namespaces/kept")).status, 200);

    controlPlane.pauseApiserver();
    await assert.rejects(controlPlane.request("GET", "/version", undefined, { timeoutMs: 300 }), {
      name: "TimeoutError",
    });
    controlPlane.resumeApiserver();
    assert.equal((await controlPlane.request("GET", "/version")).status, 200);
    pids.push(...controlPlane.pids);
  } finally {
    await controlPlane.stop();
  }
  await assertGone(dir, pids);
  await controlPlane.stop();
});

Deno.test("start that is aborted leaves nothing behind", () =>
  inTempFolder(async () => {
    const stopping = new AbortController();
    const reason = new Error("changed my mind");
    const progress = (line: string) => {
      if (line.startsWith("Starting")) systemClock.setTimer(500, () => stopping.abort(reason));
    };
    await assert.rejects(startControlPlane({ signal: stopping.signal, progress }), reason);
  }));

Deno.test("start that fails says what kube-apiserver said and leaves nothing behind", () =>
  inTempFolder(async () => {
    await assert.rejects(startControlPlane({ apiserverArgs: ["--no-such-flag"] }), (error: Error) => {
      assert.match(error.message, /^Cannot start kube-apiserver: it ended early \(exit code 1\):\n/);
      assert.match(error.message, /unknown flag: --no-such-flag/);
      return true;
    });
  }));

Deno.test("test cluster cannot be used before it is open", () => {
  assert.throws(() => new TestCluster().url, /^Error: Cannot use the test cluster outside of a test$/);
});

async function assertGone(dir: string, pids: ControlPlane["pids"]) {
  await assert.rejects(Deno.stat(dir), Deno.errors.NotFound);
  for (const pid of pids) assert.throws(() => Deno.kill(pid, "SIGCONT"), Deno.errors.NotFound, `${pid}`);
}

/** Runs `body` with a folder of its own for temporary files, and asserts that it is empty afterwards. */
async function inTempFolder(body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get("TMPDIR");
  const folder = await Deno.makeTempDir();
  Deno.env.set("TMPDIR", folder);
  try {
    await body();
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(folder, { recursive: true });
  }
}

function binding(namespace: string): string {
  return `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: tester, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: readers-${namespace} }
subjects: [{ kind: ServiceAccount, name: tester, namespace: ${namespace} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: readers-${namespace} }
rules: [{ apiGroups: [""], resources: [configmaps], verbs: [get, list] }]
`;
}
