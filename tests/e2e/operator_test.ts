/** The main job with the compiled binary as its image runs it: that user, a bare root, a pod's environment and files. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { apply, kubectl } from "../support/kubectl.ts";
import { FAKE_CREDENTIALS, freePort, OperatorProcess } from "../support/operator.ts";
import { freshNamespace, installCrd, jobNameOf, Resources } from "../support/resources.ts";
import { BareRoot } from "./bare_root.ts";
import { BINARY } from "./binary.ts";
import { startSimulate } from "./simulate.ts";

const ROOT = join(import.meta.dirname!, "../..");
const KUBECONFIG = "/etc/sagemaker-operator/kubeconfig";
/** Long enough for a test, and no test waits for it. */
const LONG = { spec: { environment: [{ name: "SIMULATE_DURATION", value: "1h" }] } };

const obstacle = await BareRoot.obstacle();
const cluster = testCluster();
let resources: Resources;
let root: BareRoot;

Deno.test.beforeAll(async () => {
  if (obstacle !== undefined) return;
  await installCrd(cluster);
  resources = new Resources(cluster, await freshNamespace(cluster));
  await apply(cluster, await Deno.readTextFile(join(ROOT, "manifests/namespaced/install.yaml")), [
    "-n",
    resources.namespace,
  ]);
  root = await BareRoot.open(BINARY);
  await mountCredentials();
});
Deno.test.afterAll(async () => {
  await resources?.clear();
  await root?.[Symbol.asyncDispose]();
});

/** Puts the service account where a pod finds it, and a kubeconfig with the same token where a Secret of one is mounted. */
async function mountCredentials(): Promise<void> {
  const { namespace } = resources;
  const token = await cluster.serviceAccountToken(namespace, "sagemaker-operator");
  const { ca } = parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig));
  for (const [name, text] of Object.entries({ token, namespace, "ca.crt": ca })) {
    await root.write(`/run/secrets/kubernetes.io/serviceaccount/${name}`, text);
  }
  const kubeconfig = await cluster.serviceAccountKubeconfig(namespace, "sagemaker-operator");
  await root.write(KUBECONFIG, await Deno.readTextFile(kubeconfig));
}

function inBareRoot(name: string, fn: () => Promise<void>): void {
  const why = obstacle === undefined ? "" : ` (${obstacle})`;
  Deno.test({ name: `binary in a bare root as uid 65532: ${name}${why}`, ignore: obstacle !== undefined, fn });
}

/** Starts `run` as the Deployment does. */
function startRun(endpoint: string, flags: string[] = []): OperatorProcess {
  const { hostname, port } = new URL(cluster.url);
  const health = `127.0.0.1:${freePort()}`;
  const child = root.spawn(["run", ...flags], {
    ...FAKE_CREDENTIALS,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    SAGEMAKER_OPERATOR_NAMESPACE: resources.namespace,
    SAGEMAKER_OPERATOR_ENDPOINT_URL: endpoint,
    SAGEMAKER_OPERATOR_POLL_INTERVAL: "200ms",
    SAGEMAKER_OPERATOR_HEALTH_PROBE_BIND_ADDRESS: health,
    SAGEMAKER_OPERATOR_METRICS_BIND_ADDRESS: "0",
  });
  return new OperatorProcess(child, `http://${health}`);
}

inBareRoot("a sample completes, one fails with its reason, a deleted one is stopped, SIGTERM ends it", async () => {
  await using aws = await startSimulate(root);
  await using operator = startRun(aws.url);
  const { cluster: source } = await operator.untilLogged("Watching processing jobs");
  assert.equal(source, "the pod's service account");
  await operator.untilLogged("Ready");
  assert.equal((await operator.probe("/readyz"))?.status, 200, operator.stderr);

  await apply(cluster, await Deno.readTextFile(join(ROOT, "samples/kmeans-mnist-processingjob.yaml")), [
    "-n",
    resources.namespace,
  ]);
  const failing = "ClientError: no such bucket";
  await resources.create("failing", { spec: { environment: [{ name: "SIMULATE_FAILURE", value: failing }] } });
  const running = await resources.create("running", LONG);

  const wait = ["wait", "--for=condition=Complete", "processingjob/kmeans-mnist-processing", "--timeout=20s"];
  const waited = await kubectl(cluster, [...wait, "-n", resources.namespace]);
  assert.equal(waited.code, 0, `${waited.stderr}\n${operator.stderr}`);
  const failed = await resources.untilStatus("failing", "Failed");
  assert.equal(failed.status?.failureReason, failing);

  await resources.untilStatus("running", "InProgress");
  await resources.delete("running");
  await resources.untilGone("running");
  assert.equal(await aws.statusOf(jobNameOf(running)), "Stopped");

  assert.equal(await operator.stop(), 0, operator.stderr);
  assert.equal(operator.logs().at(-1)?.message, "Stopped");
  assert.equal(await aws.stop(), 0);
});

inBareRoot("a kubeconfig that is mounted works as the service account does", async () => {
  await using aws = await startSimulate(root);
  await using operator = startRun(aws.url, ["--kubeconfig", KUBECONFIG]);
  const { cluster: source } = await operator.untilLogged("Watching processing jobs");
  assert.match(String(source), /of '\/etc\/sagemaker-operator\/kubeconfig'$/);
  await resources.create("by-kubeconfig");
  await resources.untilStatus("by-kubeconfig", "Completed");
  assert.equal(await operator.stop(), 0, operator.stderr);
});

inBareRoot("a second SIGTERM ends it while a call is in flight", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const called = silent.accept();
  await using operator = startRun(`http://127.0.0.1:${silent.addr.port}`);
  await resources.create("in-flight");
  using _call = await called;
  operator.signal("SIGTERM");
  // Health is no longer served once the first signal has been taken.
  await eventually("the first signal is taken", async () => assert.equal(await operator.probe("/healthz"), undefined));
  operator.signal("SIGTERM");
  // After the first signal alone it would wait for the call, and end with 0.
  assert.equal(await operator.exited, 143, operator.stderr);
});
