/** What kubeconform, kube-score and checkov say of every manifest, and why what they would have otherwise stays as it is. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CHART, checkovFailures, helm, kubeconform, kubeScore } from "../support/checkers.ts";
import { testCluster } from "../support/control_plane.ts";
import { writeSchemas } from "../support/openapi_schemas.ts";

const MANIFESTS = join(import.meta.dirname!, "../../manifests");
const cluster = testCluster();

type Reasons = Record<string, string>;

const CPU_LIMIT =
  "A leader that is throttled can't renew its lease, and nothing else is gained: requests share a busy node fairly";
const PULL_POLICY = "A release's tag never moves, and a registry that is down must not keep a replica from starting";

const KUBE_SCORE: Reasons = {
  "container-image-pull-policy": PULL_POLICY,
  "container-resources": CPU_LIMIT,
  "deployment-has-host-podantiaffinity": "topologySpreadConstraints spread the replicas, over nodes and over zones",
};
const CHECKOV: Reasons = {
  CKV_K8S_11: CPU_LIMIT,
  CKV_K8S_15: PULL_POLICY,
  CKV_K8S_38: "The operator is a client of the apiserver: its token is what it works with",
  CKV_K8S_43:
    "The digest is known only once the image is built; the chart's image.digest and kustomize's images set it",
};
const CHECKOV_WITHOUT_NAMESPACE: Reasons = {
  CKV_K8S_21: "It goes into the namespace that 'kubectl apply -n' names, not into 'default'",
};

/** Each manifest and what is waived for it. */
const TABLE: [name: string, kubeScore: Reasons, checkov: Reasons][] = [
  ["cluster", KUBE_SCORE, CHECKOV],
  ["namespaced", KUBE_SCORE, { ...CHECKOV, ...CHECKOV_WITHOUT_NAMESPACE }],
  ["user-roles", {}, {}],
  ["chart", KUBE_SCORE, CHECKOV],
];

const GROUPS = [
  "api/v1",
  "apis/apps/v1",
  "apis/policy/v1",
  "apis/networking.k8s.io/v1",
  "apis/rbac.authorization.k8s.io/v1",
  "apis/apiextensions.k8s.io/v1",
];

for (const [name, scoreReasons, checkovReasons] of TABLE) {
  Deno.test(`kube-score and checkov have nothing against the manifest '${name}' but what is waived, and all of that`, async () => {
    const file = await manifest(name);
    assert.deepEqual(await kubeScore(file), Object.keys(scoreReasons).sort());
    assert.deepEqual(await checkovFailures(file), Object.keys(checkovReasons).sort());
  });
}

Deno.test("kubeconform finds every manifest valid by the apiserver's own schemas, and a field that they don't know invalid", async () => {
  await writeSchemas(cluster, GROUPS, cluster.folder);
  for (const [name] of TABLE) {
    assert.match(await kubeconform(await manifest(name), cluster.folder), /Invalid: 0, Errors: 0, Skipped: 0/);
  }
  const wrong = join(cluster.folder, "wrong.yaml");
  const text = await Deno.readTextFile(await manifest("namespaced"));
  await Deno.writeTextFile(wrong, text.replace("enableServiceLinks", "enableServicesLinks"));
  await assert.rejects(() => kubeconform(wrong, cluster.folder), /failed/);
});

/** The path of a manifest; the chart's is what its defaults give. */
async function manifest(name: string): Promise<string> {
  if (name !== "chart") return join(MANIFESTS, name, "install.yaml");
  const path = join(cluster.folder, "chart.yaml");
  await Deno.writeTextFile(path, await helm(["template", "sagemaker-operator", CHART, "--namespace=operators"]));
  return path;
}
