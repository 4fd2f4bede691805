import type { Machine } from "./machine.ts";
import { PROCESSES } from "./cost.ts";
import type { Outcome } from "./outcome.ts";
import type { Row } from "./rows.ts";

/** What `--json` writes, and `--baseline` and `--docs` read. */
export interface Report {
  at: string;
  machine: Machine;
  options: { program: string; latencyMs: number; windowMs: number };
  rows: Row[];
  outcomes: Outcome[];
}

/** The rows as text: measured, wanted, whether it is so, and how they compare with an earlier result. */
export function tableText(rows: readonly Row[], baseline?: readonly Row[]): string {
  const earlier = new Map(baseline?.map((row) => [row.id, row.measured]));
  const head = ["", "n", "measured", "wanted", "ok", ...(baseline ? ["before", "ratio"] : [])];
  const lines = rows.map((row) => {
    const before = earlier.get(row.id);
    const compared = before === undefined ? ["", ""] : [quantity(before, row.unit), ratio(row.measured, before)];
    return [row.title, String(row.n), quantity(row.measured, row.unit), ...verdict(row), ...(baseline ? compared : [])];
  });
  return aligned([head, ...lines]);
}

/** CPU seconds that each process used, with what was asked for and written, of those scenarios that count it. */
export function costText(outcomes: readonly Outcome[]): string {
  const lines = outcomes.flatMap(({ scenario, n, cost }) =>
    cost === undefined ? [] : [[
      scenario,
      String(n),
      cost.seconds.toFixed(1),
      ...PROCESSES.map((name) => (cost.cpu[name] ?? 0).toFixed(2)),
      counts(cost.awsCalls),
      counts(cost.writes),
    ]]
  );
  if (lines.length === 0) return "";
  return aligned([
    ["CPU seconds", "n", "in s", ...PROCESSES, "AWS calls", "apiserver writes, the bench's too"],
    ...lines,
  ]);
}

/** A number with its unit, as exact as it is of use. */
export function quantity(value: number, unit: string): string {
  const text = value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2);
  return unit === "" ? text : `${text} ${unit}`;
}

function verdict({ wanted, ok, unit }: Row): [string, string] {
  return wanted === undefined ? ["", ""] : [`≤ ${quantity(wanted, unit)}`, ok ? "yes" : "NO"];
}

function ratio(now: number, before: number): string {
  return before === 0 ? "" : `${(now / before).toFixed(2)}×`;
}

function counts(of: Record<string, number>): string {
  return Object.entries(of).map(([name, count]) => `${name} ${count}`).join(", ");
}

function aligned(lines: string[][]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) => `${line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()}\n`).join(
    "",
  );
}
