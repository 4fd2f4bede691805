import { names, type Outcome, patience, type ScenarioOptions, spans } from "../outcome.ts";
import { percentile } from "../statistics.ts";
import { World } from "../world.ts";

/** The jobs run for 20 s to 80 s. */
const SHORTEST_MS = 20_000;
const SPREAD_MS = 60_000;
/** A late list shows a thousand jobs on ten pages, one a second. */
const LATE = { endP50: 7, endP99: 13 };

/** From the end of a job in SageMaker to the status that says so, with ends at random moments. */
export async function ends({ n = 1_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options);
  await world.startOperator();
  const durations = new Map(names(n).map((name) => [name, Math.round(SHORTEST_MS + Math.random() * SPREAD_MS)]));
  const cost = await world.costOf("ends", async () => {
    await world.load.forEach([...durations.keys()], async (name) => {
      await world.load.create(name, { SIMULATE_DURATION: `${durations.get(name)}ms` });
    });
    await world.observer.until("Completed", n, { timeoutMs: patience(n), signal: world.signal });
  });
  const endedAt = [...await world.standIn.createdAt()].map(([name, at]) => [name, at + durations.get(name)!] as const);
  const seconds = spans(new Map(endedAt), world.observer.seenAt("Completed")).map((ms) => ms / 1000);
  const values = { endP50: percentile(seconds, 0.5), endP99: percentile(seconds, 0.99) };
  return [{ scenario: "ends", n, values, cost, ...(options.account.lists === "late" && { wanted: LATE }) }];
}
