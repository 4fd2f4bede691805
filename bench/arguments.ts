import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { parseDuration } from "../src/api/duration.ts";
import { isCode } from "./program.ts";
import { LIST_MODES } from "../src/sagemaker/stand_in/list.ts";
import { QUOTA_SETS } from "../src/sagemaker/stand_in/quotas.ts";
import type { Account } from "./world.ts";
import { type ScenarioName, SCENARIOS } from "./scenarios.ts";

export const USAGE = `Usage: deno task bench [--scenario NAME,...] [OPTIONS]

Measures the operator: what it costs, and how soon it does what. Each scenario has
a control plane of its own and SageMaker's stand-in, both on 127.0.0.1 and removed
at the end. Prints a table to stdout, and what it is at to stderr.

Scenarios (all of them unless some are named):
${Object.entries(SCENARIOS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}\n`).join("")}
Options:
      --scenario LIST  Which, as in burst,steady
      --n N            How many resources, in the place of each scenario's own; cold
                       and single always have one at a time, and of lists those
                       accounts are measured that have as many
      --binary PATH    A compiled operator, or a .js or .ts file to run with deno
                       (default: main.ts)
      --against PATH   Another operator, measured beside it in the same run; the
                       table then has its figures as "before"
      --lists MODE     When the simulator's lists are filtered: late or narrow
                       (default: late); the scenario lists has its own
      --history N      How many old jobs there are (default: 0); lists and account
                       have their own
      --quotas SET     none or account (default: none); lists and account have
                       their own
      --quota LIST     Quotas of single operations, as in StopProcessingJob=5
      --latency D      How long a call of SageMaker takes (default: 20ms)
      --window D       How long what doesn't change is looked at (default: 60s)
      --json FILE      Also write the result to a file
      --baseline FILE  Compare with a result that was written earlier
      --profile DIR    Also write CPU profiles of the operator (.cpuprofile, .txt) to
                       a folder; not for a compiled one
      --docs FILE      Measure nothing: bring docs/performance.md and its plots up
                       to date with a result that was written earlier
  -h, --help           Print this help

Exit code 0 if all is as wanted, 1 if something isn't or can't be measured, 2 for
arguments that make no sense, 130 after Ctrl-C.
`;

const OPTIONS = {
  scenario: { type: "string" },
  n: { type: "string" },
  binary: { type: "string" },
  against: { type: "string" },
  lists: { type: "string", default: "late" },
  history: { type: "string", default: "0" },
  quotas: { type: "string", default: "none" },
  quota: { type: "string", default: "" },
  latency: { type: "string", default: "20ms" },
  window: { type: "string", default: "60s" },
  json: { type: "string" },
  baseline: { type: "string" },
  profile: { type: "string" },
  docs: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export interface BenchArguments {
  help: boolean;
  scenarios: ScenarioName[];
  n: number | undefined;
  program: string;
  against: string | undefined;
  account: Account;
  latencyMs: number;
  windowMs: number;
  json: string | undefined;
  baseline: string | undefined;
  profiles: string | undefined;
  docs: string | undefined;
}

/** @throws Error with what is wrong with the arguments */
export function parseBenchArguments(args: string[]): BenchArguments {
  const { values } = parseArgs({ args, options: OPTIONS });
  const program = values.binary === undefined ? resolve(import.meta.dirname!, "../main.ts") : resolve(values.binary);
  if (values.profile !== undefined && !isCode(program)) {
    throw new RangeError(
      `Cannot profile '${program}': expected a .js or .ts file, since a compiled one has no inspector`,
    );
  }
  return {
    help: values.help,
    scenarios: scenarios(values.scenario),
    n: values.n === undefined ? undefined : count("n", values.n, 1),
    program,
    against: values.against === undefined ? undefined : resolve(values.against),
    account: {
      lists: oneOf("lists", LIST_MODES, values.lists),
      history: count("history", values.history, 0),
      quotas: oneOf("quotas", QUOTA_SETS, values.quotas),
      quota: values.quota.split(",").filter((text) => text !== ""),
    },
    latencyMs: parseDuration(values.latency),
    windowMs: window(values.window),
    json: values.json,
    baseline: values.baseline,
    profiles: values.profile,
    docs: values.docs,
  };
}

function scenarios(list: string | undefined): ScenarioName[] {
  const known = Object.keys(SCENARIOS);
  const named = list?.split(",") ?? known;
  const unknown = named.find((name) => !known.includes(name));
  if (unknown === undefined) return named as ScenarioName[];
  throw new RangeError(`Cannot run scenario '${unknown}': expected one of ${known.join(", ")}`);
}

function count(flag: string, text: string, least: number): number {
  if (/^(0|[1-9]\d{0,5})$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`Cannot use '${text}' for --${flag}: expected a number from ${least} to 999999`);
}

function oneOf<T extends string>(flag: string, values: readonly T[], text: string): T {
  const value = values.find((each) => each === text);
  if (value !== undefined) return value;
  throw new RangeError(`Cannot use '${text}' for --${flag}: expected ${values.join(" or ")}`);
}

function window(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 1_000) return ms;
  throw new RangeError(`Cannot use '${text}' for --window: expected a second or more`);
}
