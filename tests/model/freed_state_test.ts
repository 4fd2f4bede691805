/** What the operator remembers by names that users choose is freed once no resource has such a name any more. */
import assert from "node:assert/strict";
import { API_VERSION, KIND, NAMESPACE_ANNOTATIONS, PLURAL } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { KubeClient } from "../../src/kubernetes/client.ts";
import type { Cluster } from "../../src/kubernetes/config.ts";
import { EventRecorder } from "../../src/kubernetes/events.ts";
import { Store } from "../../src/kubernetes/store.ts";
import { FailureLines } from "../../src/logs/failure_lines.ts";
import { Burst } from "../../src/processing_job/burst.ts";
import { NamespacePolicies } from "../../src/processing_job/namespace_policies.ts";
import { ProcessingJobReconciler } from "../../src/processing_job/reconcile.ts";
import { runController } from "../../src/runtime/controller.ts";
import { FakeClock } from "../../src/runtime/fake_clock.ts";
import { dropIdleRegularly } from "../../src/runtime/idle.ts";
import { exponentialBackoff } from "../../src/runtime/rate_limiter.ts";
import { WorkQueue } from "../../src/runtime/workqueue.ts";
import { CallBudgets } from "../../src/sagemaker/budget.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { CallGate } from "../../src/sagemaker/gate.ts";
import { JobInformer } from "../../src/sagemaker/informer/informer.ts";
import { placeOf, ServiceClock } from "../../src/sagemaker/service_clock.ts";
import { ServiceError } from "../../src/sagemaker/stand_in/answer.ts";
import { perform } from "../../src/sagemaker/stand_in/operations.ts";
import { SageMakerService } from "../../src/sagemaker/stand_in/service.ts";
import { OperatorMetrics } from "../../src/telemetry/metrics.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { FakeApiserver } from "../support/fake_apiserver.ts";
import { replaceSdk, serviceError, withDates } from "./sdk.ts";

const RESOURCES = 5_000;
/** So many exist at a time. */
const WAVE = 250;
const MINUTE_MS = 60_000;
const JOB_MS = 20_000;

/** What becomes of a resource, by its number. */
const FATES = [
  "completes",
  "fails",
  "fails and is retried",
  "has a region that does not exist",
  "is suspended",
  "is deleted while it runs",
  "has a time to live of years",
  "waits for quota",
  "is throttled",
  "is denied",
] as const;
const fateOf = (i: number) => FATES[i % FATES.length]!;

/** A resource whose every name is its own. */
function specOf(i: number): ProcessingJob["spec"] {
  const fate = fateOf(i);
  return {
    ...MINIMAL_SPEC,
    region: `invented-${i}`,
    // Of an endpoint that cannot be reached it is not known that no job was created there.
    ...(fate !== "has a region that does not exist" && { sageMakerEndpoint: `https://e${i}.example.com` }),
    roleArn: `arn:aws:iam::123456789012:role/role-${i}`,
    environment: [
      { name: "SIMULATE_DURATION", value: fate === "is deleted while it runs" ? "24h" : "20s" },
      ...(
        fate.startsWith("fails") ? [{ name: "SIMULATE_FAILURE", value: "ClientError: as the test wants it" }] : []
      ),
    ],
    ...(fate === "is suspended" && { suspend: true }),
    ...(fate === "fails and is retried" && { retryPolicy: { maxRetries: 2, backoffSeconds: 1 } }),
    ...(fate === "has a time to live of years" && { ttlSecondsAfterFinished: 10 * 365 * 86_400 }),
  } as ProcessingJob["spec"];
}

/** What a call in a region meets before the service sees it. */
function faultIn(region: string, operation: string): Error | undefined {
  const fate = fateOf(Number(region.replace("invented-", "")));
  if (fate === "has a region that does not exist") {
    const text = `dns error: api.sagemaker.${region}.amazonaws.com`;
    return Object.assign(new Error(text), { code: "ENOTFOUND" });
  }
  if (operation !== "CreateProcessingJob") return undefined;
  if (fate === "waits for quota") return serviceError("ResourceLimitExceeded", "The account-level service limit");
  if (fate === "is throttled") return serviceError("ThrottlingException", "Rate exceeded");
  if (fate === "is denied") return serviceError("AccessDeniedException", "is not authorized to perform");
  return undefined;
}

/** The operator's parts as `runOperator` puts them together, on an apiserver and a SageMaker in memory. */
function setUp() {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const apiserver = new FakeApiserver(clock);
  const service = new SageMakerService({ clock, jobDuration: JOB_MS, stopDuration: 2_000 });
  const sdk = replaceSdk(({ operation, input, region }) => {
    const fault = faultIn(region, operation);
    if (fault) return Promise.reject(fault);
    try {
      const answer = perform(service, { operation, region, request: input });
      const $metadata = { date: new Date(service.now()).toUTCString() };
      return Promise.resolve({ ...withDates(answer ?? {}) as object, $metadata });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return Promise.reject(serviceError(error.code, error.message, error.status));
    }
  });
  const cluster: Cluster = {
    server: "https://fake.invalid",
    source: "a test",
    namespace: "default",
    fetch(path, { method = "GET", body }) {
      const answer = apiserver.request({ method, path, body: typeof body === "string" ? JSON.parse(body) : undefined });
      const headers = { "content-type": "application/json" };
      return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status, headers }));
    },
    close() {},
  };
  const kube = new KubeClient(cluster, { clock });
  const store = new Store<ProcessingJob>();
  const metrics = new OperatorMetrics({
    clock,
    version: "0",
    lease: "sagemaker-operator",
    isLeader: () => true,
    workers: 16,
    eventLoopLagMs: () => 0,
  });
  const serviceClock = new ServiceClock(clock);
  const aws = sageMakerFactory({
    clock,
    version: "0",
    endpoints: endpoints({ allowed: ["https://*.example.com"] }),
    serviceClock,
  });
  const rateLimiter = exponentialBackoff({ baseMs: 500, maxMs: 5 * MINUTE_MS });
  const queue = new WorkQueue({
    clock,
    rateLimiter,
    observer: metrics.startWork({ oldestLookMs: () => 0 }).queue,
    groupOf: (key) => key.slice(0, key.indexOf("/")),
  });
  const onChange = (key: string) => queue.add(key);
  const budgets = new CallBudgets({ clock });
  const gate = new CallGate({ clock, budgets, mostUnderWay: 12, onRelease: onChange });
  const { sageMakerFor } = aws;
  const jobs = new JobInformer({ sageMakerFor, clock, pollIntervalMs: 5_000, stalenessMs: 30_000, budgets, onChange });
  const events = new EventRecorder({ client: kube, clock, component: "sagemaker-operator", instance: "test" });
  const failureLines = new FailureLines({
    count: 3,
    clock,
    env: () => undefined,
    version: "0",
    jobOf({ namespace, name }) {
      const resource = store.get(`${namespace}/${name}`);
      const environment = () => Promise.resolve({});
      return resource && { jobName: name, region: resource.spec.region, createdAt: clock.now(), environment };
    },
    record: (event) => events.record(event),
    open: () => ({ page: () => Promise.resolve({ lines: [] }), [Symbol.dispose]() {} }),
  });
  const policies = new NamespacePolicies();
  const reconciler = new ProcessingJobReconciler({
    kube,
    store,
    jobs,
    gate,
    sageMakerFor,
    tagsFor: (tags = []) => tags,
    policyOf: (namespace) => policies.of(namespace),
    record: (event) => failureLines.record(event),
    limits: { heartbeatMs: 5 * MINUTE_MS, stalenessMs: 30_000 },
    serviceNow: (ref) => serviceClock.now(placeOf(ref)),
    onCreate: metrics.onCreate,
    onStatus: metrics.onStatus,
    onRelease: metrics.onRelease,
    burst: new Burst(clock),
    isBusy: () => false,
    clock,
  });
  store.onChange((key) => metrics.resourceChanged(key, store.get(key)));
  store.onChange((key) => {
    if (!reconciler.isEcho(key)) queue.add(key);
  });
  apiserver.onChange = ({ type, object }, plural) => {
    if (plural !== PLURAL) return;
    const resource = object as unknown as ProcessingJob;
    if (type === "DELETED") store.remove(resource);
    else store.apply(resource, apiserver);
  };

  const stopping = new AbortController();
  const { signal } = stopping;
  const running = [
    jobs.run(signal),
    runController({
      queue,
      workers: 16,
      reconcile: (key, { signal }) => reconciler.reconcile(key, signal),
      clock,
      signal,
    }),
  ];
  dropIdleRegularly([aws, serviceClock, budgets, gate, jobs, failureLines, events, metrics], { clock, signal });
  return {
    clock,
    apiserver,
    policies,
    resources: () => store.size,
    retries: (key: string) => queue.retries(key),
    /** The size of each collection, by name. */
    sizes: () => ({
      "SageMaker clients": aws.size,
      "service clock places": serviceClock.size,
      "call budgets": budgets.size,
      "gate places and lines": gate.places,
      "gate keys": gate.size,
      "informer keys and sites": jobs.size,
      "reconciler keys": reconciler.size,
      "queue keys": queue.size,
      "log sources": failureLines.size,
      "event series": events.size,
      "metrics by key and namespace": metrics.size,
      "namespace policies": policies.size,
    }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      // The controller's own patience with what is in flight.
      await clock.advance(10_000);
      await Promise.all(running);
      const closing = [failureLines.close(), events.close()];
      await clock.advance(5_000);
      await Promise.all(closing);
      aws.close();
      sdk[Symbol.dispose]();
    },
  };
}

const pathOf = (i: number) => `/apis/${API_VERSION}/namespaces/ns-${i}/${PLURAL}`;

Deno.test("5,000 resources with names, namespaces, regions, endpoints and roles of their own leave nothing behind", async () => {
  await using it = setUp();
  const before = it.sizes();
  const most: Record<string, number> = {};
  const note = () => {
    for (const [name, size] of Object.entries(it.sizes())) most[name] = Math.max(most[name] ?? 0, size);
  };
  for (let first = 0; first < RESOURCES; first += WAVE) {
    const wave = Array.from({ length: WAVE }, (_, index) => first + index);
    for (const i of wave) {
      it.policies.changed(`ns-${i}`, { [NAMESPACE_ANNOTATIONS.defaultDeletionPolicy]: "Stop" });
      const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: `job-${i}` }, spec: specOf(i) };
      it.apiserver.request({ method: "POST", path: pathOf(i), body });
    }
    for (let seconds = 0; seconds < 90; seconds += 10) {
      await it.clock.advance(10_000);
      note();
    }
    for (const i of wave) it.apiserver.request({ method: "DELETE", path: `${pathOf(i)}/job-${i}` });
    await it.clock.advance(30_000);
    for (const i of wave) it.policies.changed(`ns-${i}`, undefined);
    it.apiserver.compact();
    note();
  }
  await it.clock.advance(10 * MINUTE_MS);
  assert.equal(it.resources(), 0);
  for (const [name, size] of Object.entries(most)) {
    assert.ok(size > before[name as keyof typeof before], `nothing was ever in '${name}'`);
  }
  assert.deepEqual(it.sizes(), before);
});

Deno.test("finished resources that stay cost neither a heartbeat phase, nor a client, nor a poller", async () => {
  await using it = setUp();
  const before = it.sizes();
  const count = 200;
  for (let i = 0; i < count * FATES.length; i += FATES.length) {
    const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: `job-${i}` }, spec: specOf(i) };
    it.apiserver.request({ method: "POST", path: pathOf(i), body });
  }
  await it.clock.advance(2 * MINUTE_MS);
  const words = it.apiserver.all(PLURAL).map(({ status }) => (status as ProcessingJob["status"])?.processingJobStatus);
  assert.deepEqual(words, Array(count).fill("Completed"));
  await it.clock.advance(20 * MINUTE_MS);
  const { "metrics by key and namespace": counted, ...rest } = it.sizes();
  const { "metrics by key and namespace": _, ...restBefore } = before;
  assert.deepEqual(rest, restBefore);
  assert.equal(counted, 3 * count, "a word for each key, and a count and a series for each namespace");
});
