/**
 * The operator with the permissions that the manifests give it and no others: it shows a token of its service account, and
 * the apiserver's audit log tells what it asked for.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { ApiClient } from "../../tools/control_plane/api_client.ts";
import { type ControlPlane, startControlPlane } from "../../tools/control_plane/control_plane.ts";
import { kubeconfigText, parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { type OperatorProcess, startOperator } from "../support/operator.ts";
import { jobNameOf, Resources } from "../support/resources.ts";

const ROOT = join(import.meta.dirname!, "../..");
/** Of the Deployment, the service account and the role. */
const NAME = "sagemaker-operator";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
/** Long enough for a test, and no test waits for it. */
const LONG = { spec: { environment: [{ name: "SIMULATE_DURATION", value: "1h" }] } };
const AUDIT_POLICY = `\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ["system:serviceaccounts"]
  - level: None
`;

let cluster: ControlPlane;
let folder: string;
Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-test-" });
  await Deno.writeTextFile(join(folder, "policy.yaml"), AUDIT_POLICY);
  cluster = await startControlPlane({
    apiserverArgs: [
      // As before Kubernetes 1.32, where what is watched is listed first.
      "--feature-gates=WatchList=false",
      `--audit-policy-file=${join(folder, "policy.yaml")}`,
      `--audit-log-path=${join(folder, "audit.log")}`,
    ],
  });
});
Deno.test.afterAll(async () => {
  await cluster.stop();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("cluster install lets the operator work in all namespaces, with no permission missing and none unused", async () => {
  await apply("-f", join(ROOT, "manifests/cluster/install.yaml"));
  const teams = [await namespace("team-a"), await namespace("team-b")];

  await work("sagemaker-operator-system", async (standIn) => {
    for (const team of teams) await completeOneAndStopAnother(team, standIn);
    await outlive(teams[1]!);
    await loseSightTwice(teams[0]!, standIn);
  });

  const { rules: everywhere } = await get(`${RBAC}/clusterroles/${NAME}`);
  const { rules: own } = await get(`${RBAC}/namespaces/sagemaker-operator-system/roles/${NAME}`);
  const rules = [...everywhere, ...own];
  assert.deepEqual(permissionsUsed(await requestsOf("sagemaker-operator-system")), permissionsIn(rules));
});

Deno.test("namespaced install lets the operator work in its namespace, with no permission missing and none unused, and nowhere else", async () => {
  const [own, other] = [await namespace("team-c"), await namespace("team-d")];
  await apply("-f", join(ROOT, "crds"));
  await apply("-n", "team-c", "-f", join(ROOT, "manifests/namespaced/install.yaml"));
  const there = await other.create("there-before");

  await work("team-c", async (standIn) => {
    await completeOneAndStopAnother(own, standIn);
    await outlive(own);
    await loseSightTwice(own, standIn);
    const later = await other.create("there-later");
    // By then an operator that saw it would have dealt with it.
    await completeOneAndStopAnother(own, standIn);
    assert.deepEqual(await other.get("there-before"), there);
    assert.deepEqual(await other.get("there-later"), later);
    assert.deepEqual(standIn.created.filter(({ name }) => name.startsWith("there-")), []);
  });

  const requests = await requestsOf("team-c");
  const { rules } = await get(`${RBAC}/namespaces/team-c/roles/${NAME}`);
  assert.deepEqual(permissionsUsed(requests), permissionsIn(rules));
  assert.deepEqual(new Set(requests.map(({ objectRef }) => objectRef?.namespace)), new Set(["team-c"]));
  assert.deepEqual(await answersToLists("team-c", ["team-c", "team-d"]), [200, 403]);
});

/** The operator and a standby as the Deployment in `home` would run them, against a stand-in, until `task` has ended. */
async function work(home: string, task: (standIn: StandIn) => Promise<void>): Promise<void> {
  const standIn = await startStandIn({ jobDuration: 100, stopDuration: 100 });
  try {
    const { containers: [{ args: [command, ...flags], env = [], readinessProbe }] } =
      (await get(`/apis/apps/v1/namespaces/${home}/deployments/${NAME}`)).spec.template.spec;
    assert.equal(command, "run");
    const options = {
      kubeconfig: await kubeconfigOf(home),
      endpoint: standIn.url,
      flags: [...flags, "--status-staleness-limit", "1s"],
      env: environment(env, home),
    };
    await using operator = startOperator(options);
    await operator.untilLogged("Leading", { timeoutMs: 30_000 });
    await using standby = startOperator(options);
    await standby.untilLogged("Standing by", { timeoutMs: 30_000 });
    for (const each of [operator, standby]) await readiness(each, readinessProbe.httpGet.path);
    await task(standIn).catch((cause) => {
      throw new Error(`${cause.message}; the operator wrote:\n${operator.stderr}`, { cause });
    });
    assert.equal(await standby.stop(), 0);
    assert.equal(await operator.stop(), 0);
  } finally {
    await standIn.close();
  }
}

async function outlive(resources: Resources): Promise<void> {
  await resources.create("short-lived", { spec: { ttlSecondsAfterFinished: 0 } });
  await resources.untilGone("short-lived");
}

async function completeOneAndStopAnother(resources: Resources, standIn: StandIn): Promise<void> {
  const turn = standIn.created.length;
  await resources.create(`short-${turn}`);
  const long = await resources.create(`long-${turn}`, LONG);
  await resources.untilStatus(`short-${turn}`, "Completed");
  await resources.untilStatus(`long-${turn}`, "InProgress");
  await resources.delete(`long-${turn}`);
  await resources.untilGone(`long-${turn}`);
  assert.equal(standIn.jobs().find(({ name }) => name === jobNameOf(long))?.status, "Stopped");
}

/** SageMaker can't be reached twice, and so is shown again twice: what is said again is a patch of its Event. */
async function loseSightTwice(resources: Resources, standIn: StandIn): Promise<void> {
  await resources.create("blinks", LONG);
  for (let turn = 0; turn < 2; turn++) {
    await resources.untilStatus("blinks", "InProgress", { timeoutMs: 30_000 });
    standIn.intercept = () => "reset";
    await resources.untilStatus("blinks", "Reconciling", { timeoutMs: 30_000 });
    standIn.intercept = undefined;
  }
  await resources.untilStatus("blinks", "InProgress", { timeoutMs: 30_000 });
}

async function readiness(operator: OperatorProcess, path: "/healthz" | "/readyz"): Promise<void> {
  await eventually("the operator is ready", async () => {
    const answer = await operator.probe(path);
    assert.equal(answer?.status, 200, `${answer?.text}\n${operator.stderr}`);
  });
}

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef?: { fieldPath: string }; resourceFieldRef?: { resource: string } };
}

/** A container's environment as the kubelet makes it; only what the manifests use. */
function environment(variables: Variable[], namespace: string): Record<string, string> {
  return Object.fromEntries(variables.map(({ name, value, valueFrom }) => {
    if (valueFrom === undefined) return [name, value ?? ""];
    const { fieldRef, resourceFieldRef } = valueFrom;
    if (resourceFieldRef) {
      assert.equal(resourceFieldRef.resource, "limits.memory");
      return [name, String(512 * 1024 * 1024)];
    }
    assert.equal(fieldRef?.fieldPath, "metadata.namespace");
    return [name, namespace];
  }));
}

interface AuditEvent {
  verb: string;
  user: { username: string };
  requestURI: string;
  objectRef?: { apiGroup?: string; resource: string; subresource?: string; namespace?: string };
  annotations: { "authorization.k8s.io/decision": string };
}

/** What the service account in `home` asked the apiserver for. */
async function requestsOf(home: string): Promise<AuditEvent[]> {
  const lines = (await Deno.readTextFile(join(folder, "audit.log"))).trim().split("\n");
  const events: AuditEvent[] = lines.map((line) => JSON.parse(line));
  return events.filter(({ user }) => user.username === `system:serviceaccount:${home}:${NAME}`);
}

/** The permissions that the requests took, one text each; a request that was refused fails. */
function permissionsUsed(requests: AuditEvent[]): string[] {
  const refused = requests.filter(({ annotations }) => annotations["authorization.k8s.io/decision"] !== "allow");
  assert.deepEqual(refused, []);
  return sortedSet(requests.map(({ verb, objectRef, requestURI }) => {
    if (objectRef === undefined) return `${verb} ${requestURI}`;
    const { apiGroup = "", resource, subresource } = objectRef;
    return `${verb} ${apiGroup}/${resource}${subresource === undefined ? "" : `/${subresource}`}`;
  }));
}

/** The permissions in a role's rules, in the same form. */
function permissionsIn(rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[]): string[] {
  return sortedSet(
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      verbs.flatMap((verb) => apiGroups.flatMap((group) => resources.map((each) => `${verb} ${group}/${each}`)))
    ),
  );
}

function sortedSet(texts: string[]): string[] {
  return [...new Set(texts)].sort();
}

/** Path of a kubeconfig with a token of the service account in `home`. */
async function kubeconfigOf(home: string): Promise<string> {
  const path = join(folder, `${home}.kubeconfig`);
  const { status, body } = await cluster.request(
    "POST",
    `/api/v1/namespaces/${home}/serviceaccounts/${NAME}/token`,
    { spec: { expirationSeconds: 600 } },
  );
  assert.equal(status, 201, JSON.stringify(body));
  const admin = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  await Deno.writeTextFile(path, kubeconfigText({ ...admin, token: body.status.token }, { namespace: home }));
  return path;
}

/** What the service account in `home` is answered when it lists the resources of each namespace. */
async function answersToLists(home: string, namespaces: string[]): Promise<number[]> {
  const client = new ApiClient(parseKubeconfig(await Deno.readTextFile(await kubeconfigOf(home))));
  try {
    return await Promise.all(namespaces.map(async (namespace) => {
      const path = `/apis/sagemaker.aws.amazon.com/v1/namespaces/${namespace}/processingjobs`;
      return (await client.request("GET", path)).status;
    }));
  } finally {
    client.close();
  }
}

async function apply(...args: string[]): Promise<void> {
  const { code, stderr } = await kubectl(cluster, ["apply", ...args]);
  assert.equal(code, 0, stderr);
  const waited = await kubectl(cluster, ["wait", "--for=condition=Established", "crd", "--all"]);
  assert.equal(waited.code, 0, waited.stderr);
}

async function namespace(name: string): Promise<Resources> {
  const { status, body } = await cluster.request("POST", "/api/v1/namespaces", { metadata: { name } });
  assert.equal(status, 201, JSON.stringify(body));
  return new Resources(cluster, name);
}

// deno-lint-ignore no-explicit-any -- whoever asks knows the kind
async function get(path: string): Promise<any> {
  const { status, body } = await cluster.request("GET", path);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}
