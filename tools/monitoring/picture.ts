/**
 * Draws the dashboard of docs/monitoring/ as it looks after some minutes of a real operator's life: two replicas, a local
 * control plane, the SageMaker stand-in, and a Prometheus that scrapes them and answers the dashboard's own queries.
 *
 *   deno run -A tools/monitoring/picture.ts    writes docs/images/dashboard.svg
 */
import { join } from "node:path";
import { type Clock, deadline, sleep, systemClock } from "../../src/runtime/clock.ts";
import { FaultPlan } from "../../src/sagemaker/stand_in/faults.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { plainQuery, readDashboard } from "../../tests/support/monitoring.ts";
import { freePort, type OperatorProcess, startOperator } from "../../tests/support/operator.ts";
import { freshNamespace, installCrd, Resources } from "../../tests/support/resources.ts";
import { runTask } from "../bundle.ts";
import { startControlPlane } from "../control_plane/control_plane.ts";
import { findBinaries } from "./binaries.ts";
import { type Chart, drawCharts, type Series } from "./chart.ts";

const PICTURE = join(import.meta.dirname!, "../../docs/images/dashboard.svg");
const SCRAPE_SECONDS = 2;
const STEP_SECONDS = 4;
const PANELS = 9;
const FAILURES = ["AlgorithmError: exit status 1", "CapacityError: no capacity", "ClientError: no such bucket"];

/** The story that the picture tells, in seconds from the start. */
const STORY = { jobEvery: 2, burst: { at: 60, jobs: 60 }, throttle: { from: 100, to: 140 }, leaderGoes: 170, end: 240 };

async function main(clock: Clock): Promise<string> {
  const { prometheus } = await findBinaries();
  await using stack = new AsyncDisposableStack();
  const plane = await startControlPlane({});
  stack.defer(() => plane.stop());
  await installCrd(plane);
  const resources = new Resources(plane, await freshNamespace(plane));
  const standIn = await startStandIn({ jobDuration: 25_000, stopDuration: 1_000 });
  stack.defer(() => standIn.close());
  const addresses = [`127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`];
  const { namespace } = resources;
  const replicas: OperatorProcess[] = [];
  for (const address of addresses) {
    const flags = ["--namespace", namespace, "--leader-elect", "--leader-election-namespace", namespace]
      .concat("--metrics-bind-address", address, "--poll-interval", "1s");
    const replica = stack.use(startOperator({ kubeconfig: plane.kubeconfig, endpoint: standIn.url, flags }));
    await replica.untilLogged(replicas.length === 0 ? "Leading" : "Standing by", { timeoutMs: 30_000 });
    replicas.push(replica);
  }
  const server = stack.use(await Prometheus.start(prometheus, addresses));
  const start = Math.floor(clock.now() / 1000);
  await live({ resources, standIn, leader: replicas[0]!, clock });
  const end = Math.floor(clock.now() / 1000);

  const { panels } = await readDashboard();
  const charts = await Promise.all(panels.slice(0, PANELS).map((panel) => chartOf(panel, server, { start, end })));
  const times = Array.from(
    { length: Math.floor((end - start) / STEP_SECONDS) + 1 },
    (_, i) => start + i * STEP_SECONDS,
  );
  await Deno.mkdir(join(PICTURE, ".."), { recursive: true });
  await Deno.writeTextFile(PICTURE, drawCharts(charts, { columns: 3, times }));
  return PICTURE;
}

/** Lets time pass, and things happen, until the story is over. */
async function live({ resources, standIn, leader, clock }: {
  resources: Resources;
  standIn: Awaited<ReturnType<typeof startStandIn>>;
  leader: OperatorProcess;
  clock: Clock;
}): Promise<void> {
  let jobs = 0;
  const create = () => {
    const failure = FAILURES[jobs % 12];
    const environment = failure === undefined ? [] : [{ name: "SIMULATE_FAILURE", value: failure }];
    return resources.create(`job-${jobs++}`, { spec: { environment } });
  };
  const began = clock.monotonic();
  for (let second = 0; second < STORY.end; second++) {
    if (second % STORY.jobEvery === 0) await create();
    if (second === STORY.burst.at) { for (let i = 0; i < STORY.burst.jobs; i++) await create(); }
    if (second === STORY.throttle.from) {
      const plan = new FaultPlan({ rules: [{ fault: { kind: "throttle", perSecond: 1 } }] });
      standIn.intercept = plan.intercept;
    }
    if (second === STORY.throttle.to) standIn.intercept = undefined;
    if (second === STORY.leaderGoes) await leader.stop();
    await sleep(clock, Math.max(0, began + (second + 1) * 1000 - clock.monotonic()));
  }
}

interface Panel {
  title: string;
  fieldConfig: { defaults: { unit: string; custom: { stacking: { mode: string } } } };
  targets: { expr: string; legendFormat: string }[];
}

async function chartOf(panel: unknown, server: Prometheus, range: { start: number; end: number }): Promise<Chart> {
  const { title, targets, fieldConfig: { defaults } } = panel as Panel;
  const series = await Promise.all(targets.map(({ expr, legendFormat }) => server.query(expr, legendFormat, range)));
  return { title, unit: defaults.unit, stacked: defaults.custom.stacking.mode === "normal", series: series.flat() };
}

/** A Prometheus that scrapes the operators. */
class Prometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;

  private constructor(url: string, child: Deno.ChildProcess, folder: string) {
    this.#url = url;
    this.#child = child;
    this.#folder = folder;
  }

  static async start(program: string, targets: string[]): Promise<Prometheus> {
    const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-prometheus-" });
    const config = {
      global: { scrape_interval: `${SCRAPE_SECONDS}s` },
      scrape_configs: [{ job_name: "sagemaker-operator", static_configs: [{ targets }] }],
    };
    await Deno.writeTextFile(join(folder, "prometheus.yml"), JSON.stringify(config));
    const address = `127.0.0.1:${freePort()}`;
    const args = [`--config.file=${join(folder, "prometheus.yml")}`, `--storage.tsdb.path=${join(folder, "data")}`];
    const child = new Deno.Command(program, {
      args: [...args, `--web.listen-address=${address}`, "--log.level=error"],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    return new Prometheus(`http://${address}`, child, folder);
  }

  /** What the dashboard's query gives over a time, by the names of its legend. */
  async query(expr: string, legend: string, { start, end }: { start: number; end: number }): Promise<Series[]> {
    const query = plainQuery(expr, { interval: "20s" });
    const parameters = new URLSearchParams({ query, start: `${start}`, end: `${end}`, step: `${STEP_SECONDS}` });
    using limit = deadline(systemClock, 10_000);
    const answer = await fetch(`${this.#url}/api/v1/query_range?${parameters}`, { signal: limit.signal });
    const { status, error, data } = await answer.json();
    if (status !== "success") throw new Error(`Cannot query '${query}': ${error}`);
    const nameOf = (metric: Record<string, string>) => legend.replace(/{{(\w+)}}/g, (_, label) => metric[label] ?? "");
    return data.result.map(({ metric, values }: { metric: Record<string, string>; values: [number, string][] }) => ({
      name: nameOf(metric),
      points: values.map(([time, value]) => [time, Number(value)]).filter(([, value]) => Number.isFinite(value)),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

if (import.meta.main) await runTask(() => main(systemClock));
