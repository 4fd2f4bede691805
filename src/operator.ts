import { getLogger } from "@logtape/logtape";
import { CRD_NAME, GROUP, PLURAL, VERSION as API } from "./api/group.ts";
import type { ProcessingJob } from "./api/processing_job.ts";
import { KubeClient } from "./kubernetes/client.ts";
import type { Cluster } from "./kubernetes/config.ts";
import { Informer, type InformerStatus } from "./kubernetes/informer.ts";
import { Store } from "./kubernetes/store.ts";
import { ProcessingJobReconciler } from "./processing_job/reconcile.ts";
import type { Clock } from "./runtime/clock.ts";
import { runController } from "./runtime/controller.ts";
import { exponentialBackoff } from "./runtime/rate_limiter.ts";
import { WorkQueue } from "./runtime/workqueue.ts";
import { type EndedCall, sageMakerFactory } from "./sagemaker/client.ts";
import type { Endpoints } from "./sagemaker/endpoints.ts";
import { JobInformer } from "./sagemaker/informer.ts";
import { type Checks, serveHealth } from "./telemetry/health.ts";

const log = getLogger(["operator"]);

/** A key that fails is tried again after half a second, then twice that, up to five minutes. */
const BACKOFF = { baseMs: 500, maxMs: 5 * 60_000 };
/** A watch hears of the apiserver once a minute at least; after this silence the operator is blind. */
const BLIND_MS = 2 * 60_000;

const CRD_MISSING = `The cluster does not have the CustomResourceDefinition '${CRD_NAME}'; install it with ` +
  "'kubectl apply -f crds/' or 'sagemaker-operator crd | kubectl apply -f -', and the operator goes on by itself";

export interface OperatorOptions {
  cluster: Cluster;
  endpoints: Endpoints;
  /** The region of the operator itself, where it asks STS for credentials. */
  ownRegion?: string | undefined;
  clock: Clock;
  /** Of the operator, for user agents. */
  version: string;
  /** Namespaces to watch; none for all of them. */
  namespaces: string[];
  /** Label selector; resources that it does not match are left alone. */
  selector?: string;
  /** How many resources are worked on at once. */
  workers: number;
  pollIntervalMs: number;
  heartbeatMs: number;
  /** How long looks at SageMaker may fail before the status says so. */
  stalenessMs: number;
  /** Where `/healthz` and `/readyz` are served, as in `:8081`; `0` for nowhere. */
  healthAddress: string;
  /** Told of each call of SageMaker. */
  onCall?: (call: EndedCall) => void;
}

/**
 * Runs the controller until `signal` is aborted: it stops taking work, lets what is in flight end for 10 s at most, and returns.
 *
 * @throws {Error} if the health address can't be listened on
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock } = options;
  const kube = new KubeClient(cluster, { clock, userAgent: `sagemaker-operator/${options.version}` });
  using aws = sageMakerFactory(options);
  const queue = new WorkQueue({ clock, rateLimiter: exponentialBackoff(BACKOFF) });
  const store = new Store<ProcessingJob>();
  const jobs = new JobInformer({
    sageMakerFor: aws.sageMakerFor,
    clock,
    pollIntervalMs: options.pollIntervalMs,
    onChange: (key) => queue.add(key),
  });
  const informers = pathsOf(options.namespaces).map((path) =>
    new Informer<ProcessingJob>({
      client: kube,
      path,
      store,
      clock,
      query: { labelSelector: options.selector },
      missing: CRD_MISSING,
    })
  );
  const reconciler = new ProcessingJobReconciler({
    kube,
    store,
    jobs,
    sageMakerFor: aws.sageMakerFor,
    limits: { heartbeatMs: options.heartbeatMs, stalenessMs: options.stalenessMs },
    clock,
  });
  store.onChange((key) => {
    if (!reconciler.isEcho(key)) queue.add(key);
  });
  const health = serveHealth({
    address: options.healthAddress,
    healthz: {},
    readyz: readiness(informers, clock),
    signal,
  });

  log.info("Watching processing jobs", {
    cluster: cluster.source,
    server: cluster.server,
    namespaces: options.namespaces.length === 0 ? "all" : options.namespaces,
  });
  const observing = [...informers.map((informer) => informer.run(signal)), jobs.run(signal)];
  await untilSynced(informers, signal);
  if (!signal.aborted) log.info("Ready", { resources: store.size, workers: options.workers });
  await runController({
    queue,
    workers: options.workers,
    reconcile: (key, { signal }) => reconciler.reconcile(key, signal),
    clock,
    signal,
  });
  await Promise.all([...observing, health?.finished]);
  log.info("Stopped");
}

function pathsOf(namespaces: string[]): string[] {
  if (namespaces.length === 0) return [`/apis/${GROUP}/${API}/${PLURAL}`];
  return namespaces.map((namespace) => `/apis/${GROUP}/${API}/namespaces/${namespace}/${PLURAL}`);
}

/** Workers start on complete lists, so that nothing is decided on half of what there is. */
function untilSynced(informers: Informer<ProcessingJob>[], signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  return Promise.race([aborted, Promise.all(informers.map((informer) => informer.synced)).then(() => {})]);
}

function readiness(informers: Informer<ProcessingJob>[], clock: Clock): Checks {
  const problemOf = (informer: Informer<ProcessingJob>): string | undefined => {
    const { state, error, lastContact }: InformerStatus = informer.status();
    if (!informer.hasSynced()) return error ?? `not synced yet (${state})`;
    const silence = lastContact === undefined ? Infinity : clock.monotonic() - lastContact;
    return silence > BLIND_MS ? error ?? `nothing heard for ${Math.round(silence / 1000)} s` : undefined;
  };
  return { watch: () => informers.map(problemOf).find((problem) => problem !== undefined) };
}
