/** The Helm chart: that it says what the install manifests say, and that it does on a cluster what it says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { CRD_NAME } from "../../src/api/group.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { CHART, helm } from "../support/checkers.ts";
import { kubectl } from "../support/kubectl.ts";

const MANIFESTS = join(import.meta.dirname!, "../../manifests");
const NAME = "sagemaker-operator";
const SYSTEM = "sagemaker-operator-system";
/** Every value away from its default. */
const ALL_VALUES = {
  scope: "namespaced",
  crd: { install: false },
  userRoles: { create: false },
  image: {
    repository: "registry.example.com/operator",
    tag: "1.2.3",
    digest: `sha256:${"ab".repeat(32)}`,
    pullPolicy: "Always",
  },
  imagePullSecrets: [{ name: "registry" }],
  replicas: 3,
  args: ["--log-level=debug"],
  jobEnvironment: [{ secrets: ["warehouse"], configMaps: ["settings"] }],
  env: [{ name: "AWS_REGION", value: "us-west-2" }],
  envFrom: [{ secretRef: { name: "aws-credentials" } }],
  serviceAccount: { annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/operator" } },
  podAnnotations: { a: "b" },
  podLabels: { team: "ml" },
  resources: {
    requests: { cpu: "1", memory: "1Gi", "ephemeral-storage": "1Gi" },
    limits: { memory: "2Gi", "ephemeral-storage": "2Gi" },
  },
  priorityClassName: "system-cluster-critical",
  nodeSelector: { "kubernetes.io/os": "linux" },
  tolerations: [{ key: "dedicated", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  metricsAuthorization: true,
  networkPolicy: {
    create: true,
    metricsFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
    healthFrom: [{ ipBlock: { cidr: "10.0.0.0/16" } }],
    extraEgress: [{ ports: [{ protocol: "TCP", port: 3128 }] }],
  },
};

// deno-lint-ignore no-explicit-any -- objects of many kinds
type Manifest = any;

let cluster: ControlPlane;
Deno.test.beforeAll(async () => {
  cluster = await startControlPlane();
});
Deno.test.afterAll(() => cluster.stop());

for (const scope of ["cluster", "namespaced"]) {
  Deno.test(`the chart's defaults in scope ${scope} are the install manifest`, async () => {
    const install = documents(await Deno.readTextFile(join(MANIFESTS, scope, "install.yaml")));
    const rendered = documents(await template(SYSTEM, `--set=scope=${scope}`));
    for (const each of rendered) assertHelmsOwn(each);
    // Helm makes the namespace itself; without one, an object goes where it is applied.
    const expected = install.filter(({ kind }) => kind !== "Namespace");
    if (scope === "namespaced") { for (const each of rendered) delete each.metadata.namespace; }
    assert.deepEqual(sorted(rendered), sorted(expected));
  });
}

Deno.test("the chart with namespaces to watch is the install manifest apart, with a Role in each of them", async () => {
  const [install, watched] = await Promise.all(["install.yaml", "watched/install.yaml"].map(async (file) => {
    return documents(await Deno.readTextFile(join(MANIFESTS, "namespaced-apart", file)));
  }));
  const rendered = documents(await template(SYSTEM, "--set=scope=namespaced", "--set=watchNamespaces={team-a,team-b}"));
  for (const each of rendered) assertHelmsOwn(each);
  const flags = rendered.find(({ kind }) => kind === "Deployment").spec.template.spec.containers[0].args;
  assert.equal(flags.splice(-1)[0], "--namespace=team-a,team-b");
  install!.find(({ kind }) => kind === "Deployment").spec.template.spec.containers[0].args.pop();
  const inNamespace = (wanted: string) => rendered.filter(({ metadata }) => metadata.namespace === wanted);
  assert.deepEqual(sorted(inNamespace(SYSTEM)), sorted(install!.filter(({ kind }) => kind !== "Namespace")));
  for (const namespace of ["team-a", "team-b"]) {
    const expected = watched!.map((each) => ({ ...each, metadata: { ...each.metadata, namespace } }));
    assert.deepEqual(sorted(inNamespace(namespace)), sorted(expected));
  }
  await assert.rejects(() => template(SYSTEM, "--set=watchNamespaces={team-a}"), /needs --set scope=namespaced/);
});

Deno.test("the chart's templates pass helm's lint, and values that nothing reads are refused", async () => {
  assert.match(await helm(["lint", "--strict", CHART]), /1 chart\(s\) linted, 0 chart\(s\) failed/);
  for (const wrong of ["relicas=3", "image.tags=1", "scope=galaxy", "replicas=two", "image.digest=abc"]) {
    await assert.rejects(() => template(SYSTEM, `--set=${wrong}`), /schema/, wrong);
  }
});

Deno.test("the apiserver takes what the chart renders without a warning, with its defaults and with every value set", async () => {
  const values = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(values, JSON.stringify(ALL_VALUES));
    for (
      const args of [[], ["--set=scope=namespaced"], ["--set=scope=namespaced", "--set=watchNamespaces={default}"], [
        `--values=${values}`,
      ]]
    ) {
      const namespace = await restrictedNamespace();
      const stdin = await template(namespace, ...args);
      const { code, stderr } = await kubectl(cluster, ["apply", "--dry-run=server", "--validate=strict", "-f", "-"], {
        stdin,
      });
      assert.equal(stderr, "");
      assert.equal(code, 0);
      await assertPodAccepted(namespace, stdin);
    }
  } finally {
    await Deno.remove(values);
  }
});

Deno.test("jobEnvironment grants what it names and nothing else, and nothing where the operator's keys are", async () => {
  const set = async (namespace: string, scope: string, jobEnvironment: unknown) => {
    const json = `--set-json=jobEnvironment=${JSON.stringify(jobEnvironment)}`;
    return documents(await template(namespace, `--set=scope=${scope}`, json))
      .filter(({ metadata }) => metadata.name === "sagemaker-operator-environment");
  };
  const secrets = ["warehouse", "s3.keys"];
  const teams = [{ namespace: "team-a", secrets, configMaps: ["settings"] }, { namespace: "team-b", secrets: ["x"] }];
  const granted = await set(SYSTEM, "cluster", teams);
  const of = (kind: string, namespace: string) =>
    granted.find((each) => each.kind === kind && each.metadata.namespace === namespace);
  const rule = (resource: string, resourceNames: string[]) => ({
    apiGroups: [""],
    resources: [resource],
    resourceNames,
    verbs: ["get"],
  });
  assert.equal(granted.length, 4);
  assert.deepEqual(of("Role", "team-a").rules, [rule("secrets", secrets), rule("configmaps", ["settings"])]);
  const operator = [{ kind: "ServiceAccount", name: NAME, namespace: SYSTEM }];
  assert.deepEqual(of("RoleBinding", "team-a").subjects, operator);
  assert.deepEqual(of("Role", "team-b").rules, [rule("secrets", ["x"])]);
  assert.equal((await set("team-c", "namespaced", [{ secrets: ["x"] }]))[0].metadata.namespace, "team-c");

  const apart = ["--set=scope=namespaced", "--set=watchNamespaces={team-a,team-d}"];
  const entry = (namespace: string) => `--set-json=jobEnvironment=${JSON.stringify([{ namespace, secrets: ["x"] }])}`;
  assert.match(await template(SYSTEM, ...apart, entry("team-d")), /resourceNames: \["x"\]/);
  await assert.rejects(() => template(SYSTEM, ...apart, entry("team-b")), /that the operator watches/);
  await assert.rejects(() => template(SYSTEM, ...apart, entry(SYSTEM)), /other than the release's own/);

  const refused: [scope: string, entry: object, why: RegExp][] = [
    ["cluster", { namespace: "team-a" }, /schema/],
    ["cluster", { namespace: "team-a", secrets: [] }, /schema/],
    ["cluster", { namespace: "team-a", secrets: ["x"], configMaps: [] }, /schema/],
    ["cluster", { namespace: "team-a", secrets: ["*"] }, /schema/],
    ["cluster", { namespace: SYSTEM, secrets: ["x"] }, /other than the release's own/],
    ["cluster", { secrets: ["x"] }, /other than the release's own/],
    ["namespaced", { namespace: "team-a", secrets: ["x"] }, /name a namespace that the operator watches/],
  ];
  for (const [scope, entry, why] of refused) {
    await assert.rejects(() => set(SYSTEM, scope, [entry]), why, JSON.stringify(entry));
  }
});

Deno.test("every value that is set reaches the objects", async () => {
  const values = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(values, JSON.stringify(ALL_VALUES));
  const objects = documents(await template("team-a", `--values=${values}`));
  await Deno.remove(values);
  const of = (wanted: string) => objects.find(({ kind }) => kind === wanted);
  const { replicas, template: { metadata, spec } } = of("Deployment").spec;
  const [container] = spec.containers;
  assert.equal(replicas, ALL_VALUES.replicas);
  assert.equal(metadata.annotations.a, "b");
  assert.equal(metadata.labels.team, "ml");
  for (const name of ["imagePullSecrets", "priorityClassName", "nodeSelector", "tolerations", "affinity"] as const) {
    assert.deepEqual(spec[name], ALL_VALUES[name]);
  }
  assert.equal(container.image, `registry.example.com/operator@${ALL_VALUES.image.digest}`);
  assert.equal(container.imagePullPolicy, "Always");
  assert.equal(container.args.at(-1), ALL_VALUES.args[0]);
  assert.deepEqual(container.env.at(-1), ALL_VALUES.env[0]);
  assert.deepEqual(container.envFrom, ALL_VALUES.envFrom);
  assert.deepEqual(container.resources, ALL_VALUES.resources);
  assert.deepEqual(of("ServiceAccount").metadata.annotations, ALL_VALUES.serviceAccount.annotations);
  assert.deepEqual(of("NetworkPolicy").spec.egress.at(-1), ALL_VALUES.networkPolicy.extraEgress[0]);
  const few = documents(
    await template(SYSTEM, "--set=replicas=1,crd.install=false,userRoles.create=false,networkPolicy.create=false"),
  );
  const kinds = few.map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, ["ClusterRole", "ClusterRoleBinding", "Deployment", "Role", "RoleBinding", "ServiceAccount"]);
});

Deno.test("helm takes over what kubectl installed, upgrades it, and leaves the CRD and its resources when it is uninstalled", async () => {
  const applied = await kubectl(cluster, ["apply", "-f", join(MANIFESTS, "cluster/install.yaml")]);
  assert.equal(applied.code, 0, applied.stderr);
  const upgrade = [
    "upgrade",
    "--install",
    NAME,
    CHART,
    `--namespace=${SYSTEM}`,
    "--take-ownership",
    "--force-conflicts",
  ];
  assert.match(await helm(upgrade, cluster), /is installed for all namespaces/);
  await helm([...upgrade, "--set=replicas=3"], cluster);
  const { body } = await cluster.request("GET", `/apis/apps/v1/namespaces/${SYSTEM}/deployments/${NAME}`);
  assert.equal(body.spec.replicas, 3);

  await helm(["uninstall", NAME, `--namespace=${SYSTEM}`], cluster);
  const gone = await cluster.request("GET", `/api/v1/namespaces/${SYSTEM}/serviceaccounts/${NAME}`);
  assert.equal(gone.status, 404);
  const crd = await cluster.request("GET", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${CRD_NAME}`);
  assert.equal(crd.status, 200);
  assert.equal(crd.body.metadata.deletionTimestamp, undefined);
});

function template(namespace: string, ...args: string[]): Promise<string> {
  return helm(["template", NAME, CHART, `--namespace=${namespace}`, ...args]);
}

function documents(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((each) => each.toJS()).filter((each) => each?.kind);
}

function sorted(manifests: Manifest[]): Manifest[] {
  const keyOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.name}`;
  return manifests.toSorted((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
}

/** Asserts what only Helm adds, and takes it away. */
function assertHelmsOwn({ kind, metadata }: Manifest): void {
  const isCrd = kind === "CustomResourceDefinition";
  if (isCrd) {
    assert.deepEqual(metadata.annotations, { "helm.sh/resource-policy": "keep" });
    delete metadata.annotations;
    return;
  }
  assert.equal(metadata.labels["app.kubernetes.io/managed-by"], "Helm");
  assert.match(metadata.labels["helm.sh/chart"], /^sagemaker-operator-\d/);
  delete metadata.labels["app.kubernetes.io/managed-by"];
  delete metadata.labels["helm.sh/chart"];
}

let namespaces = 0;
async function restrictedNamespace(): Promise<string> {
  const name = `restricted-${namespaces++}`;
  const labels = Object.fromEntries(
    ["enforce", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  const { status, body } = await cluster.request("POST", "/api/v1/namespaces", { metadata: { name, labels } });
  assert.equal(status, 201, JSON.stringify(body));
  return name;
}

async function assertPodAccepted(namespace: string, yaml: string): Promise<void> {
  await cluster.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: NAME } });
  const { metadata, spec } = documents(yaml).find(({ kind }) => kind === "Deployment").spec.template;
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name: "from-template" }, spec };
  const { status, body } = await cluster.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
  assert.equal(status, 201, JSON.stringify(body));
}
