import assert from "node:assert/strict";
import { FakeClock } from "./fake_clock.ts";
import { dropIdleRegularly } from "./idle.ts";

Deno.test("dropIdleRegularly() calls each part once a minute until the signal is aborted", async () => {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const counts = [0, 0];
  const parts = counts.map((_, index) => ({ dropIdle: () => void counts[index]!++ }));
  dropIdleRegularly(parts, { clock, signal: stopping.signal });
  await clock.advance(59_999);
  assert.deepEqual(counts, [0, 0]);
  await clock.advance(120_000);
  assert.deepEqual(counts, [2, 2]);
  stopping.abort();
  assert.equal(clock.pendingTimers, 0);
  dropIdleRegularly(parts, { clock, signal: stopping.signal });
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("dropIdleRegularly() goes on after a part has failed", async () => {
  const clock = new FakeClock();
  const stopping = new AbortController();
  let count = 0;
  const failing = {
    dropIdle() {
      throw new Error("a defect");
    },
  };
  dropIdleRegularly([failing, { dropIdle: () => void count++ }], { clock, signal: stopping.signal });
  await clock.advance(120_000);
  assert.equal(count, 2);
  stopping.abort();
});
