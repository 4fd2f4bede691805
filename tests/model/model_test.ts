/**
 * The operator against everything at once: random sequences of what users, jobs, networks and crashes do, on a clock that the test
 * moves. The informers, the queue, the controller and the clients are the real ones, the SDK's too, up to where it would send.
 * What they talk to is in memory.
 */
import assert from "node:assert/strict";
import { playMany, type Totals } from "./many.ts";

/** About 25,000 steps; `deno task sieve` asks for more. */
const RUNS = Number(Deno.env.get("SAGEMAKER_OPERATOR_TEST_MODEL_RUNS") ?? 600);
const isMore = Deno.env.has("SAGEMAKER_OPERATOR_TEST_MODEL_RUNS");
const SEED = 3239571559;
/** How many processes share the runs. */
const PROCESSES = Math.min(RUNS, Number(Deno.env.get("SAGEMAKER_OPERATOR_TEST_MODEL_PROCESSES") ?? 1));
/** As many steps a run has at least. */
const LEAST_STEPS = 20;

Deno.test("model: whatever happens, there is one job for each resource, and every status reaches the truth", async () => {
  const given = Deno.env.get("SAGEMAKER_OPERATOR_TEST_SEED");
  // Every run of the tests plays the same; `deno task sieve`, which asks for more runs, plays others each time.
  const seed = given !== undefined ? Number(given) : isMore ? crypto.getRandomValues(new Uint32Array(1))[0]! : SEED;
  print(`model: ${RUNS} runs, from SAGEMAKER_OPERATOR_TEST_SEED=${seed} on`);
  const share = Math.ceil(RUNS / PROCESSES);
  const shares = Array.from({ length: PROCESSES }, (_, index) => {
    const runs = Math.min(share, RUNS - index * share);
    return index === 0 ? playMany(seed, runs) : playElsewhere(seed + index * share, runs);
  });
  const all = await Promise.all(shares);
  const sum = (count: (totals: Totals) => number) => all.reduce((total, each) => total + count(each), 0);
  const [steps, runs] = [sum((totals) => totals.steps), sum((totals) => totals.runs)];
  print(
    `model: ${runs} runs, ${steps} steps, ${sum(({ faults }) => faults)} faults injected, ${
      sum(({ jobs }) => jobs)
    } jobs, ` +
      `${sum(({ violations }) => violations.length)} violations (SAGEMAKER_OPERATOR_TEST_SEED=${seed})`,
  );
  assert.equal(all.flatMap(({ violations }) => violations).join("\n\n"), "");
  assert.ok(steps >= runs * LEAST_STEPS, `only ${steps} steps in ${runs} runs`);
});

/** The same in a process of its own: the environment, which says whose credentials there are, belongs to all of a process. */
async function playElsewhere(seed: number, runs: number): Promise<Totals> {
  const args = ["run", "--no-check", "-A", new URL("many.ts", import.meta.url).href, String(seed), String(runs)];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).output();
  assert.equal(code, 0, "a process that plays a share of the runs failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
