import { writesWithoutEvents } from "../apiserver_metrics.ts";
import { names, type Outcome, patience, type ScenarioOptions } from "../outcome.ts";
import { sum } from "../statistics.ts";
import { World } from "../world.ts";

/** The creates, the run of a job, and a thousand ends at once on ten pages of a list, one a second. */
const COMPLETED_S = 4 + 20 + 13;

/** Many resources at once, whose jobs take 20 s. */
export async function burst({ n = 1_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options, { job: "20s" });
  await world.startOperator();
  // Its start is another scenario's.
  await world.sleep(3_000);
  let startedAt = 0;
  let accepted = 0;
  const cost = await world.costOf("burst", async () => {
    startedAt = world.clock.now();
    await world.load.forEach(names(n), (name) => world.load.create(name));
    accepted = world.clock.now();
    await world.observer.until("Completed", n, { timeoutMs: patience(n), signal: world.signal });
    // A Describe of each job may come after its end has been told.
    await world.sleep(3_000);
  });
  const since = (times: Iterable<number>) => (Math.max(...times) - startedAt) / 1000;
  const values = {
    created: since((await world.standIn.createdAt()).values()),
    completed: since(world.observer.seenAt("Completed").values()),
    awsCalls: sum(Object.values(cost.awsCalls)),
    // The first write of each resource is its user's.
    writes: writesWithoutEvents(cost.writes) - n,
  };
  const details = {
    accepted: (accepted - startedAt) / 1000,
    inProgress: since(world.observer.seenAt("InProgress").values()),
  };
  return [{ scenario: "burst", n, values, cost, details, wanted: { ...(n === 1_000 && { completed: COMPLETED_S }) } }];
}
