import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { ByTurn } from "./arrivals.ts";

interface Waiter {
  key: string;
  arrival: { since: number; number: number; tenant: string };
}

/** Who waits, served until nobody is left. */
function served(waiting: ByTurn<Waiter>): string[] {
  const keys: string[] = [];
  for (let next = waiting.first; next; next = waiting.first) {
    keys.push(next.key);
    waiting.served(next.key);
    waiting.delete(next.key);
  }
  return keys;
}

function fill(isFair: boolean, waiters: [tenant: string, since: number][]): ByTurn<Waiter> {
  const waiting = new ByTurn<Waiter>(isFair);
  for (const [number, [tenant, since]] of waiters.entries()) {
    waiting.add({ key: `${tenant}${since}`, arrival: { since, number, tenant } });
  }
  return waiting;
}

Deno.test("tenants take turns, and each one's are served in the order of arrival", () => {
  const waiters: [string, number][] = [["a", 2], ["a", 1], ["a", 3], ["b", 5], ["c", 4], ["b", 0]];
  deepEqual(served(fill(true, waiters)), ["a1", "b0", "c4", "a2", "b5", "a3"]);
  deepEqual(served(fill(false, waiters)), ["b0", "a1", "a2", "a3", "c4", "b5"]);
});

Deno.test("who is before whom is what comes of serving them, whoever has come and gone", () => {
  const step = fc.record({
    tenant: fc.constantFrom("a", "b", "c"),
    since: fc.nat(9),
    fate: fc.constantFrom("stays", "stays", "stays", "goes", "is served"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isFair) => {
    const waiting = new ByTurn<Waiter>(isFair);
    for (const [number, { tenant, since, fate }] of steps.entries()) {
      const key = `${number}`;
      waiting.add({ key, arrival: { since, number, tenant } });
      if (fate === "is served") waiting.served(key);
      if (fate !== "stays") waiting.delete(key);
    }
    const inOrder = [...waiting];
    equal(inOrder.length, waiting.size);
    for (const [place, waiter] of inOrder.entries()) equal(waiting.countBefore(waiter), place);
    const keys = inOrder.map(({ key }) => key);
    deepEqual(served(waiting), keys);
    equal(waiting.size, 0);
  }));
});
