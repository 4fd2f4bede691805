import { names, type Outcome, type ScenarioOptions, spans } from "../outcome.ts";
import { percentile } from "../statistics.ts";
import { World } from "../world.ts";

const SAMPLES = 100;

/** One resource at a time: from the apiserver's answer to the arrival of the create. */
export async function single(options: ScenarioOptions): Promise<Outcome[]> {
  await using world = await World.open(options);
  await world.startOperator();
  // The first one waits for the start and for connections.
  const [first, ...rest] = names(SAMPLES + 1);
  const accepted = new Map<string, number>();
  await world.load.create(first!);
  await world.observer.until("InProgress", 1, { timeoutMs: 30_000, signal: world.signal });
  for (const [index, name] of rest.entries()) {
    // In step with nothing.
    await world.sleep(50 + Math.random() * 200);
    await world.load.create(name);
    accepted.set(name, world.clock.now());
    await world.observer.until("InProgress", index + 2, { timeoutMs: 30_000, signal: world.signal });
  }
  const ms = spans(accepted, await world.standIn.createdAt());
  return [{ scenario: "single", n: 1, values: { createP50: percentile(ms, 0.5), createP99: percentile(ms, 0.99) } }];
}
