/** Many runs of the model, one after another; as a program, with the first seed and their number as arguments. */
import { kindOf, play, report, shrink, stepsOf } from "./run.ts";

export interface Totals {
  runs: number;
  steps: number;
  faults: number;
  jobs: number;
  /** A report for each kind that was found. */
  violations: string[];
}

/** After so many kinds of violations there are no more runs. */
const MOST_KINDS = 3;

/** Plays the runs of `runs` seeds from `seed` on. */
export async function playMany(seed: number, runs: number): Promise<Totals> {
  const totals: Totals = { runs: 0, steps: 0, faults: 0, jobs: 0, violations: [] };
  const kinds = new Set<string>();
  for (let index = 0; index < runs && kinds.size < MOST_KINDS; index++) {
    const { steps, faults, jobs, violation } = await play(stepsOf(seed + index), seed + index);
    totals.runs++;
    totals.steps += steps;
    totals.faults += faults;
    totals.jobs += jobs;
    if (violation === undefined || kinds.has(kindOf(violation.rule))) continue;
    kinds.add(kindOf(violation.rule));
    totals.violations.push(report(await shrink(violation, seed + index) ?? violation, seed + index));
  }
  return totals;
}

if (import.meta.main) {
  const [seed, runs] = Deno.args.map(Number);
  // deno-lint-ignore no-console
  console.log(JSON.stringify(await playMany(seed!, runs!)));
  Deno.exit(0);
}
