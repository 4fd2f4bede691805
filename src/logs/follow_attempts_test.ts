import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { FakeSource } from "./fake_source.ts";
import { follow, KEEP_MS } from "./follow.ts";
import { followAttempts } from "./follow_attempts.ts";
import type { JobView } from "./job_view.ts";
import { LineBuffer } from "./line_buffer.ts";

const START = Date.UTC(2024, 0, 1);

function attempt(number: number): JobView {
  return {
    jobName: `job-r${number}`,
    region: "eu-west-1",
    hosts: 1,
    createdAt: START,
    word: "InProgress",
    isCreated: true,
  };
}

/** A resource with attempts that a test begins and ends, and the lines that come of them. */
function setUp() {
  const clock = new FakeClock(START);
  const source = new FakeSource(clock);
  const views = [attempt(1)];
  const [out, moves]: [string[], string[]] = [[], []];
  const attempts = {
    get latest() {
      return views.length;
    },
    viewOf: (number: number) => views[number - 1]!,
  };
  const following = followAttempts(attempts, 1, {
    followOne: (job) =>
      follow({
        source,
        buffer: new LineBuffer({ keepMs: KEEP_MS, holdMs: 2_000 }),
        choice: {},
        from: START - 600_000,
        job,
        clock,
        print: (lines) => out.push(...lines.map(({ message }) => message)),
        signal: new AbortController().signal,
      }),
    onNext: ({ jobName }, next) => moves.push(`${jobName} -> ${next}`),
  });
  const write = (number: number, afterMs: number, message: string, lag = 0) =>
    source.write(`job-r${number}/algo-1-1700000000`, clock.now() + afterMs, { message, lag });
  return { clock, views, out, moves, following, write };
}

Deno.test("the last lines of an attempt that is retried come before those of the next", async () => {
  const { clock, views, out, moves, following, write } = setUp();
  write(1, 1_000, "first");
  await clock.advance(10_000);
  write(1, 0, "Traceback", 8_000);
  views[0]!.end = { outcome: "Failed", at: clock.now() };
  views.push(attempt(2));
  write(2, 1_000, "second");
  await clock.advance(60_000);
  assert.deepEqual([out, moves], [["first", "Traceback", "second"], ["job-r1 -> 2"]]);
  views[1]!.end = { outcome: "Completed", at: clock.now() };
  await clock.advance(30_000);
  assert.equal((await following).jobName, "job-r2");
});

Deno.test("attempts that pass while one is read to its end are read too", async () => {
  const { clock, views, out, following, write } = setUp();
  write(1, 1_000, "one");
  write(2, 2_000, "two");
  write(3, 3_000, "three");
  await clock.advance(4_000);
  views[0]!.end = { outcome: "Failed", at: clock.now() };
  views.push({ ...attempt(2), end: { outcome: "Failed", at: clock.now() } });
  views.push({ ...attempt(3), end: { outcome: "Completed", at: clock.now() } });
  await clock.advance(120_000);
  await following;
  assert.deepEqual(out, ["one", "two", "three"]);
});
