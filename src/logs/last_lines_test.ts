import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../runtime/fake_clock.ts";
import { FakeSource } from "./fake_source.ts";
import { lastLines } from "./last_lines.ts";

const NOW = Date.UTC(2024, 0, 1);
const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;

function setUp() {
  const source = new FakeSource(new FakeClock(NOW));
  const ask = (count: number, choice = {}) =>
    lastLines(source, { jobName: "job", choice, count, from: NOW - 100 * HOUR_MS, around: NOW }, signal);
  return { source, ask };
}

Deno.test("lastLines() looks back only as far as it must", async () => {
  const { source, ask } = setUp();
  for (let s = 0; s < 3_600; s++) source.write(`job/algo-${s % 3}`, NOW - s * 1_000, { message: `${s}` });
  const { lines, from } = await ask(5);
  assert.deepEqual(lines.map(({ message }) => message), ["4", "3", "2", "1", "0"]);
  assert.deepEqual([source.queries.length, from], [1, NOW - 60_000]);
});

Deno.test("lastLines() goes further back for lines that are older, and to the start for what is not there", async () => {
  const { source, ask } = setUp();
  source.write("job/algo-1", NOW - 30 * HOUR_MS, { message: "old" });
  source.write("job/algo-1", NOW - 2 * HOUR_MS, { message: "new" });
  assert.deepEqual((await ask(1)).lines.map(({ message }) => message), ["new"]);
  assert.equal(source.queries.length, 5);
  const { lines, from } = await ask(3);
  assert.deepEqual([lines.map(({ message }) => message), from], [["old", "new"], NOW - 100 * HOUR_MS]);
});

Deno.test("lastLines() counts a line where two looks meet once", async () => {
  const { source, ask } = setUp();
  for (const ago of [60_001, 60_000, 59_999]) source.write("job/algo-1", NOW - ago);
  const { lines } = await ask(9);
  assert.deepEqual(lines.map(({ timestamp }) => NOW - timestamp), [60_001, 60_000, 59_999]);
});

Deno.test("lastLines() of none gives none, and knows what it passed over", async () => {
  const { source, ask } = setUp();
  const { id, timestamp } = source.write("job/algo-1", NOW - 1_000);
  assert.deepEqual(await ask(0), { lines: [], seen: [{ id, timestamp }], from: NOW - 60_000 });
});

Deno.test("lastLines() finds the last lines of the chosen host among any", async () => {
  const event = fc.record({ host: fc.constantFrom("algo-1", "algo-10", "algo-2"), ago: fc.nat(90 * HOUR_MS) });
  await fc.assert(
    fc.asyncProperty(fc.array(event), fc.nat(10), fc.integer({ min: 1, max: 9 }), async (events, count, pageSize) => {
      const { source, ask } = setUp();
      source.pageSize = pageSize;
      const written = events.map(({ host, ago }) => source.write(`job/${host}-1700000000`, NOW - ago));
      const times = written.filter(({ stream }) => stream.startsWith("job/algo-1-")).map(({ timestamp }) => timestamp);
      const expected = times.sort((a, b) => a - b).slice(Math.max(0, times.length - count));
      const { lines } = await ask(count, { host: "algo-1" });
      assert.deepEqual(lines.map(({ timestamp }) => timestamp), expected);
    }),
  );
});
