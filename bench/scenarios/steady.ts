import { writesWithoutEvents } from "../apiserver_metrics.ts";
import { names, type Outcome, patience, type ScenarioOptions } from "../outcome.ts";
import { type Memory, memoryOf } from "../proc.ts";
import { median, sum } from "../statistics.ts";
import { World } from "../world.ts";

/** How long things may settle after the last create. */
const SETTLE_MS = 20_000;
const SAMPLE_MS = 1_000;

/** Nothing, then so many jobs, of which nothing changes. */
export async function steady({ n = 1_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  return await inSteps("steady", [0, n], options);
}

/** Ever more jobs, ten times as many at each step. */
export async function scale({ n = 10_000, ...options }: ScenarioOptions): Promise<Outcome[]> {
  const steps = [100, 1_000, 10_000, 100_000].filter((step) => step < n);
  return await inSteps("scale", [...steps, n], options);
}

async function inSteps(scenario: string, steps: number[], options: Omit<ScenarioOptions, "n">): Promise<Outcome[]> {
  await using world = await World.open(options);
  await world.startOperator();
  const outcomes: Outcome[] = [];
  let present = 0;
  for (const n of steps) {
    const startedAt = world.clock.now();
    await world.load.forEach(names(n - present, present), (name) => world.load.create(name));
    await world.observer.until("InProgress", n, { timeoutMs: patience(n - present), signal: world.signal });
    const seconds = (world.clock.now() - startedAt) / 1000;
    options.progress(`${scenario}: ${n} InProgress after ${seconds.toFixed(1)} s`);
    await world.sleep(SETTLE_MS);
    outcomes.push(await look(world, { scenario, n, values: {}, details: { filling: seconds } }, options.windowMs));
    present = n;
  }
  return outcomes;
}

async function look(world: World, { scenario, n, details }: Outcome, windowMs: number): Promise<Outcome> {
  let samples: Memory[] = [];
  const cost = await world.costOf(`${scenario}-${n}`, async () => void (samples = await memories(world, windowMs)));
  const middle = (of: keyof Memory) => median(samples.map((sample) => sample[of]));
  const running = {
    awsCallsAMinute: sum(Object.values(cost.awsCalls)) / cost.seconds * 60,
    writesAMinute: writesWithoutEvents(cost.writes) / cost.seconds * 60,
    cpu: (cost.cpu.operator ?? 0) / cost.seconds * 100,
  };
  const values = { ...(n > 0 && running), memory: middle("rss") };
  const memory = { private: middle("private"), pss: middle("pss"), peak: samples.at(-1)!.peak };
  return { scenario, n, values, cost, details: { ...details, ...memory } };
}

async function memories(world: World, windowMs: number): Promise<Memory[]> {
  const samples: Memory[] = [];
  for (let passed = 0; passed < windowMs; passed += SAMPLE_MS) {
    await world.sleep(SAMPLE_MS);
    samples.push(await memoryOf(world.operatorPid));
  }
  return samples;
}
