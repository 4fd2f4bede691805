import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { EventMemory, type EventText, type ObjectReference } from "./event_series.ts";

const POD: ObjectReference = { apiVersion: "v1", kind: "Pod", namespace: "team-a", name: "web", uid: "uid-1" };
const TEXT: EventText = { type: "Normal", reason: "Started", action: "Start", note: "It runs" };
const MINUTE_MS = 60_000;

function setUp() {
  const clock = new FakeClock();
  return { clock, memory: new EventMemory(clock) };
}

Deno.test("observe() counts the same said again within six minutes of the last time", async () => {
  const { clock, memory } = setUp();
  const first = memory.observe(POD, TEXT);
  for (let i = 0; i < 3; i++) {
    await clock.advance(6 * MINUTE_MS - 1);
    assert.equal(memory.observe({ ...POD, resourceVersion: String(i) }, { ...TEXT }), first);
  }
  assert.equal(first.count, 4);
  assert.equal(first.lastMicros - first.firstMicros, 3 * (6 * MINUTE_MS - 1) * 1000);
  await clock.advance(6 * MINUTE_MS);
  assert.notEqual(memory.observe(POD, TEXT), first);
});

const others: [string, Partial<ObjectReference>, Partial<EventText>][] = [
  ["another object of the same name", { uid: "uid-2" }, {}],
  ["another type", {}, { type: "Warning" }],
  ["another reason", {}, { reason: "Failed" }],
  ["another action", {}, { action: "Stop" }],
  ["another note", {}, { note: "It ran" }],
];
for (const [what, regarding, text] of others) {
  Deno.test(`observe() starts a new series for ${what}`, () => {
    const { memory } = setUp();
    const first = memory.observe(POD, TEXT);
    const second = memory.observe({ ...POD, ...regarding }, { ...TEXT, ...text });
    assert.deepEqual([first.count, second.count], [1, 1]);
    assert.notEqual(first.name, second.name);
  });
}

Deno.test("observe() names an Event after its object and the time", () => {
  const { clock, memory } = setUp();
  const { name } = memory.observe(POD, TEXT);
  assert.equal(name, `web.${(BigInt(clock.now()) * 1_000_000n).toString(16)}`);
});

Deno.test("observe() makes a valid name of one that is as long as may be", () => {
  const { memory } = setUp();
  const { name } = memory.observe({ ...POD, name: `${"a".repeat(235)}.${"b".repeat(17)}` }, TEXT);
  assert.match(name, /^a{235}\.[0-9a-f]+$/);
  assert.ok(name.length <= 253);
});

Deno.test("observe() cuts a note by its bytes", () => {
  const { memory } = setUp();
  const { text } = memory.observe(POD, { ...TEXT, note: "ä".repeat(600) });
  assert.equal(text.note, `${"ä".repeat(510)}…`);
});

Deno.test("observe() forgets the series that was not seen for longest when there are too many", () => {
  const { memory } = setUp();
  const [first, second] = [memory.observe(POD, TEXT), memory.observe({ ...POD, uid: "uid-2" }, TEXT)];
  for (let i = 3; i <= 1_000; i++) memory.observe({ ...POD, uid: `object-${i}` }, TEXT);
  assert.equal(memory.observe(POD, TEXT), first);
  memory.observe({ ...POD, uid: "uid-1001" }, TEXT);
  assert.equal(memory.observe(POD, TEXT), first);
  assert.notEqual(memory.observe({ ...POD, uid: "uid-2" }, TEXT), second);
});

Deno.test("allows() silences an object for one reason after five, and lets one more through every five minutes", async () => {
  const { clock, memory } = setUp();
  const say = (more: Partial<EventText> = {}) => memory.allows(memory.observe(POD, { ...TEXT, ...more }));
  const flapping = ["a", "b", "a", "b", "a", "b"].map((note) => say({ note }));
  assert.deepEqual(flapping, [true, true, true, true, true, false]);
  assert.ok(say({ reason: "Failed" }), "another reason has a word of its own");
  assert.ok(memory.allows(memory.observe({ ...POD, uid: "uid-2" }, TEXT)), "and so has another object");
  await clock.advance(5 * MINUTE_MS);
  assert.deepEqual([say({ note: "b" }), say({ note: "a" })], [true, false]);
});

Deno.test("dropIdle() forgets all that was said of objects, once it can neither go on nor is too much", async () => {
  const { clock, memory } = setUp();
  for (let i = 0; i < 500; i++) memory.allows(memory.observe({ ...POD, uid: `object-${i}` }, TEXT));
  const queued = memory.observe(POD, TEXT);
  queued.queued = true;
  assert.equal(memory.size, 1_001);
  await clock.advance(6 * MINUTE_MS - 1);
  memory.dropIdle();
  assert.equal(memory.size, 501, "a series goes on for 6 minutes");
  await clock.advance(2);
  memory.dropIdle();
  assert.equal(memory.size, 1, "one waits to be sent");
  queued.queued = false;
  memory.dropIdle();
  assert.equal(memory.size, 0);
});
