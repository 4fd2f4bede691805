import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { Expiries } from "./expiries.ts";

const MINUTE = 60_000;

Deno.test("a name that comes back within ten minutes of its expiry is told once, with the time that has passed", async () => {
  const clock = new FakeClock();
  const expiries = new Expiries(clock);
  expiries.note("ns/a");
  await clock.advance(9 * MINUTE);
  assert.equal(expiries.take("ns/b"), undefined);
  assert.equal(expiries.take("ns/a"), 9 * MINUTE);
  assert.equal(expiries.take("ns/a"), undefined);
});

Deno.test("a name that comes back later is not told", async () => {
  const clock = new FakeClock();
  const expiries = new Expiries(clock);
  expiries.note("ns/a");
  await clock.advance(10 * MINUTE + 1);
  assert.equal(expiries.take("ns/a"), undefined);
});

Deno.test("what is remembered of expiries is bounded, in time and in number", async () => {
  const clock = new FakeClock();
  const expiries = new Expiries(clock);
  for (let i = 0; i < 5_000; i++) expiries.note(`ns/${i}`);
  assert.equal(expiries.size, 1_000);
  assert.equal(expiries.take("ns/0"), undefined);
  assert.equal(expiries.take("ns/4999"), 0);
  await clock.advance(11 * MINUTE);
  expiries.note("ns/a");
  assert.equal(expiries.size, 1);
});
