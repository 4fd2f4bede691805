import { eventWrites, writesWithoutEvents } from "../apiserver_metrics.ts";
import { names, type Outcome, patience, type ScenarioOptions, spans } from "../outcome.ts";
import { percentile, sum } from "../statistics.ts";
import { World } from "../world.ts";

/** The jobs run for 60 s to 120 s. */
const SHORTEST_MS = 60_000;
const SPREAD_MS = 60_000;
const OLD = 2_000;

/** Resources that are applied at once, in an account with AWS's quotas, lists that filter late, and 2,000 old jobs. */
export async function account({ n = 120, ...options }: ScenarioOptions): Promise<Outcome[]> {
  const account = { lists: "late", quotas: "account", history: OLD, quota: [] } as const;
  await using world = await World.open({ ...options, account });
  await world.startOperator();
  // Its start is another scenario's.
  await world.sleep(3_000);
  const durations = new Map(names(n).map((name) => [name, Math.round(SHORTEST_MS + Math.random() * SPREAD_MS)]));
  let startedAt = 0;
  const cost = await world.costOf("account", async () => {
    startedAt = world.clock.now();
    await world.load.forEach([...durations.keys()], async (name) => {
      await world.load.create(name, { SIMULATE_DURATION: `${durations.get(name)}ms` });
    });
    await world.observer.until("Completed", n, { timeoutMs: patience(n) + n * 2_000, signal: world.signal });
    // A Describe of each job may come after its end has been told, and an Event after it.
    await world.sleep(5_000);
  });
  const createdAt = await world.standIn.createdAt();
  const endedAt = [...createdAt].map(([name, at]) => [name, at + durations.get(name)!] as const);
  const seconds = spans(new Map(endedAt), world.observer.seenAt("Completed")).map((ms) => ms / 1000);
  const throttled = await world.standIn.throttled();
  const looks = sum([cost.awsCalls.ListProcessingJobs ?? 0, cost.awsCalls.DescribeProcessingJob ?? 0]);
  const values = {
    allCreated: (Math.max(...createdAt.values()) - startedAt) / 1000,
    throttled: sum(Object.values(throttled)),
    // The first write of each resource is its user's.
    writesAJob: (writesWithoutEvents(cost.writes) - n) / n,
    eventsAJob: eventWrites(cost.writes) / n,
    observeCalls: Math.max(0, looks - n) / cost.seconds * 60,
    seenP50: percentile(seconds, 0.5),
    seenP99: percentile(seconds, 0.99),
  };
  const full = { allCreated: 128, throttled: 4, writesAJob: 4, eventsAJob: 3 };
  const wanted = { ...(n === 120 && full), observeCalls: 75, seenP50: 2.5, seenP99: 5 };
  return [{ scenario: "account", n, setting: "as AWS gives it", values, wanted, cost, details: { throttled } }];
}
