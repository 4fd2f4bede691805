import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { FakeSource } from "./fake_source.ts";
import { PatientSource } from "./patience.ts";
import { LogsError } from "./source.ts";

const QUERY = { streamPrefix: "job/", from: 0 };
const throttled = () => new LogsError("may-pass", "ThrottlingException: Rate exceeded");

function setUp() {
  const clock = new FakeClock();
  const source = new FakeSource(clock);
  const troubles: string[] = [];
  const patient = new PatientSource(source, {
    clock,
    onTrouble: ({ message }) => troubles.push(message),
    random: () => 0,
  });
  const controller = new AbortController();
  return { clock, source, troubles, controller, ask: () => patient.page(QUERY, undefined, controller.signal) };
}

Deno.test("what may pass is asked for again, more and more slowly, and told of once", async () => {
  const { clock, source, troubles, ask } = setUp();
  source.failures.push(throttled(), throttled(), throttled());
  const answer = ask();
  await clock.advance(6_999);
  assert.equal(source.queries.length, 3);
  await clock.advance(1);
  assert.deepEqual(await answer, { lines: [] });
  assert.deepEqual(troubles, ["ThrottlingException: Rate exceeded"]);
});

Deno.test("after five minutes it is given up", async () => {
  const { clock, source, ask } = setUp();
  for (let i = 0; i < 100; i++) source.failures.push(throttled());
  const refused = assert.rejects(ask(), /Rate exceeded/);
  await clock.advance(330_000);
  await refused;
  assert.ok(source.queries.length < 20);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("what does not pass by itself is not asked for again", async () => {
  const { source, troubles, ask } = setUp();
  source.failures.push(new LogsError("refused", "No"));
  await assert.rejects(ask(), /No/);
  assert.deepEqual([source.queries.length, troubles], [1, []]);
});

Deno.test("the signal ends the wait", async () => {
  const { clock, source, controller, ask } = setUp();
  source.failures.push(throttled());
  const aborted = assert.rejects(ask(), /Ctrl-C/);
  await clock.advance(10);
  controller.abort(new Error("Ctrl-C"));
  await aborted;
  assert.equal(clock.pendingTimers, 0);
});
