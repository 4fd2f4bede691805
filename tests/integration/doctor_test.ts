/** `doctor` with the eyes of a service account, against a real apiserver and the stand-in for AWS. */
import assert from "node:assert/strict";
import {
  ALL_NAMESPACES_PERMISSIONS,
  OWN_PERMISSIONS,
  type Permission,
  RESOURCE_PERMISSIONS,
} from "../../src/api/permissions.ts";
import { runCommand } from "../../src/commands/main.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
Deno.test.beforeAll(() => installCrd(cluster));

const everyPermission = [...RESOURCE_PERMISSIONS, ...OWN_PERMISSIONS].flatMap((permission) =>
  permission.verbs.map((verb) => ({ permission, verb }))
);
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

async function doctor(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  const standIn = await startStandIn();
  const env: Record<string, string> = { AWS_ENDPOINT_URL: standIn.url, AWS_ENDPOINT_URL_SAGEMAKER: standIn.url };
  try {
    const code = await runCommand(["doctor", "--region", "us-west-2", ...argv], {
      env: (name) => env[name],
      signal: new AbortController().signal,
      stdout: (text) => stdout += text,
      stderr: (text) => stderr += text,
    });
    return { code, stdout, stderr };
  } finally {
    await standIn.close();
  }
}

/** The lines of the checks that found something wrong. */
const complaints = (stdout: string) => stdout.split("\n").filter((line) => line.startsWith("✗"));

/** A service account with all that the manifests grant in one namespace, or everywhere, but for `missing`. */
async function serviceAccount(scope: "cluster" | "namespaced", missing?: { permission: Permission; verb: string }) {
  const namespace = await cluster.freshNamespace("doctor");
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "operator" } });
  const rules = (permissions: readonly Permission[]) =>
    permissions.map((permission) => {
      const { apiGroup, resource, verbs, name } = permission;
      const kept = verbs.filter((verb) => permission !== missing?.permission || verb !== missing.verb);
      return { apiGroups: [apiGroup], resources: [resource], verbs: kept, ...name && { resourceNames: [name] } };
    }).filter(({ verbs }) => verbs.length > 0);
  await grant(`namespaces/${namespace}/role`, "Role", namespace, rules(OWN_PERMISSIONS), `${namespace}-own`);
  const everywhere = rules([...RESOURCE_PERMISSIONS, ...ALL_NAMESPACES_PERMISSIONS]);
  if (scope === "cluster") await grant("clusterrole", "ClusterRole", namespace, everywhere, namespace);
  else await grant(`namespaces/${namespace}/role`, "Role", namespace, rules(RESOURCE_PERMISSIONS), namespace);
  return { namespace, kubeconfig: await cluster.serviceAccountKubeconfig(namespace, "operator") };
}

async function grant(path: string, kind: string, namespace: string, rules: unknown[], name: string): Promise<void> {
  await post(`${RBAC}/${path}s`, { metadata: { name }, rules });
  await post(`${RBAC}/${path}bindings`, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ kind: "ServiceAccount", name: "operator", namespace }],
  });
}

async function post(path: string, body: unknown): Promise<void> {
  const answer = await cluster.request("POST", path, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

Deno.test("doctor finds nothing wrong with what the manifests grant in a namespace and in the cluster", async () => {
  for (const scope of ["namespaced", "cluster"] as const) {
    const { namespace, kubeconfig } = await serviceAccount(scope);
    await eventually("the roles hold", async () => {
      const { code, stdout, stderr } = await doctor(
        "--kubeconfig",
        kubeconfig,
        ...scope === "namespaced" ? ["--namespace", namespace] : [],
      );
      assert.deepEqual([complaints(stdout), code, stderr], [[], 0, ""]);
      assert.match(stdout, /^✓ cluster: Kubernetes v1\.\d+\.\d+.* at https:\/\/.*, as 'system:serviceaccount:doctor-/m);
      assert.match(stdout, /^✓ crd: .* is served; whether it is that of version/m);
      assert.match(stdout, /^✓ credentials: AWS knows the credentials as 'arn:aws:iam::\d+:user\/stand-in'$/m);
      assert.match(stdout, /^✓ sagemaker: ListProcessingJobs is allowed at 127.0.0.1, \d+ ms$/m);
      assert.match(stdout, /^✓ clock: /m);
      const more = scope === "cluster" ? ALL_NAMESPACES_PERMISSIONS.flatMap(({ verbs }) => verbs).length : 0;
      assert.equal(stdout.match(/^✓ permission: May /gm)?.length, everyPermission.length + more);
    });
  }
});

for (const missing of everyPermission) {
  const { verb, permission: { resource, apiGroup, name } } = missing;
  const what = `${verb} ${resource}${apiGroup && ` of ${apiGroup}`}${name === undefined ? "" : ` named '${name}'`}`;
  Deno.test(`doctor names exactly the permission to ${what} where that is missing`, async () => {
    const { namespace, kubeconfig } = await serviceAccount("namespaced", missing);
    await eventually("the roles hold", async () => {
      const { code, stdout, stderr } = await doctor("--kubeconfig", kubeconfig, "--namespace", namespace);
      assert.deepEqual(complaints(stdout), [
        `✗ permission: May not ${what} in namespace '${namespace}'. ` +
        "To mend it: grant it as the Role in 'manifests/namespaced/install.yaml' does",
      ]);
      assert.deepEqual([code, stderr], [1, "sagemaker-operator: Found 1 problem\n"]);
    });
  });
}

Deno.test("doctor sees that the CRD is its own, whatever the apiserver has added to it", async () => {
  const current = await doctor("--kubeconfig", cluster.kubeconfig);
  assert.match(
    current.stdout,
    /^✓ crd: 'processingjobs\.sagemaker\.aws\.amazon\.com' is installed and has all of version /m,
  );
});
