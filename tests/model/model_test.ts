/**
 * The operator against everything at once: random sequences of what users, jobs, networks and crashes do, on a clock that the test
 * moves. The informers, the queue, the controller and the clients are the real ones (the SDK's too, up to where it would send);
 * what they talk to is in memory.
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { anyStep, describeStep, run, type Step } from "./steps.ts";
import { World } from "./world.ts";

/** About 25,000 steps; `deno task sieve` asks for more. */
const RUNS = Number(Deno.env.get("SAGEMAKER_OPERATOR_TEST_MODEL_RUNS") ?? 600);
const LEAST_STEPS = 10_000;
/** The longest that the truth may take once faults have ended: a person's five minutes, and the backoffs below them. */
const SETTLE_MS = 15 * 60_000;
const GLANCE_MS = 10_000;
/** A minute in which nothing happens, and the writes that it may see: a heartbeat for each resource. */
const CALM_MS = 60_000;
const CALM_WRITES = 8;

/** Shrinking counts too. */
const totals = { steps: 0, faults: 0, jobs: 0, violations: 0 };

class Command implements fc.AsyncCommand<object, World> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: World): Promise<void> {
    totals.steps++;
    await run(world, this.#step);
    assert.equal(world.rules.violations[0], undefined, "a rule was broken");
  }

  toString(): string {
    return describeStep(this.#step);
  }
}

async function play(commands: Iterable<fc.AsyncCommand<object, World>>, seed: number): Promise<void> {
  using world = new World(seed, { elects: true });
  try {
    world.startOperator();
    await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
    await settle(world);
  } catch (error) {
    totals.violations++;
    throw new Error(`${error instanceof Error ? error.message : error}\n\n${excerpt(world.trace)}`);
  } finally {
    totals.faults += world.faultsInjected;
    totals.jobs += world.rules.created;
  }
}

/** What led to the first violation, and a little of what came of it. */
function excerpt(trace: string[]): string {
  const first = trace.findIndex((line) => line.includes("VIOLATION"));
  const end = first === -1 ? trace.length : first + 5;
  return trace.slice(Math.max(0, end - 60), end).join("\n");
}

async function settle(world: World): Promise<void> {
  world.note("faults end");
  world.endFaults();
  const limit = world.clock.monotonic() + SETTLE_MS;
  do {
    await world.clock.advance(GLANCE_MS);
    assert.equal(world.rules.violations[0], undefined, "a rule was broken");
  } while (world.rules.unsettled().length > 0 && world.clock.monotonic() < limit);
  assert.deepEqual(world.rules.unsettled(), [], "the truth was not reached");
  await world.clock.advance(CALM_MS);
  const writes = world.rules.writes;
  await world.clock.advance(CALM_MS);
  assert.deepEqual(world.rules.unsettled(), [], "the truth did not stay");
  assert.ok(
    world.rules.writes - writes <= CALM_WRITES,
    `${world.rules.writes - writes} writes, though nothing happens`,
  );
}

Deno.test("model: whatever happens, there is one job for each resource, and every status reaches the truth", async () => {
  const given = Deno.env.get("SAGEMAKER_OPERATOR_TEST_SEED");
  const seed = given === undefined ? crypto.getRandomValues(new Int32Array(1))[0]! : Number(given);
  const commands = fc.commands([anyStep.map((step) => new Command(step))], { maxCommands: 80, size: "max" });
  try {
    await fc.assert(fc.asyncProperty(commands, fc.integer(), play), { seed, numRuns: RUNS, endOnFailure: false });
  } finally {
    const { steps, faults, jobs, violations } = totals;
    // deno-lint-ignore no-console
    console.log(
      `model: ${steps} steps, ${faults} faults injected, ${jobs} jobs, ${violations} violations ` +
        `(SAGEMAKER_OPERATOR_TEST_SEED=${seed})`,
    );
  }
  assert.ok(totals.steps >= LEAST_STEPS, `only ${totals.steps} steps`);
});
