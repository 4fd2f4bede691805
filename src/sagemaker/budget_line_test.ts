import { deepEqual, equal, ok } from "node:assert/strict";
import type { Failure } from "../api/job.ts";
import { CallBudget } from "./budget.ts";
import { BudgetLine } from "./budget_line.ts";

const THROTTLED: Failure = { reason: "Throttled", retry: "soon", code: "ThrottlingException", message: "Slow down" };

/**
 * A line whose operation was throttled to about one call a second at 0, by a call of `first`. It calls also who is just asking; the gate
 * passes that on to nobody.
 */
function throttledLine(mostUnderWay = Infinity) {
  const called: string[] = [];
  const budget = new CallBudget(() => 0.5);
  const line = new BudgetLine(budget, mostUnderWay, (key) => called.push(key));
  const arrivals = new Map<string, { since: number; number: number; tenant: string }>();
  const arrival = (key: string) => {
    if (!arrivals.has(key)) arrivals.set(key, { since: 0, number: arrivals.size, tenant: key.replace(/[^/]*$/, "") });
    return arrivals.get(key)!;
  };
  const ask = (key: string, now: number) => line.ask(key, arrival(key), now);
  equal(ask("first", 0), 0);
  line.begin("first", 0);
  line.ended("first", "throttled", 0);
  line.throttled("first", arrival("first"), THROTTLED, 0);
  return { called, budget, line, ask };
}

Deno.test("who waits is told when to come, in the order of arrival", () => {
  const { ask, budget } = throttledLine();
  equal(budget.perSecond, 1);
  deepEqual([ask("second", 0), ask("third", 0), ask("first", 0)], [2000, 3000, 1000]);
  equal(ask("first", 1000), 0);
});

Deno.test("who waits is told to come in the tenants' turns", () => {
  const { ask } = throttledLine();
  const waits = ["a/1", "a/2", "a/3", "b/1", "c/1", "b/2"].map((key) => ask(key, 0));
  deepEqual(waits, [2000, 3000, 4000, 3000, 4000, 6000]);
  deepEqual(["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"].map((key) => ask(key, 0)), [2000, 3000, 4000, 5000, 6000, 7000]);
});

Deno.test("who comes too early takes no token from those before", () => {
  const { ask, called } = throttledLine();
  ask("second", 0);
  ok(ask("second", 1000) > 0);
  deepEqual(called, ["first"]);
  equal(ask("first", 1001), 0);
});

Deno.test("who was called and does not come goes first for a second, and no longer", () => {
  const { ask, called, line } = throttledLine();
  ask("second", 0);
  ask("third", 0);
  ok(ask("third", 1000) > 0);
  deepEqual(called, ["first"]);
  ok(ask("third", 1900) > 0);
  equal(ask("third", 2000), 0);
  line.begin("third", 2000);
  line.ended("third", "ok", 2010);
  ok(line.has("first"), "it may come yet");
});

Deno.test("who never comes keeps no other from being called", () => {
  const { ask, called } = throttledLine();
  for (const key of ["second", "third"]) ask(key, 0);
  ask("third", 1000);
  ask("third", 60_000);
  deepEqual(called, ["first"]);
  ask("third", 61_000);
  deepEqual(called, ["first", "second"]);
});

Deno.test("who is told too late a time is called when the rate has grown", () => {
  const { ask, called, line } = throttledLine();
  for (const key of ["second", "third", "fourth"]) ask(key, 0);
  equal(ask("first", 1000), 0);
  line.begin("first", 1000);
  // The rate doubles with this.
  line.ended("first", "ok", 1020);
  deepEqual(called, ["first", "second"]);
  const waitMs = ask("second", 1020);
  ok(waitMs > 0 && waitMs <= 500, `${waitMs} ms`);
});

Deno.test("the end of a call lets the next one go where as many are under way as may be", () => {
  const called: string[] = [];
  const line = new BudgetLine(new CallBudget(), 2, (key) => called.push(key));
  const arrival = (number: number) => ({ since: 0, number, tenant: "" });
  // One after the other, so that the slow start is over.
  for (let number = 0; number < 8; number++) {
    equal(line.ask("early", arrival(number), 0), 0);
    line.begin("early", 0);
    line.ended("early", "ok", 0);
  }
  for (const [number, key] of ["a", "b"].entries()) {
    equal(line.ask(key, arrival(10 + number), 0), 0);
    line.begin(key, 0);
  }
  equal(line.ask("c", arrival(12), 9_000), Infinity);
  equal(line.failureFor("c"), undefined);
  deepEqual(called, []);
  line.ended("a", "unknown", 10_000);
  deepEqual(called, ["c"]);
  equal(line.ask("c", arrival(12), 10_000), 0);
});

Deno.test("a key that leaves gives its turn and its place under way to the next", () => {
  const { ask, called, line } = throttledLine(1);
  ask("second", 0);
  equal(ask("first", 1000), 0);
  line.begin("first", 1000);
  equal(ask("second", 5_000), Infinity);
  line.leave("first", 5_000);
  deepEqual(called, ["first", "second"]);
  line.leave("second", 5_000);
  ok(!line.has("first") && !line.has("second"));
});
