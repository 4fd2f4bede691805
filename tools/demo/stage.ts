/** Where the demo plays: a control plane of its own, or a namespace of an existing cluster. */
import { join } from "node:path";
import { CRD_YAML } from "../../src/api/crd.ts";
import { API_VERSION, CRD_NAME, PLURAL } from "../../src/api/group.ts";
import { KubeClient, KubeError } from "../../src/kubernetes/client.ts";
import { type Cluster, loadCluster } from "../../src/kubernetes/config.ts";
import { sleep, systemClock } from "../../src/runtime/clock.ts";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { kubeconfigText } from "../control_plane/kubeconfig.ts";
import { apply, type Manifest, manifestsOf, pathOf } from "./apply.ts";
import type { Timeline } from "./timeline.ts";

const INSTALL = join(import.meta.dirname!, "../../manifests/cluster/install.yaml");

/** What is about the operator's Pods, of which the demo has none. */
const OF_THE_POD = ["Deployment", "PodDisruptionBudget", "NetworkPolicy"];

/** A cluster that is ready for the operator. Disposing of it takes away all that the demo brought. */
export interface Stage extends AsyncDisposable {
  cluster: Cluster;
  kube: KubeClient;
  namespace: string;
  /** What the operator is started with beside its endpoint. */
  operatorFlags: string[];
  /** What a user's command is started with to look at the same resources. */
  userFlags: string[];
  /** What a second terminal needs to look at the same cluster. */
  exports: string;
}

/** Starts a control plane, and installs what `manifests/cluster` holds but for the Deployment: the operator runs here. */
export async function localStage(timeline: Timeline, signal: AbortSignal): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  const progress = (line: string) => timeline.say("cluster", line);
  const controlPlane = stack.use(await startControlPlane({ signal, progress, detached: true }));
  const cluster = await loadCluster({ kubeconfig: controlPlane.kubeconfig, env: Deno.env });
  stack.defer(() => cluster.close());
  const kube = new KubeClient(cluster);
  const { gitVersion } = await kube.get<{ gitVersion: string }>("/version", { signal });
  timeline.say("cluster", `Kubernetes ${gitVersion} at ${controlPlane.url}, on this machine only`);

  const manifests = manifestsOf(await Deno.readTextFile(INSTALL)).filter(({ kind }) => !OF_THE_POD.includes(kind));
  timeline.say(
    "you",
    "kubectl apply -f manifests/cluster/install.yaml   (its Deployment aside: the operator runs here)",
  );
  for (const manifest of manifests) await apply(kube, manifest, signal);
  await served(kube, signal);

  const account = manifests.find(({ kind }) => kind === "ServiceAccount")!;
  const token = await kube.create<{ status: { token: string } }>(`${pathOf(account)}/token`, { spec: {} }, { signal });
  const kubeconfig = join(controlPlane.dir, "operator.kubeconfig");
  const ca = await Deno.readTextFile(controlPlane.caFile);
  const access = { server: controlPlane.url, ca, token: token.status.token };
  const { namespace } = account.metadata;
  await Deno.writeTextFile(kubeconfig, kubeconfigText(access, { namespace: namespace! }), { mode: 0o600 });
  const resources = stack.move();
  return {
    cluster,
    kube,
    namespace: "default",
    operatorFlags: ["--kubeconfig", kubeconfig],
    userFlags: ["--kubeconfig", controlPlane.kubeconfig, "--namespace", "default"],
    exports: `export KUBECONFIG=${controlPlane.kubeconfig}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Makes a namespace in the cluster of a context, and installs the CRD if it is missing. */
export async function existingStage(
  cluster: Cluster,
  context: string,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Stage> {
  await using stack = new AsyncDisposableStack();
  stack.defer(() => cluster.close());
  const kube = new KubeClient(cluster);
  const bring = async (manifest: Manifest) => {
    await apply(kube, manifest, signal);
    stack.defer(async () => {
      timeline.say("cluster", `Removing ${manifest.kind} ${manifest.metadata.name}`);
      await kube.delete(pathOf(manifest));
    });
  };
  const [crd] = manifestsOf(CRD_YAML);
  if (await exists(kube, pathOf(crd!), signal)) {
    timeline.say("cluster", `${CRD_NAME} is installed already and stays as it is`);
  } else await bring(crd!);
  const namespace = `sagemaker-operator-demo-${crypto.randomUUID().slice(0, 5)}`;
  await bring({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  timeline.say("cluster", `Namespace ${namespace} in ${cluster.source}`);
  await served(kube, signal);
  const resources = stack.move();
  return {
    cluster,
    kube,
    namespace,
    operatorFlags: ["--context", context, "--namespace", namespace],
    userFlags: ["--context", context, "--namespace", namespace],
    exports: `kubectl config use-context ${context}\nkubectl config set-context --current --namespace ${namespace}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function exists(kube: KubeClient, path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await kube.get(path, { signal });
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return false;
    throw error;
  }
}

/** Waits until the apiserver serves the resource: for a moment after the CRD it answers 404, then 429. */
async function served(kube: KubeClient, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
  const isServed = () => kube.list(`/apis/${API_VERSION}/${PLURAL}`, { signal: limit }).then(() => true, () => false);
  while (!await isServed()) await sleep(systemClock, 100, limit);
}
