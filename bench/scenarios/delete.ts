import { GONE } from "../observer.ts";
import { names, type Outcome, patience, type ScenarioOptions } from "../outcome.ts";
import { World } from "../world.ts";

/** Running jobs whose resources are all deleted at once; a stop takes 5 s. */
export async function deletion({ n = 1_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options, { stop: "5s" });
  await world.startOperator();
  const waiting = { timeoutMs: patience(n), signal: world.signal };
  await world.load.forEach(names(n), (name) => world.load.create(name));
  await world.observer.until("InProgress", n, waiting);
  await world.sleep(5_000);
  const startedAt = world.clock.now();
  const cost = await world.costOf("delete", async () => {
    await world.load.forEach(names(n), (name) => world.load.delete(name));
    await world.observer.until(GONE, n, waiting);
  });
  const statuses = await world.standIn.statuses();
  if (statuses.Stopped !== n) {
    throw new Error(`Resources went while jobs ran; the jobs are ${JSON.stringify(statuses)}`);
  }
  const gone = (Math.max(...world.observer.seenAt(GONE).values()) - startedAt) / 1000;
  return [{ scenario: "delete", n, values: { gone }, cost }];
}
