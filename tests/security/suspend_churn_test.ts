/**
 * A tenant sets and takes away `suspend` without end, over the whole operator in memory. At 939be82 each time costs a job that is paid for,
 * 220 in 40 seconds where jobs stop at once, and the first test fails.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { World } from "../model/world.ts";

/** Sets and takes away `suspend` of `a` every 90 ms, for so many seconds; `meanwhile` is called each time. */
async function toggle(world: World, seconds: number, meanwhile: (count: number) => void = () => {}): Promise<void> {
  const end = world.clock.monotonic() + seconds * 1000;
  for (let count = 0; world.clock.monotonic() < end; count++) {
    world.suspend("a", count % 2 === 0);
    meanwhile(count);
    await world.clock.advance(90);
  }
  world.suspend("a", false);
}

async function open(): Promise<World> {
  const world = new World(1);
  world.startOperator();
  world.create("a", {});
  await world.clock.advance(2_000);
  assert.equal(world.jobs().length, 1);
  return world;
}

/** Without those about numbers of calls, which hold for users who mean what they ask for. */
function violations(world: World): string[] {
  return world.rules.violations.filter((rule) => !rule.includes("within a minute") || rule.includes("attempt number"));
}

Deno.test("suspend toggled for 40 s, and for 10 minutes: a few jobs, and the condition says when the next begins", async () => {
  using world = await open();
  await toggle(world, 40);
  // Of the first, three at once, and those after 10 s and 20 s.
  assert.ok(world.jobs().length <= 6, `${world.jobs().length} jobs`);
  await toggle(world, 560);
  assert.ok(world.jobs().length >= 4 && world.jobs().length <= 10, `${world.jobs().length} jobs`);
  await world.clock.advance(1_000);
  const { status } = world.resource("a")!;
  const ready = findCondition(status?.conditions, "Ready");
  if (status?.nextAttemptTime !== undefined) {
    assert.equal(ready?.reason, "Resumed");
    assert.ok(ready!.message.includes(`begins at ${status.nextAttemptTime}`), ready!.message);
  }
  await world.clock.advance(310_000);
  assert.equal(world.resource("a")!.status?.processingJobStatus, "InProgress");
  assert.deepEqual(violations(world), []);
});

Deno.test("neither a restart of the operator nor reconcile-at shortens the pause", async () => {
  using world = await open();
  await toggle(world, 120, (count) => {
    if (count % 20 === 0) world.annotate("a", { reconcileAt: String(count) });
    if (count % 100 !== 99) return;
    for (const operator of world.liveOperators) world.kill(operator);
  });
  assert.ok(world.jobs().length <= 7, `${world.jobs().length} jobs`);
  await world.clock.advance(310_000);
  assert.equal(world.resource("a")!.status?.processingJobStatus, "InProgress");
  assert.deepEqual(violations(world), []);
});
