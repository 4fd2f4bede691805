import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { Backoff } from "./backoff.ts";

Deno.test("next() doubles from 0.8 s to 30 s", () => {
  const backoff = new Backoff(new FakeClock(), () => 0);
  const waits = Array.from({ length: 8 }, () => backoff.next());
  assert.deepEqual(waits, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

Deno.test("next() takes up to half of the wait away as jitter", () => {
  const backoff = new Backoff(new FakeClock(), () => 0.999);
  assert.equal(backoff.next(), 400);
});

Deno.test("next() starts again after two quiet minutes, not before", async () => {
  const clock = new FakeClock();
  const backoff = new Backoff(clock, () => 0);
  backoff.next();
  await clock.advance(119_000);
  assert.equal(backoff.next(), 1600);
  await clock.advance(121_000);
  assert.equal(backoff.next(), 800);
});
