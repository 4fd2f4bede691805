import { equal } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { deadline, systemClock } from "./clock.ts";
import { FakeClock } from "./fake_clock.ts";

Deno.test("what a timer calls has nothing of the async context in which the timer was set", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  storage.run("a reconcile", () => systemClock.setTimer(1, () => resolve(storage.getStore())));
  equal(await promise, undefined);
});

Deno.test("deadline() tells its length as people would", async () => {
  for (const [ms, text] of [[2991.235942999998, "3 s"], [10_000, "10 s"], [340.4, "0.3 s"], [12.7, "13 ms"]] as const) {
    const clock = new FakeClock();
    using limit = deadline(clock, ms);
    await clock.advance(ms + 1);
    equal(limit.signal.reason.message, `No answer within ${text}`);
  }
});
