import { names, type Outcome, patience, type Scenario, type ScenarioOptions } from "../outcome.ts";
import { percentile, sum } from "../statistics.ts";
import { type Account, World } from "../world.ts";

/** How long the operator has to find out what its lists are like. */
const SETTLE_MS = 30_000;
/** Nothing ends for so long, … */
const QUIET_MS = 30_000;
/** … and then one job after the other. */
const SPREAD_MS = 60_000;
/** Resources are there sooner than CreateProcessingJob's quota would have it: what is measured begins after that. */
const FILLING = "CreateProcessingJob=1000";

interface Row extends Pick<Account, "lists" | "quotas" | "history"> {
  running: number;
  p50: number;
  p99: number;
}

const LATE = { lists: "late", quotas: "none", p50: 2.5, p99: 5 } as const;
const ROWS: Row[] = [
  { ...LATE, history: 0, running: 320 },
  { ...LATE, history: 2_000, running: 50 },
  { ...LATE, history: 2_000, running: 200 },
  { ...LATE, history: 20_000, running: 200 },
  { ...LATE, quotas: "account", history: 2_000, running: 200 },
  { ...LATE, quotas: "account", history: 2_000, running: 1_000, p50: 7, p99: 13 },
  { lists: "narrow", quotas: "none", history: 2_000, running: 1_000, p50: 0.8, p99: 1.5 },
];

/** From the end of a job in SageMaker to the status that says so, and what it costs to know, in accounts of several kinds. */
export const LISTS: Scenario[] = ROWS.map((row) => async (options) => {
  return options.n === undefined || options.n === row.running ? await measure(row, options) : [];
});

async function measure(row: Row, options: ScenarioOptions): Promise<Outcome[]> {
  const { lists, quotas, history, running: n } = row;
  const account = { lists, quotas, history, quota: [FILLING] };
  await using world = await World.open({ ...options, account });
  await world.startOperator();
  await world.load.forEach(names(n), (name) => world.load.create(name));
  await world.observer.until("InProgress", n, { timeoutMs: patience(n), signal: world.signal });
  await world.sleep(SETTLE_MS);
  const endedAt = new Map<string, number>();
  const cost = await world.costOf(`lists-${n}`, async () => {
    await world.sleep(QUIET_MS);
    await endAll(world, endedAt);
    await world.observer.until("Completed", n, { timeoutMs: patience(n), signal: world.signal });
  });
  const seenAt = world.observer.seenAt("Completed");
  const seconds = [...endedAt].map(([name, at]) => (seenAt.get(name)! - at) / 1000);
  const looks = sum([cost.awsCalls.ListProcessingJobs ?? 0, cost.awsCalls.DescribeProcessingJob ?? 0]);
  const values = {
    // Details are known from one Describe each, or will be.
    observeCalls: Math.max(0, looks - Math.min(n, cost.awsCalls.DescribeProcessingJob ?? 0)) / cost.seconds * 60,
    seenP50: percentile(seconds, 0.5),
    seenP99: percentile(seconds, 0.99),
  };
  const wanted = { observeCalls: 75, seenP50: row.p50, seenP99: row.p99 };
  const setting = `${lists}${quotas === "none" ? "" : `, ${quotas}`}, ${history.toLocaleString("en-GB")} old`;
  const details = { throttled: await world.standIn.throttled() };
  return [{ scenario: "lists", n, setting, values, wanted, cost, details }];
}

/** Ends all jobs, in another order than that in which they were created. */
async function endAll(world: World, endedAt: Map<string, number>): Promise<void> {
  const jobs = [...await world.standIn.jobNames()].map((job) => ({ job, at: Math.random() }));
  const startedAt = world.clock.now();
  for (const [index, { job: [name, jobName] }] of jobs.sort((a, b) => a.at - b.at).entries()) {
    const dueAt = startedAt + (index + Math.random()) * SPREAD_MS / jobs.length;
    await world.sleep(Math.max(0, dueAt - world.clock.now()));
    endedAt.set(name, world.clock.now());
    await world.standIn.finish(jobName);
  }
}
