import { type Outcome, type ScenarioOptions, spans } from "../outcome.ts";
import { median } from "../statistics.ts";
import { World } from "../world.ts";

const RUNS = 7;

/** From the start of the process to the first create, with a resource that waits for it. */
export async function cold(options: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options);
  const started = new Map<string, number>();
  for (let run = 0; run < RUNS; run++) {
    const name = `cold-${run}`;
    await world.load.create(name);
    started.set(name, await world.startOperator());
    await world.observer.until("InProgress", run + 1, { timeoutMs: 30_000, signal: world.signal });
    await world.stopOperator();
    // Nothing but the one resource is there at the next start.
    await world.load.patch(name, { metadata: { finalizers: null } });
    await world.load.delete(name);
  }
  const seconds = spans(started, await world.standIn.createdAt()).map((ms) => ms / 1000);
  // The first run fills the caches of the file system.
  const warm = seconds.slice(1);
  return [{ scenario: "cold", n: 1, values: { startToCreate: median(warm) }, details: { seconds } }];
}
