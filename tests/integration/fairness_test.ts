/** The whole operator, in memory and on a fake clock: the resources of one namespace keep no other one's waiting. */
import { deepEqual, ok } from "node:assert/strict";
import { FaultPlan } from "../../src/sagemaker/stand_in/faults.ts";
import { World } from "../model/world.ts";

const CROWD = 5_000;
const STEP_MS = 50;

/** Milliseconds until the resource has its job. */
async function msUntilCreated(world: World, name: string): Promise<number> {
  const start = world.clock.monotonic();
  const resource = world.resource(name)!;
  while (!world.jobOf(resource) && world.clock.monotonic() - start < 60_000) await world.clock.advance(STEP_MS);
  return world.clock.monotonic() - start;
}

/** Has the service take so many creates a second. */
function limitCreates(world: World, perSecond: number): void {
  const plan = new FaultPlan({ rules: [{ fault: { kind: "throttle", perSecond } }], clock: world.clock });
  const context = { region: "", apply: () => ({ status: 200, body: "" }), signal: AbortSignal.any([]) };
  let refused = 0;
  world.fate = ({ what }) => {
    if (!what.startsWith("CreateProcessingJob")) return undefined;
    // What the plan decides it has decided when it returns; its answer is of no interest.
    void plan.intercept("CreateProcessingJob", {}, context);
    const { throttle = 0 } = plan.injected;
    if (throttle === refused) return undefined;
    refused = throttle;
    return "throttled";
  };
}

for (const perSecond of [undefined, 5]) {
  const limit = perSecond === undefined ? "as fast as it goes" : `at ${perSecond} creates a second`;
  Deno.test(`${CROWD} resources of one namespace delay another's first by no more than a second, ${limit}`, async () => {
    using world = new World(1);
    for (const name of ["before", "crowd", "small-0", "small-1", "small-2"]) world.createNamespace(name);
    world.startOperator();
    if (perSecond !== undefined) limitCreates(world, perSecond);
    await world.clock.advance(1_000);
    world.create("alone", {}, "before");
    const alone = await msUntilCreated(world, "alone");

    for (let index = 0; index < CROWD; index++) world.create(`crowd-${index}`, {}, "crowd");
    const waited: number[] = [];
    for (let index = 0; index < 3; index++) {
      await world.clock.advance(2_000);
      world.create(`first-${index}`, {}, `small-${index}`);
      waited.push(await msUntilCreated(world, `first-${index}`));
    }
    const crowd = world.jobs().filter(({ name }) => name.startsWith("crowd-")).length;
    ok(crowd > 10 && crowd < CROWD, `${crowd} jobs of the crowd`);
    for (const ms of waited) ok(ms - alone <= 1_000, `${waited} ms, and ${alone} ms alone`);
    // Those about numbers of calls are for a handful of resources.
    deepEqual(world.rules.violations.filter((rule) => !rule.includes("within a minute")), []);
  });
}
