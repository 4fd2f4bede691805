import { equal } from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { systemClock } from "./clock.ts";

Deno.test("what a timer calls has nothing of the async context in which the timer was set", async () => {
  const storage = new AsyncLocalStorage<string>();
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  storage.run("a reconcile", () => systemClock.setTimer(1, () => resolve(storage.getStore())));
  equal(await promise, undefined);
});
