import assert from "node:assert/strict";
import fc from "fast-check";
import { LineBuffer } from "./line_buffer.ts";
import type { LogLine } from "./source.ts";

const OPTIONS = { keepMs: 60_000, holdMs: 5_000 };

function line(id: string, timestamp: number): LogLine {
  return { id, stream: "job/algo-1", timestamp, message: id };
}

const idsOf = (lines: LogLine[]) => lines.map(({ id }) => id).join(" ");

Deno.test("a line is let go 5 s after it came, with all that are older", () => {
  const buffer = new LineBuffer(OPTIONS);
  buffer.add([line("b", 2_000)], 0);
  buffer.add([line("a", 1_000), line("c", 3_000)], 4_000);
  assert.equal(idsOf(buffer.release(4_999)), "");
  assert.equal(idsOf(buffer.release(5_000)), "a b");
  assert.equal(idsOf(buffer.release(8_999)), "");
  assert.equal(idsOf(buffer.release(9_000)), "c");
});

Deno.test("a line is let go at once where one is there that was written 5 s later", () => {
  const buffer = new LineBuffer(OPTIONS);
  buffer.add([line("a", 1_000), line("b", 1_001), line("c", 6_000)], 0);
  assert.equal(idsOf(buffer.release(0)), "a");
});

Deno.test("a line that comes again is passed over, before and after it was let go", () => {
  const buffer = new LineBuffer(OPTIONS);
  assert.equal(buffer.add([line("a", 0), line("a", 0)], 0), 1);
  assert.equal(buffer.add([line("a", 0)], 0), 0);
  assert.equal(idsOf(buffer.drain()), "a");
  assert.equal(buffer.add([line("a", 0)], 0), 0);
  assert.equal(idsOf(buffer.drain()), "");
});

Deno.test("lines of one moment keep the order in which they came", () => {
  const buffer = new LineBuffer(OPTIONS);
  buffer.add([line("c", 1), line("a", 1), line("b", 1)], 0);
  assert.equal(idsOf(buffer.drain()), "c a b");
});

Deno.test("a line that comes too late is let go at once, and those after it are held back for longer", () => {
  const buffer = new LineBuffer(OPTIONS);
  buffer.add([line("b", 12_000)], 0);
  assert.equal(idsOf(buffer.release(5_000)), "b");
  buffer.add([line("a", 9_000), line("c", 13_000)], 6_000);
  assert.equal(idsOf(buffer.release(6_000)), "a");
  assert.equal(idsOf(buffer.release(13_999)), "");
  assert.equal(idsOf(buffer.release(14_000)), "c");
});

Deno.test("lines that were skipped do not come", () => {
  const buffer = new LineBuffer(OPTIONS);
  buffer.skip([line("a", 1), line("b", 2)]);
  buffer.add([line("a", 1), line("b", 2), line("c", 3)], 0);
  assert.equal(idsOf(buffer.drain()), "c");
  assert.equal(buffer.newest, 3);
});

Deno.test("a long history goes out in its order before all of it is there", () => {
  const buffer = new LineBuffer(OPTIONS);
  const out: number[] = [];
  for (let start = 0; start < 200_000; start += 10_000) {
    buffer.add(Array.from({ length: 10_000 }, (_, i) => line(`${start + i}`, start + i)), 0);
    for (const { timestamp } of buffer.overflow()) out.push(timestamp);
  }
  assert.ok(out.length >= 150_000);
  for (const { timestamp } of buffer.drain()) out.push(timestamp);
  assert.deepEqual(out, Array.from({ length: 200_000 }, (_, i) => i));
});

Deno.test("whatever the order in which lines arrive, each goes out once, sorted where none is later than the hold", () => {
  const arrival = fc.record({ at: fc.nat(30_000), lag: fc.nat(5_000), again: fc.nat(3_000) });
  fc.assert(fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
    const buffer = new LineBuffer(OPTIONS);
    const out: LogLine[] = [];
    const lines = arrivals.map(({ at, lag, again }, i) => ({
      line: line(`${i}`, at),
      seen: [at + lag, at + lag + again],
    }));
    for (let now = 0; now <= 45_000; now += 500) {
      for (const { line, seen } of lines) {
        if (seen.some((time) => time <= now && time > now - 500)) buffer.add([line], now);
      }
      out.push(...buffer.release(now));
    }
    assert.equal(new Set(out.map(({ id }) => id)).size, arrivals.length);
    assert.equal(out.length, arrivals.length);
    assert.deepEqual(
      out.map(({ timestamp }) => timestamp),
      out.map(({ timestamp }) => timestamp).sort((a, b) => a - b),
    );
  }));
});
