import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { Delays } from "./delays.ts";

function takeAll(delays: Delays, now: number): string[] {
  const taken: string[] = [];
  for (let key = delays.take(now); key !== undefined; key = delays.take(now)) taken.push(key);
  return taken;
}

Deno.test("take() gives what is due, the earliest first, and of the same time what was set first", () => {
  const delays = new Delays();
  for (const [key, due] of [["late", 30], ["b", 10], ["a", 10], ["first", 5]] as const) delays.set(key, due);
  equal(delays.nextDue, 5);
  deepEqual(takeAll(delays, 4), []);
  deepEqual(takeAll(delays, 10), ["first", "b", "a"]);
  equal(delays.nextDue, 30);
});

Deno.test("clear() forgets everything, also that a key had an earlier time", () => {
  const delays = new Delays();
  delays.set("a", 1);
  delays.clear();
  equal(delays.nextDue, undefined);
  delays.set("a", 2);
  deepEqual(takeAll(delays, 2), ["a"]);
});

Deno.test("delete() ends the wait of one key", () => {
  const delays = new Delays();
  for (const [key, due] of [["a", 10], ["b", 20], ["c", 30]] as const) delays.set(key, due);
  delays.delete("b");
  delays.delete("unknown");
  equal(delays.size, 2);
  deepEqual(takeAll(delays, 30), ["a", "c"]);
  equal(delays.size, 0);
});

Deno.test("the keys come out as from a sorted list, whatever was set before", () => {
  const setting = fc.record({ key: fc.nat(40).map(String), due: fc.nat(50) });
  const taking = fc.record({ until: fc.nat(50) });
  const deleting = fc.record({ deleted: fc.nat(40).map(String) });
  const step = fc.oneof({ weight: 5, arbitrary: setting }, taking, { weight: 2, arbitrary: deleting });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const delays = new Delays();
    let list: { key: string; due: number }[] = [];
    for (const step of [...steps, { until: 50 }]) {
      if ("until" in step) {
        const due = list.filter(({ due }) => due <= step.until).sort((a, b) => a.due - b.due);
        list = list.filter(({ due }) => due > step.until);
        deepEqual(takeAll(delays, step.until), due.map(({ key }) => key));
      } else if ("deleted" in step) {
        delays.delete(step.deleted);
        list = list.filter(({ key }) => key !== step.deleted);
      } else if (!list.some(({ key, due }) => key === step.key && due <= step.due)) {
        delays.set(step.key, step.due);
        list = [...list.filter(({ key }) => key !== step.key), step];
      } else {
        delays.set(step.key, step.due);
      }
      equal(delays.nextDue, list.length === 0 ? undefined : Math.min(...list.map(({ due }) => due)));
    }
  }));
});
