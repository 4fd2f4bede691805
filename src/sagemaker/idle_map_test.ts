import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { IDLE_MS, IdleMap } from "./idle_map.ts";

Deno.test("IdleMap.dropIdle() drops what was not asked for during the time, and gives it", async () => {
  const clock = new FakeClock();
  const map = new IdleMap<string>(clock);
  assert.equal(map.of("a", () => "A"), "A");
  assert.equal(map.of("b", () => "B"), "B");
  await clock.advance(IDLE_MS - 1);
  assert.deepEqual(map.dropIdle(), []);
  assert.equal(map.get("b"), "B");
  await clock.advance(1);
  assert.deepEqual(map.dropIdle(), ["A"]);
  assert.equal(map.get("a"), undefined);
  assert.equal(map.size, 1);
});

Deno.test("IdleMap.dropIdle() keeps what is in use", async () => {
  const clock = new FakeClock();
  const map = new IdleMap<string>(clock);
  map.set("a", "A");
  await clock.advance(10 * IDLE_MS);
  assert.deepEqual(map.dropIdle((value) => value === "A"), []);
  assert.deepEqual([...map.values()], ["A"]);
  assert.deepEqual(map.dropIdle(), ["A"], "values() is no use of it");
});

Deno.test("IdleMap.of() makes a value once", () => {
  const map = new IdleMap<object>(new FakeClock());
  assert.equal(map.of("a", () => ({})), map.of("a", () => assert.fail("it is there")));
});

Deno.test("IdleMap drops those that were used longest ago beyond a number, and none that is in use", async () => {
  const clock = new FakeClock();
  const map = new IdleMap<string>(clock);
  for (const name of ["a", "b", "c", "d"]) {
    map.set(name, name);
    await clock.advance(10_000);
  }
  map.get("a");
  assert.deepEqual(map.dropBeyond(4), []);
  assert.deepEqual(map.dropBeyond(1), ["b"]);
  await clock.advance(30_000);
  assert.deepEqual(map.dropBeyond(1), ["c", "d"]);
  assert.equal(map.get("a"), "a");
});
