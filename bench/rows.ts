import type { Outcome } from "./outcome.ts";

interface Value {
  title: string;
  unit: "ms" | "s" | "" | "%" | "MiB" | "KiB";
  /** The most that it may be, for so many resources; nothing where no bound was set. */
  wanted?: (n: number) => number | undefined;
}

const at = (bounds: Record<number, number>) => (n: number) => bounds[n];
const always = (bound: number) => () => bound;

/** Everything that is measured, in the order of the table. */
export const VALUES = {
  startToCreate: { title: "start to first create", unit: "s", wanted: always(0.3) },
  createP50: { title: "accepted → create arrives, one at a time, p50", unit: "ms", wanted: always(15) },
  createP99: { title: "accepted → create arrives, one at a time, p99", unit: "ms" },
  endP50: { title: "job ends → status says so, p50", unit: "s", wanted: always(1) },
  endP99: { title: "job ends → status says so, p99", unit: "s", wanted: always(2.5) },
  created: { title: "burst: all created in SageMaker", unit: "s", wanted: at({ 1_000: 4 }) },
  completed: { title: "burst of 20 s jobs: all Completed in status", unit: "s", wanted: at({ 1_000: 27 }) },
  awsCalls: { title: "burst: AWS calls", unit: "", wanted: at({ 1_000: 2_150 }) },
  writes: { title: "burst: apiserver writes", unit: "", wanted: at({ 1_000: 3_050 }) },
  awsCallsAMinute: {
    title: "InProgress: AWS calls a minute",
    unit: "",
    wanted: at({ 100: 75, 1_000: 75, 10_000: 90 }),
  },
  // A heartbeat for each in 5 minutes, and 5 % for chance.
  writesAMinute: { title: "InProgress: apiserver writes a minute", unit: "", wanted: (n) => n * 0.21 },
  cpu: { title: "InProgress: CPU of one core", unit: "%", wanted: at({ 1_000: 2 }) },
  gone: { title: "delete, a stop takes 5 s: all stopped and gone", unit: "s", wanted: at({ 1_000: 12 }) },
  memory: { title: "InProgress: resident memory", unit: "MiB", wanted: at({ 0: 72, 1_000: 80, 10_000: 120 }) },
  memoryAJob: { title: "resident memory a job", unit: "KiB", wanted: always(4) },
  callsRatio: { title: "AWS calls a minute, most to least of all steps", unit: "", wanted: always(1.3) },
  observeCalls: { title: "List and Describe a minute, one Describe a job aside", unit: "" },
  seenP50: { title: "job ends → status says so, p50", unit: "s" },
  seenP99: { title: "job ends → status says so, p99", unit: "s" },
  allCreated: { title: "all created in SageMaker", unit: "s" },
  throttled: { title: "throttled calls", unit: "" },
  writesAJob: { title: "apiserver writes a job", unit: "" },
  eventsAJob: { title: "Events a job", unit: "" },
  ready: { title: "finished resources at start: ready", unit: "s" },
  memoryFinished: { title: "finished resources at start: resident memory", unit: "MiB" },
} satisfies Record<string, Value>;

export type ValueName = keyof typeof VALUES;

/** One line of the table. */
export interface Row {
  /** What tells it from all other rows, and finds it in an earlier result. */
  id: string;
  title: string;
  n: number;
  unit: Value["unit"];
  measured: number;
  wanted?: number;
  ok?: boolean;
}

/** Made of what was measured, in the order of the table. What several scenarios measure is told of the first. */
export function rowsOf(outcomes: readonly Outcome[]): Row[] {
  const rows = new Map<string, Row>();
  const all = [...outcomes, ...derived(outcomes)];
  for (const [name, { title, unit, wanted }] of Object.entries<Value>(VALUES)) {
    for (const { n, values, setting, wanted: own } of all) {
      const measured = values[name as ValueName];
      const id = [name, setting, n].filter((part) => part !== undefined).join("/");
      if (measured === undefined || rows.has(id)) continue;
      const bound = own?.[name as ValueName] ?? wanted?.(n);
      rows.set(id, {
        id,
        title: setting === undefined ? title : `${setting}: ${title}`,
        n,
        unit,
        measured,
        ...(bound !== undefined && { wanted: bound, ok: measured <= bound }),
      });
    }
  }
  return [...rows.values()];
}

/** What follows from the steps of one scenario together. */
function derived(outcomes: readonly Outcome[]): Outcome[] {
  const steps = outcomes.filter(({ scenario, n }) => scenario === "scale" && n > 0);
  const [first, last] = [steps.at(0), steps.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const calls = steps.map(({ values }) => values.awsCallsAMinute ?? NaN);
  const growth = ((last.values.memory ?? NaN) - (first.values.memory ?? NaN)) * 1024;
  const values = {
    memoryAJob: growth / (last.n - first.n),
    callsRatio: Math.max(...calls) / Math.min(...calls),
  };
  return [{ scenario: "scale", n: last.n, values }];
}
