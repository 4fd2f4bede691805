/** The whole operator, in memory and on a fake clock, against a SageMaker that throttles. */
import { deepEqual, ok } from "node:assert/strict";
import { FaultPlan } from "../../src/sagemaker/stand_in/faults.ts";
import { World } from "../model/world.ts";

const COUNT = 1_000;
const PER_SECOND = 5;
/** For how long a change may go unseen, as the world's operators are set. */
const STALENESS_SECONDS = 30;

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(4, "0")}`);
}

/** Refuses creates as the stand-in does that throttles; counts those that arrive. */
function throttleCreates(world: World, perSecond: number): { arrived: number; refused: number } {
  const { clock } = world;
  const plan = new FaultPlan({ rules: [{ fault: { kind: "throttle", perSecond } }], clock });
  const context = { region: "", apply: () => ({ status: 200, body: "" }), signal: AbortSignal.any([]) };
  const seen = { arrived: 0, refused: 0 };
  world.fate = ({ what }) => {
    if (!what.startsWith("CreateProcessingJob")) return undefined;
    seen.arrived++;
    // What the plan decides it has decided when it returns; its answer is of no interest.
    void plan.intercept("CreateProcessingJob", {}, context);
    const { throttle = 0 } = plan.injected;
    if (throttle === seen.refused) return undefined;
    seen.refused = throttle;
    return "throttled";
  };
  return seen;
}

/** Moves time on until `isDone`, and gives the seconds that took. */
async function secondsUntil(world: World, isDone: () => boolean, atMost: number): Promise<number> {
  const start = world.clock.monotonic();
  while (!isDone() && world.clock.monotonic() - start < atMost * 1_000) await world.clock.advance(500);
  return (world.clock.monotonic() - start) / 1_000;
}

Deno.test("1,000 creates at 5 a second take as long as that, while jobs are stopped and looked at", async () => {
  using world = new World(1);
  world.startOperator();
  const [ended, ...deleted] = names("early", 40) as [string, ...string[]];
  for (const name of [ended, ...deleted]) world.create(name);
  await secondsUntil(world, () => world.jobs().length === 40, 30);

  const creates = throttleCreates(world, PER_SECOND);
  const start = world.clock.monotonic();
  for (const name of names("late", COUNT)) world.create(name);
  await world.clock.advance(60_000);
  world.endJob(world.jobOf(world.resource(ended)!)!, "Completed");
  for (const name of deleted) world.delete(name);
  const isTold = () => world.resource(ended)?.status?.processingJobStatus === "Completed";
  const areGone = () => deleted.every((name) => world.resource(name) === undefined);
  ok(await secondsUntil(world, isTold, 60) <= STALENESS_SECONDS, "The status says in time how a job has ended");
  ok(await secondsUntil(world, areGone, 60) <= STALENESS_SECONDS, "The deleted are gone in time");
  await secondsUntil(world, () => world.jobs().length === 40 + COUNT, 400);
  const seconds = (world.clock.monotonic() - start) / 1_000;

  // The bucket is full at first, and may be a little fuller still than when the clock starts here.
  ok(seconds >= 195 && seconds <= 230, `${seconds} s`);
  ok(creates.refused < 0.03 * creates.arrived, `${creates.refused} of ${creates.arrived} were throttled`);
  // Those about numbers of calls are for a handful of resources.
  deepEqual(world.rules.violations.filter((rule) => !rule.includes("within a minute")), []);
});

Deno.test("120 creates at the rate that AWS grants cost few throttled calls, and at most four writes and three Events a job", async () => {
  using world = new World(1);
  world.startOperator();
  const creates = throttleCreates(world, 1);
  const throttled = world.fate;
  const writes = { resource: 0, events: 0 };
  world.fate = (call) => {
    if (/^PATCH pj-\d+(\/status)?$/.test(call.what)) writes.resource++;
    else if (/^(POST|PATCH) /.test(call.what)) writes.events++;
    return throttled?.(call);
  };
  const start = world.clock.monotonic();
  for (const name of names("pj", 120)) world.create(name);
  await secondsUntil(world, () => world.jobs().length === 120, 300);
  const seconds = (world.clock.monotonic() - start) / 1_000;
  // Each message takes up to 100 ms here, so calls that were sent a second apart arrive closer together.
  ok(seconds <= 160, `${seconds} s`);
  ok(creates.refused <= 15, `${creates.refused} were throttled`);
  for (const name of names("pj", 120)) world.endJob(world.jobOf(world.resource(name)!)!, "Completed");
  await secondsUntil(
    world,
    () => names("pj", 120).every((name) => world.resource(name)?.status?.processingJobStatus === "Completed"),
    60,
  );
  await world.clock.advance(30_000);
  // A throttled call costs one more, since the reading before its create is confirmed anew.
  ok(writes.resource <= 4 * 120 + creates.refused, `${writes.resource / 120} writes a job`);
  ok(writes.events <= 3 * 120, `${writes.events / 120} Events a job`);
});
