import { join } from "node:path";
import { PROCESSES } from "./cost.ts";
import type { Outcome } from "./outcome.ts";
import { lineChart, type Series } from "./plot.ts";
import { quantity, type Report } from "./report.ts";
import type { ValueName } from "./rows.ts";

const DOCS = join(import.meta.dirname!, "../docs");

/** Of two other controllers with one worker: see docs/performance.md. */
const AT_1000 = {
  calls: [reference("Go operator: AWS calls", 1_204), reference("ACK: AWS calls", 1_830)],
  memory: [reference("Go operator", 49), reference("ACK", 77)],
  cpu: [reference("Go operator", 5.6), reference("ACK", 13.9)],
};

/** Brings docs/performance.md and its plots up to date with a result. */
export async function writeDocs(report: Report): Promise<void> {
  const page = join(DOCS, "performance.md");
  await Deno.writeTextFile(page, withBlocks(await Deno.readTextFile(page), blocksOf(report)));
  await Deno.mkdir(join(DOCS, "images"), { recursive: true });
  for (const [name, svg] of Object.entries(plotsOf(report.outcomes))) {
    await Deno.writeTextFile(join(DOCS, "images", `${name}.svg`), svg);
  }
}

/**
 * Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`.
 *
 * @throws Error where the page has no such place
 */
export function withBlocks(page: string, blocks: Record<string, string>): string {
  return Object.entries(blocks).reduce((page, [name, text]) => {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`);
    if (!place.test(page)) throw new Error(`Cannot find '<!-- ${name} -->' in the page`);
    return page.replace(place, (_, begin, end) => `${begin}${text}${end}`);
  }, page);
}

/** The generated parts of the page, as Markdown. */
export function blocksOf({ machine, options, rows, outcomes, at }: Report): Record<string, string> {
  const { versions } = machine;
  const setting =
    `Measured on ${at.slice(0, 10)}: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ` +
    `Linux ${machine.kernel}, kube-apiserver ${versions.apiserver}, etcd ${versions.etcd}; ` +
    `${machine.operator.join(", ")}; ${options.latencyMs} ms of latency, windows of ${options.windowMs / 1000} s.\n`;
  const results = table(
    ["", "resources", "measured", "wanted"],
    rows.map(({ title, n, measured, unit, wanted, ok }) => [
      title,
      n.toLocaleString("en-GB"),
      quantity(measured, unit),
      wanted === undefined ? "" : `≤ ${quantity(wanted, unit)}${ok ? "" : ", missed"}`,
    ]),
  );
  const processes = table(
    ["scenario", "resources", "in", ...PROCESSES],
    outcomes.flatMap(({ scenario, n, cost }) =>
      cost === undefined ? [] : [[
        scenario,
        n.toLocaleString("en-GB"),
        quantity(cost.seconds, "s"),
        ...PROCESSES.map((name) => quantity(cost.cpu[name] ?? 0, "s")),
      ]]
    ),
  );
  return { setting, results, processes };
}

/** Cost by number of jobs, where several numbers were measured. */
export function plotsOf(outcomes: readonly Outcome[]): Record<string, string> {
  const steps = outcomes.filter(({ scenario, n }) => scenario === "scale" && n > 0);
  if (steps.length < 2) return {};
  const chart = (title: string, yTitle: string, series: Series[]) =>
    lineChart({ title, xTitle: "jobs InProgress, of which none changes", yTitle, series });
  return {
    "calls-by-jobs": chart("Requests by number of jobs", "a minute", [
      { name: "AWS calls", points: pointsOf(steps, "awsCallsAMinute") },
      { name: "apiserver writes", points: pointsOf(steps, "writesAMinute") },
      ...AT_1000.calls,
    ]),
    "memory-by-jobs": chart("Resident memory by number of jobs", "MiB", [
      { name: "sagemaker-operator", points: pointsOf(steps, "memory") },
      ...AT_1000.memory,
    ]),
    "cpu-by-jobs": chart("CPU by number of jobs", "% of one core", [
      { name: "sagemaker-operator", points: pointsOf(steps, "cpu") },
      ...AT_1000.cpu,
    ]),
  };
}

function reference(name: string, atOneThousand: number): Series {
  return { name, points: [[1_000, atOneThousand]] };
}

/** What a logarithmic axis has no place for is left out. */
function pointsOf(steps: readonly Outcome[], value: ValueName): [number, number][] {
  return steps.map(({ n, values }): [number, number] => [n, values[value] ?? 0]).filter(([, y]) => y > 0);
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}
