/** What a real operator's /metrics and probes say after it has worked: the names, the numbers, and promtool's opinion. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { valueOf } from "../support/exposition.ts";
import { checkExposition, metricsIn, MONITORING, promtool, readDashboard, seriesIn } from "../support/monitoring.ts";
import { freePort, startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** The names that dashboards may rely on. */
const PROMISED = [
  "workqueue_depth",
  "workqueue_adds_total",
  "workqueue_retries_total",
  "workqueue_queue_duration_seconds_bucket",
  "controller_runtime_reconcile_total",
  "controller_runtime_reconcile_errors_total",
  "controller_runtime_reconcile_time_seconds_bucket",
  "controller_runtime_active_workers",
  "leader_election_master_status",
  "sagemaker_operator_jobs",
  "sagemaker_operator_api_requests_total",
  "sagemaker_operator_api_request_seconds_bucket",
  "sagemaker_operator_job_duration_seconds_bucket",
  "sagemaker_operator_create_latency_seconds_bucket",
  "sagemaker_operator_job_failures_total",
  "sagemaker_operator_oldest_look_seconds",
  "sagemaker_operator_billable_instance_seconds_total",
  "sagemaker_operator_heap_used_bytes",
  "process_resident_memory_bytes",
  "process_cpu_seconds_total",
  "process_start_time_seconds",
];

/** An operator with metrics for the scene's namespace, and a way to read them. */
async function startWithMetrics(scene: Scene) {
  const address = `127.0.0.1:${freePort()}`;
  const { namespace } = scene;
  const operator = startOperator({
    kubeconfig: cluster.kubeconfig,
    endpoint: scene.standIn.url,
    flags: ["--namespace", namespace, "--leader-elect", "--leader-election-namespace", namespace]
      .concat("--metrics-bind-address", address),
  });
  await operator.untilLogged("Leading", { timeoutMs: 30_000 });
  const scrape = async () => await (await fetch(`http://${address}/metrics`)).text();
  const value = async (series: string) => valueOf(await scrape(), series);
  return { operator, scrape, value };
}

const requests = (operation: string, code: string) =>
  `sagemaker_operator_api_requests_total{operation="${operation}",code="${code}"}`;
const jobs = (status: string) => `sagemaker_operator_jobs{status="${status}"}`;

Deno.test("the metrics tell what became of each job, and promtool has nothing against them", async (t) => {
  await using scene = await Scene.open(cluster);
  const { resources, standIn, namespace } = scene;
  let refused = 0;
  standIn.intercept = (operation) =>
    operation === "CreateProcessingJob" && refused++ < 2
      ? errorAnswer("ThrottlingException", "Rate exceeded")
      : undefined;
  const { operator, scrape, value } = await startWithMetrics(scene);
  await using _ = operator;
  const before = await value("process_cpu_seconds_total");
  assert.equal(await value(requests("CreateProcessingJob", "OK")), 0);

  for (const name of ["good", "bad", "deleted"]) {
    await resources.create(name);
    await resources.untilStatus(name, "InProgress", { timeoutMs: 30_000 });
  }
  assert.equal(await value(jobs("InProgress")), 3);
  await scene.finish("good", "Completed");
  await scene.finish("bad", "Failed", "AlgorithmError: exit 1");
  await resources.untilStatus("good", "Completed");
  await resources.untilStatus("bad", "Failed");
  await resources.delete("deleted");
  await resources.untilStatus("deleted", "Stopping");
  await scene.finish("deleted", "Stopped");
  await resources.untilGone("deleted");

  await eventually("the metrics say so", async () => {
    assert.deepEqual(await Promise.all(["InProgress", "Completed", "Failed", "Stopping"].map(jobs).map(value)), [
      0,
      1,
      1,
      0,
    ]);
    assert.equal(await value("sagemaker_operator_job_duration_seconds_count"), 3);
  });
  assert.equal(await value("sagemaker_operator_create_latency_seconds_count"), 3);
  assert.equal(await value('sagemaker_operator_job_failures_total{reason="AlgorithmError"}'), 1);
  assert.ok(await value(`sagemaker_operator_billable_instance_seconds_total{namespace="${namespace}"}`) !== undefined);
  assert.equal(await value(requests("CreateProcessingJob", "OK")), 3);
  assert.ok((await value(requests("CreateProcessingJob", "ThrottlingException")) ?? 0) >= 1);
  assert.equal(await value('leader_election_master_status{name="sagemaker-operator"}'), 1);
  assert.ok(await value('controller_runtime_reconcile_total{controller="processingjob",result="success"}'));
  assert.ok((await value("process_cpu_seconds_total") ?? 0) > (before ?? 0));

  const text = await scrape();
  for (const name of ["good", "bad", "deleted"]) {
    assert.doesNotMatch(text, new RegExp(`"[^"]*\\b${name}\\b`), "no label for each job");
  }
  await t.step({
    name: "promtool check metrics",
    ignore: promtool instanceof Error,
    fn: async () => assert.equal(await checkExposition(text), ""),
  });

  const series = seriesIn(text);
  assert.deepEqual(PROMISED.filter((name) => !series.has(name)), []);
  const { panels, templating } = await readDashboard();
  const queries = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...templating.list.map(({ definition = "" }) => definition),
    await Deno.readTextFile(join(MONITORING, "alerts.yaml")),
  ];
  const named = metricsIn(queries.join("\n"));
  assert.ok(named.length > 15);
  assert.deepEqual(named.filter((name) => !series.has(name)), [], "the dashboard and the alerts read what is there");
});

Deno.test("the oldest look grows while SageMaker does not answer, and is 0 once nothing is followed", async () => {
  await using scene = await Scene.open(cluster);
  const { operator, value } = await startWithMetrics(scene);
  await using _ = operator;
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  scene.standIn.intercept = () => errorAnswer("InternalFailure", "no", 500);
  await eventually("the oldest look is old", async () => {
    assert.ok((await value("sagemaker_operator_oldest_look_seconds") ?? 0) > 2);
  }, { timeoutMs: 30_000 });
  scene.standIn.intercept = undefined;
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 90_000 });
  await eventually("nothing is followed", async () => {
    assert.equal(await value("sagemaker_operator_oldest_look_seconds"), 0);
  });
});

Deno.test("?verbose of the probes has a line for each check", async () => {
  await using scene = await Scene.open(cluster);
  const { operator } = await startWithMetrics(scene);
  await using _ = operator;
  const lines = async (path: string) => {
    const response = await fetch(`${operator.healthUrl}${path}?verbose`);
    return [response.status, ...(await response.text()).trimEnd().split("\n")];
  };
  const [status, loop, last] = await lines("/healthz");
  assert.deepEqual([status, last], [200, "ok"]);
  assert.match(String(loop), /^\[\+\] event-loop: ok, turns are up to \d+ ms late$/);
  assert.deepEqual(await lines("/readyz"), [
    200,
    "[+] informers: ok, 0 resources",
    "[+] watch: ok",
    "[+] namespaces: ok, 0 with annotations",
    "[+] leader-election: ok, this process leads",
    "ok",
  ]);
});
