import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { TokenBucket } from "./token_bucket.ts";

Deno.test("take() lets a burst through and then one at a time", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ clock, burst: 2, refillMs: 100 });
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 100]);
  await clock.advance(40);
  assert.equal(bucket.take(), 60);
  await clock.advance(60);
  assert.deepEqual([bucket.take(), bucket.take()], [0, 100]);
});

Deno.test("take() saves up no more than the burst", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ clock, burst: 2, refillMs: 100 });
  await clock.advance(10_000);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take()], [0, 0, 100]);
});
