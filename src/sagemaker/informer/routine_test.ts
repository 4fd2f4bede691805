import assert from "node:assert/strict";
import { FakeClock } from "../../runtime/fake_clock.ts";
import { Routine } from "./routine.ts";

/** A routine whose steps take a while and then ask for what the test says. */
function setUp(waits: number[], stepMs = 0) {
  const clock = new FakeClock();
  const steps: number[] = [];
  const routine = new Routine(clock, async () => {
    steps.push(clock.monotonic());
    if (stepMs > 0) await new Promise<void>((resolve) => clock.setTimer(stepMs, resolve));
    return waits.shift() ?? Infinity;
  });
  return { clock, steps, routine, stop: new AbortController() };
}

Deno.test("Routine does its step when it is woken, and again when the step asks for it", async () => {
  const { clock, steps, routine, stop } = setUp([1_000, 500]);
  routine.start(stop.signal);
  await clock.advance(5_000);
  assert.deepEqual(steps, []);
  routine.wake(100);
  routine.wake(200);
  await clock.advance(60_000);
  assert.deepEqual(steps, [5_100, 6_100, 6_600]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("Routine comes sooner when it is woken, and never does two steps at once", async () => {
  const { clock, steps, routine, stop } = setUp([10_000, 10_000], 1_000);
  routine.start(stop.signal);
  routine.wake();
  await clock.advance(500);
  routine.wake();
  await clock.advance(1_000);
  assert.deepEqual(steps, [0, 1_000]);
  await clock.advance(5_000);
  routine.wake();
  await clock.advance(0);
  assert.deepEqual(steps, [0, 1_000, 6_500]);
  await clock.advance(1_000);
  stop.abort();
  await routine.settled();
});

Deno.test("Routine waits to be started, and ends with its signal", async () => {
  const { clock, steps, routine, stop } = setUp([1_000, 1_000, 1_000, 1_000]);
  routine.wake();
  await clock.advance(5_000);
  assert.deepEqual(steps, []);
  routine.start(stop.signal);
  await clock.advance(1_500);
  stop.abort();
  routine.wake();
  await clock.advance(60_000);
  assert.deepEqual(steps, [5_000, 6_000]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("Routine goes on after a defect, a minute later", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let steps = 0;
  const routine = new Routine(clock, () => {
    if (steps++ === 0) throw new TypeError("a defect");
    return Infinity;
  });
  routine.start(stop.signal);
  routine.wake();
  await clock.advance(59_999);
  assert.equal(steps, 1);
  await clock.advance(1);
  assert.equal(steps, 2);
});
