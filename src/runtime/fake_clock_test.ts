import { deepEqual, equal } from "node:assert/strict";
import { sleep } from "./clock.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("advance() fires due timers in order of time, then of setting, each at its own moment", async () => {
  const clock = new FakeClock();
  const fired: [string, number][] = [];
  const note = (name: string) => () => fired.push([name, clock.monotonic()]);
  clock.setTimer(30, note("c"));
  clock.setTimer(10, note("a"));
  clock.setTimer(30, note("d"));
  clock.setTimer(20, note("b"));
  clock.setTimer(31, note("late"));
  await clock.advance(30);
  deepEqual(fired, [["a", 10], ["b", 20], ["c", 30], ["d", 30]]);
  equal(clock.pendingTimers, 1);
});

Deno.test("advance() fires timers that woken code sets on the way", async () => {
  const clock = new FakeClock();
  const seen: number[] = [];
  const loop = async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(clock, 10);
      seen.push(clock.monotonic());
    }
  };
  const running = loop();
  await clock.advance(25);
  deepEqual(seen, [10, 20]);
  await clock.advance(5);
  deepEqual(seen, [10, 20, 30]);
  await running;
});

Deno.test("now() has whole milliseconds, as the system's clock does, whatever timers have", async () => {
  const clock = new FakeClock();
  await clock.advance(1.5);
  equal(clock.monotonic(), 1.5);
  equal(clock.now(), Date.UTC(2024, 0, 1) + 1);
});

Deno.test("a cancelled timer never fires", async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.setTimer(10, () => fired = true)();
  await clock.advance(20);
  equal(fired, false);
});

Deno.test("now() starts where it was told to and moves with advance()", async () => {
  const clock = new FakeClock(1_000);
  equal(clock.now(), 1_000);
  await clock.advance(500);
  equal(clock.now(), 1_500);
  equal(clock.monotonic(), 500);
});
