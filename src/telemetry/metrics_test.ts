import { deepEqual, equal, ok } from "node:assert/strict";
import * as fc from "fast-check";
import { heldProcessingJob, makeJob } from "../../tests/support/builders.ts";
import { valueOf } from "../../tests/support/exposition.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { OperatorMetrics } from "./metrics.ts";
import { codeLabel } from "./metrics_calls.ts";

function setUp() {
  const clock = new FakeClock();
  const leads = { value: true };
  const metrics = new OperatorMetrics({
    clock,
    version: "1.2.3",
    lease: "the-lease",
    isLeader: () => leads.value,
    workers: 16,
    eventLoopLagMs: () => 250,
  });
  return { clock, leads, metrics, value: (series: string) => valueOf(metrics.expose(), series) };
}

Deno.test("reconciles are counted by result as controller-runtime does", () => {
  const { metrics, value } = setUp();
  for (const outcome of ["success", "requeue", "requeue_after", "error", "terminal"] as const) {
    metrics.onResult(outcome, 0.2);
  }
  const results = ["success", "requeue", "requeue_after", "error"].map((result) =>
    value(`controller_runtime_reconcile_total{controller="processingjob",result="${result}"}`)
  );
  deepEqual(results, [1, 1, 1, 2]);
  equal(value('controller_runtime_reconcile_errors_total{controller="processingjob"}'), 2);
  equal(value('controller_runtime_terminal_reconcile_errors_total{controller="processingjob"}'), 1);
  equal(value('controller_runtime_reconcile_time_seconds_sum{controller="processingjob"}'), 1);
});

Deno.test("the work queue's metrics follow its keys", async () => {
  const { clock, metrics, value } = setUp();
  const labels = '{name="processingjob",controller="processingjob"}';
  const { queue } = metrics.startWork({ oldestLookMs: () => undefined });
  queue.add("a/x");
  queue.add("a/y");
  await clock.advance(2_000);
  equal(value(`workqueue_depth${labels}`), 2);
  queue.get("a/x");
  // Added again while it is worked on.
  queue.add("a/x");
  await clock.advance(3_000);
  queue.retry();
  equal(value(`workqueue_depth${labels}`), 2);
  equal(value(`workqueue_adds_total${labels}`), 3);
  equal(value(`workqueue_retries_total${labels}`), 1);
  equal(value(`workqueue_queue_duration_seconds_sum${labels}`), 2);
  equal(value(`workqueue_longest_running_processor_seconds${labels}`), 3);
  equal(value(`workqueue_unfinished_work_seconds${labels}`), 3);
  equal(value('controller_runtime_active_workers{controller="processingjob"}'), 1);
  queue.done("a/x");
  equal(value(`workqueue_work_duration_seconds_sum${labels}`), 3);
  equal(value(`workqueue_longest_running_processor_seconds${labels}`), 0);
});

Deno.test("what waited is gone once the work ends, and nothing is followed any more", () => {
  const { metrics, value } = setUp();
  const working = metrics.startWork({ oldestLookMs: () => 1_500 });
  working.queue.add("a/x");
  equal(value("sagemaker_operator_oldest_look_seconds"), 1.5);
  working[Symbol.dispose]();
  equal(value('workqueue_depth{name="processingjob",controller="processingjob"}'), 0);
  equal(value("sagemaker_operator_oldest_look_seconds"), 0);
});

Deno.test("leading, the build and the event loop's lag are read at each exposition", () => {
  const { leads, value } = setUp();
  equal(value('leader_election_master_status{name="the-lease"}'), 1);
  leads.value = false;
  equal(value('leader_election_master_status{name="the-lease"}'), 0);
  equal(value(`sagemaker_operator_build_info{version="1.2.3",deno="${Deno.version.deno}"}`), 1);
  equal(value("nodejs_eventloop_lag_seconds"), 0.25);
  ok(value("process_resident_memory_bytes")! > 1e6);
  ok(value("sagemaker_operator_heap_used_bytes")! > 1e6);
  ok(value("process_cpu_seconds_total")! > 0);
});

Deno.test("calls of SageMaker are counted by operation and code", () => {
  const { metrics, value } = setUp();
  const call = { operation: "CreateProcessingJob", region: "us-west-2" };
  metrics.onCall({ ...call, code: "OK", ms: 100 });
  metrics.onCall({ ...call, code: "ECONNRESET", ms: 300 });
  const count = (code: string) =>
    value(`sagemaker_operator_api_requests_total{operation="CreateProcessingJob",code="${code}"}`);
  deepEqual(["OK", "Network", "ThrottlingException", "Other"].map(count), [1, 1, 0, undefined]);
  equal(value('sagemaker_operator_api_request_seconds_sum{operation="CreateProcessingJob"}'), 0.4);
});

Deno.test("codeLabel() keeps AWS's codes and puts all others into few classes", () => {
  const cases = {
    OK: "OK",
    NotFound: "NotFound",
    ThrottlingException: "ThrottlingException",
    AccessDeniedException: "AccessDeniedException",
    ResourceLimitExceeded: "ResourceLimitExceeded",
    ValidationException: "ValidationException",
    CredentialsProviderError: "CredentialsProviderError",
    ECONNREFUSED: "Network",
    CERT_HAS_EXPIRED: "Network",
    TimeoutError: "Timeout",
    "HTTP 403": "HTTP 4xx",
    "HTTP 502": "HTTP 5xx",
    InvalidAnswer: "Other",
    "": "Other",
  };
  for (const [code, label] of Object.entries(cases)) equal(codeLabel(code), label, code);
});

Deno.test("codeLabel() gives a code that nobody knows no label of its own", () => {
  const classes = ["OK", "NotFound", "Network", "Timeout", "HTTP 4xx", "HTTP 5xx", "Other"];
  fc.assert(fc.property(fc.string(), (code) => {
    const label = codeLabel(`x-${code}`);
    ok(classes.includes(label), label);
  }));
});

Deno.test("what becomes of the resources and their jobs is passed on", () => {
  const { metrics, value } = setUp();
  const resource = heldProcessingJob({ processingJobStatus: "InProgress", observedGeneration: 1 });
  metrics.resourceChanged("a/x", resource);
  metrics.onCreate(resource);
  metrics.onStatus(resource, { processingJobStatus: "Failed", failureReason: "ClientError: no" });
  metrics.onRelease(resource, makeJob("Stopped", { startTime: 1_000, endTime: 2_000 }));
  equal(value('sagemaker_operator_jobs{status="InProgress"}'), 1);
  equal(value("sagemaker_operator_create_latency_seconds_count"), 1);
  equal(value('sagemaker_operator_job_failures_total{reason="ClientError"}'), 1);
  equal(value('sagemaker_operator_billable_instance_seconds_total{namespace="team-a"}'), 1);
});
