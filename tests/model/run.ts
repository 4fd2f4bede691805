/** One run of the model: a sequence of steps that follows from a seed, and what comes of it. */
import * as fc from "fast-check";
import { anyStep } from "./any_step.ts";
import { describeStep, run, type Step } from "./steps.ts";
import { World } from "./world.ts";

/** The longest that the truth may take once faults have ended: a person's five minutes, and the backoffs below them. */
const SETTLE_MS = 15 * 60_000;
const GLANCE_MS = 10_000;
/** Within this time the operator takes up other credentials. */
const TAKEN_UP_MS = 60_000;
/** A time in which nothing happens, and the writes that it may see: heartbeats, and a retry of what a person must mend. */
const CALM_MS = 30_000;
const CALM_WRITES = 16;
const STEPS = fc.array(anyStep, { minLength: 20, maxLength: 80, size: "max" });

export interface Run {
  steps: number;
  faults: number;
  jobs: number;
  /** What was broken; absent if nothing was. */
  violation?: Violation;
}

export interface Violation {
  rule: string;
  steps: Step[];
  trace: string[];
}

/** The steps of the run with this seed. */
export function stepsOf(seed: number): Step[] {
  return fc.sample(STEPS, { seed, numRuns: 1 })[0]!;
}

/** Lets `steps` happen to a world, all else in which is left to chance by `seed`, until everything is true in the end. */
export async function play(steps: readonly Step[], seed: number): Promise<Run> {
  using world = new World(seed, { elects: true });
  let done = 0;
  let rule: string | undefined;
  try {
    world.startOperator();
    for (const step of steps) {
      done++;
      await run(world, step);
      rule = world.rules.violations[0];
      if (rule !== undefined) break;
    }
    rule ??= await settle(world);
  } catch (error) {
    rule = `an error: ${error instanceof Error ? error.stack : error}`;
  }
  const counts = { steps: done, faults: world.faultsInjected, jobs: world.rules.created };
  if (rule === undefined) return counts;
  return { ...counts, violation: { rule, steps: steps.slice(0, done), trace: world.trace } };
}

/** @returns what is not as it must be in the end; undefined if all is well */
async function settle(world: World): Promise<string | undefined> {
  world.note("faults end");
  world.endFaults();
  const problem = await becomesTrue(world);
  if (problem !== undefined) return problem;
  // What was paused, refused or in another account goes on once it may: there first, then at home.
  for (const account of world.holds()) {
    world.note(`holds end, in account ${account}`);
    world.endHolds(account);
    // A create may go with the credentials before these; it is tried again minutes later.
    await world.clock.advance(TAKEN_UP_MS);
    const problem = await becomesTrue(world);
    if (problem !== undefined) return problem;
  }
}

async function becomesTrue(world: World): Promise<string | undefined> {
  const { rules, clock } = world;
  const limit = clock.monotonic() + SETTLE_MS;
  do {
    await clock.advance(GLANCE_MS);
    if (rules.violations.length > 0) return rules.violations[0];
  } while (rules.unsettled().length > 0 && clock.monotonic() < limit);
  if (rules.unsettled().length > 0) return `the truth was not reached: ${rules.unsettled().join("; ")}`;
  await clock.advance(CALM_MS);
  const before = rules.writes;
  await clock.advance(CALM_MS);
  const writes = rules.writes - before;
  if (rules.unsettled().length > 0) return `the truth did not stay: ${rules.unsettled().join("; ")}`;
  if (writes > CALM_WRITES) return `${writes} writes, though nothing happens`;
  return rules.violations[0];
}

/** The name of a job, or of what is written of a resource. */
const NAME = /\b([abcd])(-0{12}[0-9a-f]{20}(-r\d+)?|\/status)|(?<=PATCH for )([abcd])\b/;

/** A rule without what differs from one resource to the next. */
export function kindOf(rule: string): string {
  return rule.replace(new RegExp(NAME, "g"), "JOB").replace(/\d+/g, "N").slice(0, 160);
}

/** The fewest steps, by leaving out as many as possible, that break the same rule. */
export async function shrink({ steps, rule }: Violation, seed: number): Promise<Violation | undefined> {
  let least: Violation | undefined;
  let current = steps;
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < current.length;) {
      const fewer = [...current.slice(0, from), ...current.slice(from + size)];
      const { violation } = await play(fewer, seed);
      if (violation && kindOf(violation.rule) === kindOf(rule)) {
        least = violation;
        current = violation.steps.length < fewer.length ? violation.steps : fewer;
      } else from += size;
    }
  }
  return least;
}

/** For people: the rule, the steps that break it, how to see it again, and what happened to the resource. */
export function report({ rule, steps, trace }: Violation, seed: number): string {
  const [, first, , , second] = NAME.exec(rule) ?? [];
  const resource = first ?? second;
  const end = trace.findIndex((line) => line.includes("VIOLATION"));
  const isOfOther = (line: string) =>
    resource !== undefined && new RegExp(`[ /][^${resource}\\W](-0{12}|/status\\b| \\d+ )`).test(line);
  const lines = (end === -1 ? trace : trace.slice(0, end + 5))
    .filter((line) => !isOfOther(line));
  return [
    `${rule}`,
    `  steps: ${steps.map(describeStep).join(", ")}`,
    `  again: SAGEMAKER_OPERATOR_TEST_SEED=${seed} SAGEMAKER_OPERATOR_TEST_MODEL_RUNS=1 deno test --no-check -A tests/model/model_test.ts`,
    ...lines.slice(-120),
  ].join("\n");
}
