/** At every point of every lifecycle, each perturbation: the end is that of the run without, with exactly as many jobs. */
import assert from "node:assert/strict";
import { World } from "../model/world.ts";
import { type Lifecycle, LIFECYCLES } from "./lifecycles.ts";
import {
  intermediateStates,
  type Perturbation,
  record,
  type Recording,
  staleStates,
  unobservedStates,
} from "./perturbations.ts";

/** Other seeds, other latencies: each is another order in which things happen. `deno task sieve` tries more of them. */
const SEEDS = Number(Deno.env.get("SAGEMAKER_OPERATOR_TEST_SIEVE_SEEDS") ?? 3);
/** What is true by now must stay true for so long. */
const CALM_MS = 5 * 60_000;

const KINDS: [name: string, points: (recording: Recording) => Perturbation[]][] = [
  ["intermediate state", intermediateStates],
  ["stale state", staleStates],
  ["unobserved state", unobservedStates],
];

let runs = 0;

for (const lifecycle of LIFECYCLES) {
  for (const [kind, points] of KINDS) {
    Deno.test(`sieve, ${kind}: ${lifecycle.name}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) await perturbEverywhere(lifecycle, points, seed);
    });
  }
}

Deno.test.afterAll(() => {
  // deno-lint-ignore no-console
  console.log(`sieve: ${runs} perturbed runs of ${LIFECYCLES.length} lifecycles`);
});

async function perturbEverywhere(lifecycle: Lifecycle, points: (recording: Recording) => Perturbation[], seed: number) {
  let recording: Recording | undefined;
  const reference = await endOf(lifecycle, seed, {
    name: "the reference",
    apply: (world) => void (recording = record(world)),
  });
  const perturbations = points(recording!);
  assert.ok(perturbations.length > 3, "the recording is too short to be right");
  for (const { name, apply } of perturbations) {
    let struck = false;
    const end = await endOf(lifecycle, seed, { name, apply: (world) => apply(world, () => void (struck = true)) });
    assert.ok(struck, `${name}: it did not happen`);
    assert.deepEqual(end, reference, `${name} (seed ${seed})`);
    runs++;
  }
}

/** Plays a lifecycle to its end, and gives what is true then of the resource and of its jobs. */
async function endOf(
  lifecycle: Lifecycle,
  seed: number,
  { name, apply }: { name: string; apply: (world: World) => void },
): Promise<unknown> {
  using world = new World(seed);
  try {
    world.startOperator();
    apply(world);
    await lifecycle.play(world);
    await world.clock.advance(CALM_MS);
    assert.deepEqual(world.rules.violations, []);
    assert.deepEqual(world.rules.unsettled(), []);
    return stateOf(world);
  } catch (error) {
    throw new Error(`${name} (seed ${seed}): ${error}\n\n${world.trace.slice(-80).join("\n")}`);
  }
}

function stateOf(world: World): unknown {
  const resources = world.resources().map(({ metadata, status }) => ({
    name: metadata.name,
    finalizers: metadata.finalizers,
    word: status?.processingJobStatus,
    additional: status?.additional,
    conditions: status?.conditions?.map(({ type, status, reason }) => ({ type, status, reason })),
  }));
  const jobs = world.jobs().map((job) => world.statusOf(job));
  return { resources, jobs, created: world.accounts.created };
}
