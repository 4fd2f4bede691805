/** The monitoring files of docs/monitoring/, and promtool to check them with. */
import { join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";
import { findBinaries } from "../../tools/monitoring/binaries.ts";

export const MONITORING = join(import.meta.dirname!, "../../docs/monitoring");

/** The parts of a Grafana dashboard that matter here. */
export interface Dashboard {
  panels: { title: string; targets: { expr: string; legendFormat: string }[] }[];
  templating: { list: { name: string; definition?: string }[] };
}

export async function readDashboard(): Promise<Dashboard> {
  return JSON.parse(await Deno.readTextFile(join(MONITORING, "dashboard.json")));
}

/** A query of the dashboard as Prometheus takes it, with Grafana's variables filled in. */
export function plainQuery(expr: string, { job = ".*", interval = "5m" } = {}): string {
  return expr.replaceAll("$job", job).replaceAll("$__rate_interval", interval);
}

/** The names of the metrics that PromQL reads; those of a histogram's parts as they are in an exposition. */
export function metricsIn(promql: string): string[] {
  const names = promql.match(
    /\b(?:sagemaker_operator|workqueue|controller_runtime|leader_election|process|nodejs)_[a-z_]+/g,
  );
  return [...new Set(names)];
}

/** The names of the series in an exposition. */
export function seriesIn(exposition: string): Set<string> {
  const lines = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Set(lines.map((line) => /^[a-z_]+/.exec(line)![0]));
}

/** Its path, or why this machine has none. */
export const promtool = await findBinaries().then(({ promtool }) => promtool, (error: Error) => error);

/**
 * Runs promtool in the folder of the monitoring files and gives what it printed.
 *
 * @throws {Error} with what it had to say against them
 */
export async function runPromtool(...args: string[]): Promise<string> {
  if (promtool instanceof Error) throw promtool;
  return await runCommand(promtool, args, { clock: systemClock, timeoutMs: 60_000, cwd: MONITORING });
}

/** Gives promtool an exposition to read; what it prints is what it has against it. */
export async function checkExposition(exposition: string): Promise<string> {
  if (promtool instanceof Error) throw promtool;
  const args = ["check", "metrics"];
  const child = new Deno.Command(promtool, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const [{ stdout, stderr }] = await Promise.all([
    child.output(),
    ReadableStream.from([new TextEncoder().encode(exposition)]).pipeTo(child.stdin),
  ]);
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}
