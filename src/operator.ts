import { getLogger } from "@logtape/logtape";
import { CRD_NAME, GROUP, PLURAL, VERSION as API } from "./api/group.ts";
import type { PolicyDefaults } from "./api/policies.ts";
import type { ProcessingJob } from "./api/processing_job.ts";
import { KubeClient } from "./kubernetes/client.ts";
import { ClusterUid } from "./kubernetes/cluster_uid.ts";
import type { Cluster } from "./kubernetes/config.ts";
import { EventRecorder } from "./kubernetes/events.ts";
import { Informer } from "./kubernetes/informer.ts";
import { LeaderElector } from "./kubernetes/leader_elector.ts";
import type { KubeObject } from "./kubernetes/objects.ts";
import { Namespaces } from "./kubernetes/namespaces.ts";
import { Store } from "./kubernetes/store.ts";
import { TokenAccess } from "./kubernetes/token_access.ts";
import { aborted, readiness, untilWorkable } from "./operator/readiness.ts";
import { Burst } from "./processing_job/burst.ts";
import type { FailureLines, FailureLinesOptions } from "./logs/failure_lines.ts";
import { refOf } from "./processing_job/identity.ts";
import type { JobCallsOptions } from "./processing_job/job_calls.ts";
import { kept } from "./processing_job/kept.ts";
import { accountFor, type AssumedRoles } from "./processing_job/namespace_account.ts";
import { type AllowedByFlags, NamespacePolicies } from "./processing_job/namespace_policies.ts";
import { ProcessingJobReconciler } from "./processing_job/reconcile.ts";
import type { Clock } from "./runtime/clock.ts";
import { runController } from "./runtime/controller.ts";
import { dropIdleRegularly } from "./runtime/idle.ts";
import { exponentialBackoff } from "./runtime/rate_limiter.ts";
import { WorkQueue } from "./runtime/workqueue.ts";
import { CallBudgets } from "./sagemaker/budget.ts";
import { sageMakerFactory, type SageMakerFor } from "./sagemaker/client.ts";
import type { Endpoints } from "./sagemaker/endpoints.ts";
import { CallGate } from "./sagemaker/gate.ts";
import { JobInformer } from "./sagemaker/informer/informer.ts";
import { jobTags } from "./sagemaker/ownership.ts";
import type { Partition } from "./sagemaker/region.ts";
import { placeOf, ServiceClock } from "./sagemaker/service_clock.ts";
import { EventLoop } from "./telemetry/event_loop.ts";
import { serveHealth } from "./telemetry/health.ts";
import { watchMemory } from "./telemetry/memory.ts";
import { OperatorMetrics } from "./telemetry/metrics.ts";
import { serveMetrics } from "./telemetry/metrics_server.ts";
import { traced } from "./telemetry/tracing.ts";

const log = getLogger(["operator"]);

/** A key that fails is tried again after half a second, then twice that, up to five minutes. */
const BACKOFF = { baseMs: 500, maxMs: 5 * 60_000 };
/** The part of the workers that may wait for calls of one operation; those for other ones find the rest. */
const MOST_WORKERS = 3 / 4;

const CRD_MISSING = `The cluster does not have the CustomResourceDefinition '${CRD_NAME}'; install it with ` +
  "'kubectl apply -f crds/' or 'sagemaker-operator crd | kubectl apply -f -', and the operator goes on by itself";

export interface OperatorOptions {
  cluster: Cluster;
  endpoints: Endpoints;
  /** The region of the operator itself, where it asks STS for credentials. */
  ownRegion?: string | undefined;
  /** Partitions of AWS that jobs may run in besides the operator's own. @default none */
  partitions?: readonly Partition[];
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
  /** Where `/metrics` is served, as in `:8080`; `0` for nowhere. */
  metricsAddress: string;
  /** Whether `/metrics` is only for those whose token may get it. */
  metricsAuthorization: boolean;
  /** What the process may take, in bytes; absent where that is not known. */
  memoryLimitBytes?: number;
  /** Whether jobs get the operator's own tags. */
  jobTags: boolean;
  /** What policies hold for resources that ask for none. */
  defaults?: PolicyDefaults;
  /** Which roles and regions namespaces may use whose annotations say nothing of that. @default all */
  allowed?: AllowedByFlags;
  /** Which roles Namespaces may ask the operator to assume. @default none */
  assumedRoles?: AssumedRoles;
  /** Whether the annotations of Namespaces are read, without which no job is created. @default true */
  namespaceAnnotations?: boolean;
  /** Which of several replicas this is, for Events. */
  instance: string;
  /** The Lease that says who works; absent for a process that is the only one. */
  leaderElection?: { namespace: string; name: string };
  /** How many of a failed job's last log lines its Event gets, and the variables that say where they are read; absent for none. */
  failureLogs?: Pick<FailureLinesOptions, "count" | "env">;
}

/**
 * Runs the controller until `signal` is aborted: it stops taking work, lets what is in flight end for 10 s at most, and returns.
 * With leader election the resources are observed at all times, and worked on only while this process leads.
 *
 * @throws {Error} if one of the two addresses can't be listened on
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock, leaderElection } = options;
  const userAgent = `sagemaker-operator/${options.version}`;
  const kube = new KubeClient(cluster, { clock, userAgent });
  const store = new Store<ProcessingJob>({ transform: kept });
  const observed = (options.namespaces.length === 0 ? [undefined] : options.namespaces).map((namespace) => ({
    namespace,
    informer: new Informer<ProcessingJob>({
      client: kube,
      path: pathOf(namespace),
      store,
      clock,
      query: { labelSelector: options.selector },
      missing: CRD_MISSING,
    }),
  }));
  const namespaces = (options.namespaceAnnotations ?? true)
    ? new Namespaces({
      client: kube,
      clock,
      names: options.namespaces,
      prefix: `${GROUP}/`,
      onChange: (name) => policies.changed(name, namespaces?.get(name)),
    })
    : undefined;
  const { assumedRoles = { roleArns: [] } } = options;
  const clusterUid = assumedRoles.roleArns.length === 0 ? undefined : new ClusterUid({
    client: kube,
    clock,
    isClusterWide: options.namespaces.length === 0,
    own: cluster.namespace,
  });
  const policies = new NamespacePolicies((name) => namespaces?.unknown(name));
  const elector = leaderElection &&
    new LeaderElector({
      client: kube,
      clock,
      identity: `${options.instance}_${crypto.randomUUID()}`,
      ...leaderElection,
    });
  const readyz = {
    ...readiness(observed, () => store.size, clock),
    namespaces: () =>
      namespaces?.status() ?? { ok: "not read, by --no-namespace-annotations; the operator's flags hold" },
    ...(elector && {
      "leader-election": () => elector.problem() ?? { ok: elector.isLeader() ? "this process leads" : "another leads" },
    }),
  };
  const eventLoop = new EventLoop({ clock, signal });
  const { memoryLimitBytes: limitBytes } = options;
  if (limitBytes !== undefined) {
    const usedBytes = () => Deno.memoryUsage().rss;
    watchMemory({ limitBytes, usedBytes, details: () => ({ resources: store.size }), clock, signal });
  }
  const healthz = { "event-loop": () => eventLoop.check() };
  const metrics = new OperatorMetrics({
    clock,
    version: options.version,
    lease: leaderElection?.name ?? "sagemaker-operator",
    isLeader: () => elector?.isLeader() ?? true,
    workers: options.workers,
    eventLoopLagMs: () => eventLoop.lagMs(),
    memoryLimitBytes: limitBytes,
  });
  store.onChange((key) => metrics.resourceChanged(key, store.get(key)));
  dropIdleRegularly([metrics], { clock, signal });
  const health = serveHealth({ address: options.healthAddress, healthz, readyz, signal });
  const tokens = new TokenAccess({ client: kube, clock });
  const scraped = serveMetrics({
    address: options.metricsAddress,
    metrics,
    access: options.metricsAuthorization ? (...asked) => tokens.verdictOn(...asked) : undefined,
    signal,
  });

  log.info("Watching processing jobs", {
    cluster: cluster.source,
    server: cluster.server,
    namespaces: options.namespaces.length === 0 ? "all" : options.namespaces,
  });
  if (options.namespaces.length === 0 && !options.allowed?.roleArns.length) {
    log.warn("All users who may create ProcessingJobs can run them with every role that the operator may pass", {
      mend: "--allowed-role-arns names the roles that jobs may have",
    });
  }
  const observing = [
    ...observed.map(({ informer }) => informer),
    ...(namespaces ? [namespaces] : []),
    ...(clusterUid ? [clusterUid] : []),
  ]
    .map((each) => each.run(signal));
  const [installation] = await Promise.all([
    options.jobTags ? uidOfNamespace(kube, cluster.namespace, signal) : undefined,
    untilWorkable(observed, signal),
    Promise.race([namespaces?.ready, aborted(signal)]),
    Promise.race([clusterUid?.answered, aborted(signal)]),
  ]);
  if (!signal.aborted) log.info("Ready", { resources: store.size, workers: options.workers });
  const within: WorkOptions["accountFor"] = (namespace, asked) =>
    accountFor(namespace, asked, assumedRoles, clusterUid?.uid);
  const work = (signal: AbortSignal) => {
    const beforeWrite = elector && ((timeoutMs: number) => elector.guard(timeoutMs));
    return workOn(
      store,
      {
        ...options,
        metrics,
        installation,
        accountFor: within,
        policies,
        annotations: namespaces,
        beforeWrite,
        observer: kube,
      },
      signal,
    );
  };
  await (elector ? elector.run({ signal, onLeading: work }) : work(signal));
  await Promise.all([...observing, health?.finished, scraped?.finished]);
  log.info("Stopped");
}

interface WorkOptions extends OperatorOptions {
  metrics: OperatorMetrics;
  /** UID of the namespace that the operator is installed in. */
  installation: string | undefined;
  policies: NamespacePolicies;
  accountFor: NonNullable<JobCallsOptions["accountFor"]>;
  /** Absent where Namespaces are not read. */
  annotations: Namespaces | undefined;
  /** Called before anything is written, with how long that may take; throws where it must not be. */
  beforeWrite: ((timeoutMs: number) => void) | undefined;
  /** For what may be written at any time. */
  observer: KubeClient;
}

/** Does what the resources in `store` ask for, from what is known at the start on, until `signal` is aborted. */
async function workOn(store: Store<ProcessingJob>, options: WorkOptions, signal: AbortSignal): Promise<void> {
  const { cluster, clock, metrics, beforeWrite, installation } = options;
  const userAgent = `sagemaker-operator/${options.version}`;
  const kube = new KubeClient(cluster, { clock, userAgent, beforeWrite });
  const serviceClock = new ServiceClock(clock);
  using aws = sageMakerFactory({ ...options, onCall: metrics.onCall, traced, serviceClock });
  using working = metrics.startWork({ oldestLookMs: () => jobs.oldestLookMs() });
  const queue = new WorkQueue({
    clock,
    rateLimiter: exponentialBackoff(BACKOFF),
    observer: working.queue,
    groupOf: namespaceOf,
  });
  const onChange = (key: string) => queue.add(key);
  const budgets = new CallBudgets({ clock });
  const burst = new Burst(clock);
  const isBusy = () => burst.isOn || queue.length > 0;
  const { pollIntervalMs, stalenessMs } = options;
  const jobs = new JobInformer({ ...aws, clock, pollIntervalMs, stalenessMs, budgets, onChange });
  const events = new EventRecorder({
    client: options.observer,
    clock,
    component: "sagemaker-operator",
    instance: options.instance,
    isBusy,
  });
  const tell = options.failureLogs
    ? await failureLines(store, events, options.failureLogs, { ...options, ...aws })
    : events;
  const mostUnderWay = Math.ceil(options.workers * MOST_WORKERS);
  const gate = new CallGate({ clock, budgets, mostUnderWay, workers: options.workers, onRelease: onChange });
  const reconciler = new ProcessingJobReconciler({
    kube,
    store,
    jobs,
    gate,
    sageMakerFor: aws.sageMakerFor,
    tagsFor: (tags = [], { metadata: { namespace, name, uid }, status }) =>
      options.jobTags
        ? jobTags(tags, { cluster: installation, namespace, name, uid, attempt: status?.attemptCount })
        : tags,
    // Where the operator is told to watch its own namespace, that is also where its tenants' Secrets are.
    closedNamespace: options.namespaces.includes(cluster.podNamespace ?? "") ? undefined : cluster.podNamespace,
    policyOf: (namespace) => options.policies.of(namespace),
    accountFor: options.accountFor,
    confirmNamespace: async (namespace, signal) => await options.annotations?.confirm(namespace, signal),
    regionRefusal: aws.regionRefusal,
    endpointRefusal: (endpoint) => options.endpoints.refusalOf(endpoint),
    endpoint: options.endpoints.operator,
    ...(options.allowed && { allowed: options.allowed }),
    record: (event) => tell.record(event),
    limits: { heartbeatMs: options.heartbeatMs, stalenessMs: options.stalenessMs },
    isAws: ({ endpoint }) => options.endpoints.isAws(endpoint),
    serviceNow: (ref) => serviceClock.now(placeOf(ref)),
    ...(options.defaults && { defaults: options.defaults }),
    onCreate: metrics.onCreate,
    onStatus: metrics.onStatus,
    onRelease: metrics.onRelease,
    burst,
    isBusy,
    clock,
  });
  const unsubscribe = store.onChange((key) => {
    if (!reconciler.isEcho(key)) queue.add(key);
  });
  const unsubscribePolicies = options.policies.onChange((namespace) => {
    for (const key of store.keys()) if (key.startsWith(`${namespace}/`)) queue.add(key);
  });
  for (const key of oldestFirst(store)) queue.add(key);
  const polling = jobs.run(signal);
  dropIdleRegularly([aws, serviceClock, budgets, gate, jobs, tell], { clock, signal });
  if (tell !== events) dropIdleRegularly([events], { clock, signal });
  await runController({
    queue,
    workers: options.workers,
    reconcile: (key, { signal, reconcileId }) =>
      traced("reconcile", { key, reconcileId }, () => reconciler.reconcile(key, signal), { root: true }),
    onResult: metrics.onResult,
    clock,
    signal,
  });
  unsubscribe();
  unsubscribePolicies();
  await Promise.all([polling, tell.close()]);
  if (tell !== events) await events.close();
}

/** Loaded only where it is asked for, as few ask for it. */
async function failureLines(
  store: Store<ProcessingJob>,
  events: EventRecorder,
  logs: NonNullable<OperatorOptions["failureLogs"]>,
  { clock, version, policies, accountFor, sageMakerFor }: WorkOptions & { sageMakerFor: SageMakerFor },
): Promise<FailureLines> {
  const { FailureLines } = await import("./logs/failure_lines.ts");
  return new FailureLines({
    ...logs,
    clock,
    version,
    jobOf({ namespace, name }) {
      const resource = store.get(`${namespace}/${name}`);
      if (resource === undefined) return undefined;
      const { name: jobName, ...site } = refOf(resource);
      const found = accountFor(namespace!, { account: policies.of(namespace!).account });
      if ("failure" in found) return undefined;
      const { account } = found;
      return {
        jobName,
        region: site.region,
        createdAt: Date.parse(resource.metadata.creationTimestamp),
        environment: (signal) => sageMakerFor({ ...site, ...(account && { account }) }).environment(jobName, signal),
      };
    },
    record: (event) => events.record(event),
  });
}

/** Whose turn it is among those who wait: a namespace with thousands of resources keeps no other one waiting. */
function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** So that those who wait for quota go on in the order in which they came. */
function oldestFirst(store: Store<ProcessingJob>): string[] {
  const createdAt = (key: string) => store.get(key)?.metadata.creationTimestamp ?? "";
  const dated = store.keys().map((key) => ({ key, at: createdAt(key) }));
  return dated.sort((a, b) => a.at < b.at ? -1 : 1).map(({ key }) => key);
}

function pathOf(namespace: string | undefined): string {
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `/apis/${GROUP}/${API}${scope}/${PLURAL}`;
}

/** Tells the jobs of one cluster from those of another, for people who look at SageMaker; `undefined` if it can't be had. */
async function uidOfNamespace(kube: KubeClient, name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await kube.get<KubeObject>(`/api/v1/namespaces/${name}`, { signal })).metadata.uid;
  } catch (error) {
    if (!signal.aborted) log.warn("Jobs are not tagged with the cluster, which could not be read", { error });
    return undefined;
  }
}
