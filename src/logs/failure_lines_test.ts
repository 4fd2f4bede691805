import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { FailureLines, type FailureLinesOptions } from "./failure_lines.ts";
import { FakeSource } from "./fake_source.ts";
import { LogsError, type LogSource } from "./source.ts";

const START = Date.UTC(2024, 0, 1);
const regarding = {
  apiVersion: "v",
  kind: "ProcessingJob",
  namespace: "ns",
  name: "job",
  uid: "u",
  resourceVersion: "1",
};
const FAILED = { type: "Warning", reason: "Failed", action: "FollowJob", note: "Failed: why", regarding } as const;
const JOB = {
  jobName: "job-1",
  region: "eu-west-1",
  createdAt: START,
  environment: () => Promise.resolve<Record<string, string> | undefined>({}),
};
const CREATED = { ...FAILED, type: "Normal", reason: "Created", note: "Created it" } as const;

function setUp(changes: Partial<FailureLinesOptions> = {}, source?: LogSource) {
  const clock = new FakeClock(START);
  const fake = new FakeSource(clock);
  const notes: string[] = [];
  let [opened, closed] = [0, 0];
  const failureLines = new FailureLines({
    count: 2,
    clock,
    version: "1",
    env: () => undefined,
    jobOf: () => ({ ...JOB }),
    record: ({ note }) => notes.push(note),
    open() {
      opened++;
      const page: LogSource["page"] = (...args) => (source ?? fake).page(...args);
      return { page, [Symbol.dispose]: () => void closed++ };
    },
    ...changes,
  });
  return { clock, fake, notes, failureLines, counts: () => [opened, closed] };
}

Deno.test("the Event of a failure comes seconds later, with the last lines; others come at once", async () => {
  const { clock, fake, notes, failureLines, counts } = setUp();
  for (const [i, message] of ["one", "two", "three"].entries()) {
    fake.write("job-1/algo-1", START + i, { message, lag: 4_000 });
  }
  failureLines.record(FAILED);
  failureLines.record(CREATED);
  assert.deepEqual(notes, ["Created it"]);
  await clock.advance(5_000);
  assert.deepEqual(notes, ["Created it", "Failed: why\nLast log lines:\ntwo\nthree"]);
  failureLines.record(FAILED);
  await clock.advance(5_000);
  await failureLines.close();
  assert.deepEqual([counts(), clock.pendingTimers], [[1, 1], 0]);
});

Deno.test("lines hold no value of the job's environment, also where colours or the cut would hide it", async () => {
  const environment = () => Promise.resolve({ TOKEN: "correct-horse-battery" });
  const { clock, fake, notes, failureLines } = setUp({ jobOf: () => ({ ...JOB, environment }) });
  fake.write("job-1/algo-1", START, { message: "using correct-\x1b[1mhorse\x1b[0m-battery" });
  fake.write("job-1/algo-1", START + 1, {
    message: `${"x".repeat(900)} ${btoa("correct-horse-battery")} ${"y".repeat(880)}`,
  });
  failureLines.record(FAILED);
  await clock.advance(5_000);
  assert.equal(notes.length, 1);
  assert.match(notes[0]!, /x \(not shown\) y{880}$/);
  assert.ok(!/correct|horse|battery|Y29y|aG9y/.test(notes[0]!), notes[0]);
  await failureLines.close();
});

Deno.test("without the job's environment there are no lines: what to leave out isn't known", async () => {
  for (const environment of [() => Promise.resolve(undefined), () => Promise.reject(new Error("not allowed"))]) {
    const { clock, fake, notes, failureLines } = setUp({ jobOf: () => ({ ...JOB, environment }) });
    fake.write("job-1/algo-1", START, { message: "TOKEN=correct-horse" });
    failureLines.record(FAILED);
    await clock.advance(5_000);
    assert.deepEqual(notes, ["Failed: why"]);
    await failureLines.close();
  }
});

Deno.test("what can't be read leaves the Event as it is", async () => {
  const { clock, fake, notes, failureLines } = setUp();
  fake.failures.push(new LogsError("refused", "No"));
  failureLines.record(FAILED);
  await clock.advance(5_000);
  assert.deepEqual(notes, ["Failed: why"]);
});

Deno.test("an answer that never comes is waited for 5 s, and what was read by then counts", async () => {
  const line = { id: "1", stream: "job-1/algo-1", timestamp: START, message: "first window" };
  let calls = 0;
  const { clock, notes, failureLines } = setUp({}, {
    page: (_query, _token, signal) =>
      calls++ === 0
        ? Promise.resolve({ lines: [line] })
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  failureLines.record(FAILED);
  await clock.advance(9_999);
  assert.deepEqual(notes, []);
  await clock.advance(1);
  assert.deepEqual(notes, ["Failed: why\nLast log lines:\nfirst window"]);
});

Deno.test("closing hands on what is held back, as it is", async () => {
  const { clock, notes, failureLines } = setUp();
  failureLines.record(FAILED);
  await failureLines.close();
  assert.deepEqual([notes, clock.pendingTimers], [["Failed: why"], 0]);
});

Deno.test("of many failures at once, those past the twentieth are told without lines", () => {
  const { notes, failureLines } = setUp();
  for (let i = 0; i < 25; i++) failureLines.record(FAILED);
  assert.equal(notes.length, 5);
  return failureLines.close();
});

Deno.test("the Event of a resource that has gone passes at once", () => {
  const { notes, failureLines } = setUp({ jobOf: () => undefined });
  failureLines.record(FAILED);
  assert.deepEqual(notes, ["Failed: why"]);
});

Deno.test("dropIdle() closes the logs of regions where no job has failed for 10 minutes", async () => {
  let failed = 0;
  const { clock, failureLines, counts } = setUp({
    jobOf: () => ({ ...JOB, region: `region-${failed++}` }),
  });
  for (let i = 0; i < 5; i++) failureLines.record(FAILED);
  await clock.advance(10_000);
  assert.equal(failureLines.size, 5);
  await clock.advance(10 * 60_000);
  failureLines.dropIdle();
  assert.equal(failureLines.size, 0);
  assert.deepEqual(counts(), [5, 5]);
  await failureLines.close();
});
