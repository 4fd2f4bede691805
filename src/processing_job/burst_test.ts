import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { Burst } from "./burst.ts";

Deno.test("a burst is ten calls within a second, and is over soon after the last", async () => {
  const clock = new FakeClock();
  const burst = new Burst(clock);
  for (let count = 0; count < 9; count++) burst.note();
  assert.equal(burst.isOn, false);
  burst.note();
  assert.equal(burst.isOn, true);
  await clock.advance(1_000);
  assert.equal(burst.isOn, true);
  await clock.advance(1);
  assert.equal(burst.isOn, false);
});

Deno.test("calls that come slowly are no burst, however many", async () => {
  const clock = new FakeClock();
  const burst = new Burst(clock);
  for (let count = 0; count < 100; count++) {
    burst.note();
    await clock.advance(120);
    assert.equal(burst.isOn, false);
  }
});
