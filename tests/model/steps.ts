import * as fc from "fast-check";
import { WATCH_FAULTS, type WatchFault } from "./connection.ts";
import { type Fault, FAULTS } from "./wire.ts";
import type { Policies, System, World } from "./world.ts";

/** One thing that happens to a world; plain data, so that a failing sequence can be read and shrunk. */
export type Step =
  | { do: "create"; name: string; policies: Policies }
  | { do: "delete" | "edit"; name: string }
  | { do: "suspend"; name: string; suspend: boolean }
  | { do: "skew"; aheadMs: number }
  | { do: "end job"; name: string; status: "Completed" | "Failed" | "Stopping"; failureReason: string }
  | { do: "delete record" | "take name"; name: string }
  | { do: "fault"; system: System; operation: string | undefined; fault: Fault; times: number }
  | { do: "pause"; system: System; seconds: number }
  | { do: "harm watches"; how: WatchFault }
  | { do: "compact" }
  | { do: "kill" }
  | { do: "kill at effect"; when: "before" | "after"; countdown: number }
  | { do: "roll out"; overlapMs: number }
  | { do: "wait"; ms: number };

const name = fc.constantFrom("a", "b", "c", "d");

/** Half of them have none. */
const policies: fc.Arbitrary<Policies> = fc.oneof(
  fc.constant({}),
  fc.record({
    retryPolicy: fc.constantFrom(
      { maxAttempts: 3, backoffSeconds: 5 },
      { maxAttempts: 2, backoffSeconds: 0 },
      { maxAttempts: 10, backoffSeconds: 20, expireAfterSeconds: 90 },
    ),
    suspend: fc.boolean(),
    ttlSecondsAfterFinished: fc.constantFrom(0, 30),
    deletionPolicy: fc.constantFrom("Stop" as const, "Retain" as const),
  }, { requiredKeys: [] }),
);

const SAGEMAKER_OPERATIONS = [
  "CreateProcessingJob",
  "CreateProcessingJob",
  "DescribeProcessingJob",
  "StopProcessingJob",
  undefined,
];
const APISERVER_OPERATIONS = ["PATCH", "PATCH", "GET", "WATCH", undefined];

/** Any step, the usual ones more often. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("create" as const), name, policies }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("suspend" as const), name, suspend: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("skew" as const), aheadMs: fc.constantFrom(-120_000, 0, 120_000) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("edit" as const), name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("end job" as const),
      name,
      failureReason: fc.constantFrom("AlgorithmError: exit code 1", "CapacityError: none left"),
      status: fc.constantFrom("Completed" as const, "Failed" as const, "Stopping" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("delete record" as const, "take name" as const), name }) },
  { weight: 4, arbitrary: faults("sagemaker", SAGEMAKER_OPERATIONS, FAULTS) },
  { weight: 3, arbitrary: faults("apiserver", APISERVER_OPERATIONS, FAULTS.filter((fault) => fault !== "stale")) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pause" as const),
      system: fc.constantFrom("apiserver" as const, "sagemaker" as const),
      seconds: fc.constantFrom(1, 5, 15, 60),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("harm watches" as const), how: fc.constantFrom(...WATCH_FAULTS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("compact" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("kill at effect" as const),
      when: fc.constantFrom("before" as const, "after" as const),
      countdown: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("roll out" as const), overlapMs: fc.constantFrom(0, 500, 5_000, 30_000) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.oneof(
        fc.constantFrom(1, 10, 50, 200),
        fc.integer({ min: 500, max: 10_000 }),
        fc.constantFrom(30_000, 90_000, 150_000),
      ),
    }),
  },
);

function faults(system: System, operations: (string | undefined)[], kinds: readonly Fault[]): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant("fault" as const),
    system: fc.constant(system),
    operation: fc.constantFrom(...operations),
    fault: fc.constantFrom(...kinds),
    times: fc.integer({ min: 1, max: 3 }),
  });
}

/** Lets `step` happen, and everything that follows from it at once. */
export async function run(world: World, step: Step): Promise<void> {
  world.note(describeStep(step));
  happen(world, step);
  await world.clock.advance(step.do === "wait" ? step.ms : 0);
}

function happen(world: World, step: Step): void {
  const job = "name" in step ? world.jobs().findLast(({ name }) => name.startsWith(`${step.name}-`)) : undefined;
  switch (step.do) {
    case "create":
      return world.create(step.name, step.policies);
    case "suspend":
      return world.suspend(step.name, step.suspend);
    case "skew":
      return world.skew(step.aheadMs);
    case "delete":
      return world.delete(step.name);
    case "edit":
      return world.patch(step.name, { metadata: { labels: { edited: String(world.clock.now()) } } });
    case "end job":
      if (job) world.endJob(job, step.status, step.failureReason);
      return;
    case "delete record":
      if (job) world.deleteRecord(job);
      return;
    case "take name":
      return world.takeName(step.name);
    case "fault":
      for (let time = 0; time < step.times; time++) {
        world.faults.push({ system: step.system, operation: step.operation, fault: step.fault });
      }
      return;
    case "pause":
      world.faultsInjected++;
      world.pausedUntil[step.system] = world.clock.monotonic() + step.seconds * 1000;
      return;
    case "harm watches":
      world.faultsInjected++;
      return world.harmWatches(step.how);
    case "compact":
      world.faultsInjected++;
      return world.apiserver.compact();
    case "kill":
      world.faultsInjected++;
      for (const operator of world.liveOperators) world.kill(operator);
      return;
    case "kill at effect":
      return killAtEffect(world, step);
    case "roll out":
      world.faultsInjected++;
      return rollOut(world, step.overlapMs);
  }
}

function killAtEffect(world: World, { when, countdown }: { when: "before" | "after"; countdown: number }): void {
  let left = countdown;
  world.onEffect = (effect) => {
    if (effect.when !== when || --left > 0) return;
    world.onEffect = () => {};
    world.faultsInjected++;
    world.kill(effect.sender);
  };
}

/** Another operator comes, and for a while there are two. */
function rollOut(world: World, overlapMs: number): void {
  const olds = world.liveOperators.filter((operator) => !operator.isStopping);
  world.startOperator();
  world.clock.setTimer(overlapMs, () => {
    for (const old of olds) if (old.isAlive) old.stop();
  });
}

/** As in `fault sagemaker CreateProcessingJob lost 1`. */
export function describeStep({ do: verb, ...rest }: Step): string {
  const words = Object.values(rest).map((value) => typeof value === "object" ? JSON.stringify(value) : value);
  return [verb, ...words].join(" ");
}
