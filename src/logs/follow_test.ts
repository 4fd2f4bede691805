import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../runtime/fake_clock.ts";
import { FakeSource } from "./fake_source.ts";
import { follow, KEEP_MS } from "./follow.ts";
import type { JobEnd, JobView } from "./job_view.ts";
import { LineBuffer } from "./line_buffer.ts";
import { type LogLine, LogsError } from "./source.ts";

const START = Date.UTC(2024, 0, 1);
const STREAM = "job/algo-1-1700000000";

/** A follow that runs, of a job that has not started. */
function setUp(options: { from?: number; host?: string } = {}) {
  const clock = new FakeClock(START);
  const source = new FakeSource(clock);
  const out: LogLine[] = [];
  const controller = new AbortController();
  const job: JobView = {
    jobName: "job",
    region: "eu-west-1",
    hosts: 1,
    createdAt: START,
    word: "InProgress",
    isCreated: true,
  };
  const state: { error?: unknown; isOver: boolean } = { isOver: false };
  const start = () => {
    follow({
      source,
      buffer: new LineBuffer({ keepMs: KEEP_MS, holdMs: 5_000 }),
      choice: { host: options.host },
      from: options.from ?? START - 600_000,
      job: () => job,
      clock,
      print: (lines) => out.push(...lines),
      signal: controller.signal,
    }).catch((error) => state.error = error).finally(() => state.isOver = true);
  };
  const end = (outcome: JobEnd["outcome"] = "Completed") => job.end = { outcome, at: clock.now() };
  return { clock, source, out, controller, job, state, start, end, texts: () => out.map(({ message }) => message) };
}

Deno.test("a job that is not there yet is waited for without a call", async () => {
  const { clock, source, job, start, texts, state, controller } = setUp();
  job.isCreated = false;
  start();
  await clock.advance(60_000);
  assert.equal(source.queries.length, 0);
  job.isCreated = true;
  source.write(STREAM, START + 61_000, { message: "hello" });
  await clock.advance(10_000);
  assert.deepEqual(texts(), ["hello"]);
  assert.equal(source.queries[0]?.streamPrefix, "job/");
  controller.abort();
  await clock.advance(0);
  assert.deepEqual([state.isOver, clock.pendingTimers], [true, 0]);
});

Deno.test("it ends once the job has ended and nothing has come for 10 s", async () => {
  const { clock, source, start, end, texts, state } = setUp();
  source.write(STREAM, START + 10_000, { message: "first" });
  source.write(STREAM, START + 29_000, { message: "last", lag: 9_000 });
  start();
  await clock.advance(30_000);
  end();
  await clock.advance(16_000);
  assert.equal(state.isOver, false);
  await clock.advance(6_000);
  assert.equal(state.isOver, true);
  assert.deepEqual([state.error, texts()], [undefined, ["first", "last"]]);
});

Deno.test("it ends two minutes after the job, whatever still comes", async () => {
  const { clock, source, start, end, out, state } = setUp();
  for (let s = 0; s < 600; s++) source.write(STREAM, START + s * 1_000);
  start();
  await clock.advance(10_000);
  end();
  await clock.advance(125_000);
  assert.equal(state.isOver, true);
  assert.ok(out.length >= 120);
});

Deno.test("of a job that ended long ago the lines come at once", async () => {
  const { clock, source, start, end, texts, state } = setUp();
  source.write(STREAM, START, { message: "old" });
  end();
  await clock.advance(400_000);
  start();
  await clock.advance(0);
  assert.deepEqual([state.isOver, texts(), source.queries.length], [true, ["old"], 1]);
});

Deno.test("a line that arrives minutes late comes all the same", async () => {
  const { clock, source, start, texts } = setUp();
  source.write(STREAM, START + 1_000, { message: "late", lag: 120_000 });
  for (let s = 0; s < 140; s += 10) source.write(STREAM, START + s * 1_000, { message: `${s}` });
  start();
  await clock.advance(170_000);
  assert.deepEqual(texts().filter((text) => text === "late"), ["late"]);
});

Deno.test("most reads begin shortly before the newest line", async () => {
  const { clock, source, start, controller } = setUp();
  for (let s = 0; s < 300; s++) source.write(STREAM, START + s * 1_000);
  start();
  await clock.advance(290_000);
  controller.abort();
  const back = source.queries.slice(1).map(({ from }, i) => START + (i + 1) * 2_000 - from);
  assert.ok(back.filter((ms) => ms <= 20_000).length > 120, back.join());
  assert.ok(Math.max(...back) <= 190_000);
  assert.equal(source.queries.length, 146);
});

Deno.test("only the chosen host's lines come", async () => {
  const { clock, source, start, texts } = setUp({ host: "algo-1" });
  for (const host of ["algo-1", "algo-10", "algo-2"]) {
    source.write(`job/${host}-1700000000`, START + 1_000, { message: host });
  }
  start();
  await clock.advance(10_000);
  assert.deepEqual(texts(), ["algo-1"]);
});

Deno.test("an error that does not pass ends it, and so does the signal", async () => {
  const denied = setUp();
  denied.source.failures.push(new LogsError("refused", "No"));
  denied.start();
  await denied.clock.advance(0);
  assert.match(String(denied.state.error), /LogsError: No/);

  const aborted = setUp();
  aborted.start();
  await aborted.clock.advance(0);
  const reason = new Error("Ctrl-C");
  aborted.controller.abort(reason);
  await aborted.clock.advance(0);
  assert.equal(aborted.state.error, reason);
  assert.equal(aborted.clock.pendingTimers, 0);
});

Deno.test("three hosts, any lags up to the hold, any pages: every line once, in the order of time", async () => {
  const event = fc.record({ host: fc.integer({ min: 1, max: 3 }), at: fc.nat(120_000), lag: fc.nat(5_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 50 }), async (events, pageSize) => {
      const { clock, source, start, end, out, state } = setUp();
      source.pageSize = pageSize;
      const written = events.map(({ host, at, lag }) =>
        source.write(`job/algo-${host}-1700000000`, START + at, { lag }).id
      );
      start();
      await clock.advance(121_000);
      end();
      await clock.advance(40_000);
      assert.equal(state.isOver, true);
      assert.deepEqual(out.map(({ id }) => id).sort(), written.sort());
      const times = out.map(({ timestamp }) => timestamp);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});
