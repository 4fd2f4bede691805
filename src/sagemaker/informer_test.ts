import assert from "node:assert/strict";
import { type Failure, type Job, type JobRef, SageMakerError } from "../api/job.ts";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import type { SageMaker } from "./client.ts";
import { JobInformer } from "./informer.ts";

const THROTTLED: Failure = { retry: "soon", reason: "Throttled", code: "ThrottlingException", message: "Rate (id 1)" };
const DENIED: Failure = {
  retry: "person",
  reason: "AccessDenied",
  code: "AccessDeniedException",
  message: "No (id 2)",
};
const REF: JobRef = { region: "us-west-2", name: "job-a" };

function job(status: string, rest: Partial<Job> = {}): Job {
  return { name: "job-a", arn: "arn:a", status, ...rest };
}

type Answer = Job | undefined | Failure | Promise<Job | undefined>;

/** An informer over jobs that the test makes up; `calls` says what was asked for when. */
function setUp({ random = () => 0.5 }: { random?: () => number } = {}) {
  const clock = new FakeClock();
  const changes: string[] = [];
  const calls: [number, string][] = [];
  const answers = new Map<string, Answer>();
  const describe = async (name: string, signal?: AbortSignal) => {
    calls.push([clock.monotonic(), name]);
    signal?.throwIfAborted();
    const answer = answers.get(name);
    if (answer instanceof Promise) {
      return await new Promise<Job | undefined>((resolve, reject) => {
        answer.then(resolve, reject);
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
    if (answer && "retry" in answer) throw new SageMakerError(answer);
    return answer;
  };
  const informer = new JobInformer({
    sageMakerFor: () => ({ describe }) as unknown as SageMaker,
    clock,
    pollIntervalMs: 5_000,
    onChange: (key) => changes.push(key),
    random,
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  return {
    clock,
    informer,
    changes,
    calls,
    answers,
    /** Only the times of calls, in seconds. */
    times: () => calls.map(([at]) => at / 1000),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

Deno.test("JobInformer looks at a followed job at every interval and at no other", async () => {
  await using it = setUp();
  it.answers.set("job-a", job("InProgress"));
  await it.informer.look("b", { ...REF, name: "job-b" });
  it.informer.watch("a", REF);
  it.informer.watch("a", REF);
  await it.clock.advance(18_000);
  assert.deepEqual(it.calls.filter(([, name]) => name === "job-a").map(([at]) => at), [2_500, 7_500, 12_500, 17_500]);
  assert.equal(it.calls.length, 5);
});

Deno.test("JobInformer spreads first looks over the interval and waits a whole one after a look", async () => {
  const waits = [0, 0.2, 0.4, 0.6, 0.8];
  await using it = setUp({ random: () => waits.shift()! });
  for (let i = 0; i < 5; i++) it.informer.watch(`${i}`, { ...REF, name: `job-${i}` });
  await it.clock.advance(4_999);
  assert.deepEqual(it.times(), [0, 1, 2, 3, 4]);

  await using other = setUp({ random: () => 0 });
  other.answers.set("job-a", job("InProgress"));
  await other.informer.look("a", REF);
  other.informer.watch("a", REF);
  await other.clock.advance(5_000);
  assert.deepEqual(other.times(), [0, 5]);
});

Deno.test("JobInformer tells of news and only of news", async () => {
  await using it = setUp();
  it.informer.watch("a", REF);
  const steps: [string, Answer, boolean][] = [
    ["the job appears", job("InProgress"), true],
    ["nothing", job("InProgress"), false],
    ["only the time of modification moves", job("InProgress", { lastModifiedTime: 5 }), false],
    ["it starts", job("InProgress", { startTime: 1 }), true],
    ["a failure appears", DENIED, true],
    ["the same failure with another request id", { ...DENIED, message: "No (id 3)" }, false],
    ["another failure", { ...DENIED, code: "AccessDenied" }, true],
    ["the failure clears", job("InProgress", { startTime: 1 }), true],
    ["it stops", job("Stopping", { startTime: 1 }), true],
    ["it is gone", undefined, true],
    ["it is still gone", undefined, false],
    ["it is there after all", job("Stopping"), true],
    ["it fails", job("Failed", { failureReason: "AlgorithmError", endTime: 9 }), true],
  ];
  for (const [name, answer, news] of steps) {
    it.answers.set("job-a", answer);
    const looks = it.calls.length;
    it.changes.length = 0;
    while (it.calls.length === looks) await it.clock.advance(100);
    await settle();
    assert.deepEqual(it.changes, news ? ["a"] : [], name);
  }
});

Deno.test("JobInformer does not look again at a job that has ended, and keeps what it saw", async () => {
  await using it = setUp();
  it.answers.set("job-a", job("Completed", { endTime: 9 }));
  it.informer.watch("a", REF);
  await it.clock.advance(60_000);
  it.informer.watch("a", REF);
  await it.clock.advance(60_000);
  assert.equal(it.calls.length, 1);
  for (const answer of [job("InProgress"), undefined, DENIED]) {
    it.answers.set("job-a", answer);
    await it.informer.look("a", REF);
    assert.equal(it.informer.get("a", REF)?.job?.status, "Completed");
    assert.equal(it.informer.get("a", REF)?.absent, undefined);
  }
});

Deno.test("look() gives what it saw, without telling of it", async () => {
  await using it = setUp();
  const start = it.clock.now();
  assert.deepEqual(await it.informer.look("a", REF), { absent: { since: start, looks: 1 }, seenAt: start });
  await it.clock.advance(1_000);
  assert.deepEqual(await it.informer.look("a", REF), { absent: { since: start, looks: 2 }, seenAt: start + 1_000 });
  it.answers.set("job-a", DENIED);
  assert.deepEqual((await it.informer.look("a", REF)).failure, DENIED);
  assert.equal(it.informer.get("a", REF)?.absent?.looks, 2);
  it.answers.set("job-a", job("InProgress"));
  assert.deepEqual(await it.informer.look("a", REF), { job: job("InProgress"), seenAt: start + 1_000 });
  assert.deepEqual(it.changes, []);
});

Deno.test("look() throws the signal's reason and stores nothing", async () => {
  await using it = setUp();
  const reason = new Error("stopped");
  await assert.rejects(it.informer.look("a", REF, AbortSignal.abort(reason)), reason);
  assert.deepEqual(it.informer.get("a", REF), {});
});

Deno.test("record() wins against a look that was sent before it", async () => {
  await using it = setUp();
  const late = Promise.withResolvers<Job | undefined>();
  it.answers.set("job-a", late.promise);
  const look = it.informer.look("a", REF);
  await it.clock.advance(100);
  it.informer.record("a", REF, job("InProgress"), it.clock.now() - 50);
  late.resolve(undefined);
  assert.deepEqual(await look, { job: job("InProgress"), seenAt: it.clock.now() - 50 });
});

Deno.test("an answer that was sent before a later one was seen is ignored", async () => {
  await using it = setUp();
  const late = Promise.withResolvers<Job | undefined>();
  it.answers.set("job-a", late.promise);
  const first = it.informer.look("a", REF);
  await it.clock.advance(100);
  it.answers.set("job-a", job("Stopping"));
  await it.informer.look("a", REF);
  late.resolve(job("InProgress"));
  assert.equal((await first).job?.status, "Stopping");
});

Deno.test("a key stands for one job: another ref begins anew, and forget() drops what is known", async () => {
  await using it = setUp();
  it.answers.set("job-a", job("InProgress"));
  await it.informer.look("a", REF);
  const other = { ...REF, name: "job-b" };
  assert.equal(it.informer.get("a", other), undefined);
  it.informer.watch("a", other);
  assert.equal(it.informer.get("a", REF), undefined);
  await it.clock.advance(2_500);
  assert.deepEqual(it.calls.at(-1), [2_500, "job-b"]);
  it.informer.forget("a");
  assert.equal(it.informer.get("a", other), undefined);
  await it.clock.advance(60_000);
  assert.equal(it.calls.length, 2);
});

Deno.test("a forgotten key is told of nothing by a look on its way", async () => {
  await using it = setUp();
  const late = Promise.withResolvers<Job | undefined>();
  it.answers.set("job-a", late.promise);
  it.informer.watch("a", REF);
  await it.clock.advance(2_500);
  it.informer.forget("a");
  late.resolve(job("InProgress"));
  await settle();
  assert.deepEqual(it.changes, []);
});

Deno.test("JobInformer looks less and less often while looks fail, once a minute at the least", async () => {
  await using it = setUp({ random: () => 0 });
  it.answers.set("job-a", DENIED);
  it.informer.watch("a", REF);
  await it.clock.advance(200_000);
  assert.deepEqual(it.times(), [0, 10, 30, 70, 130, 190]);
  it.answers.set("job-a", job("InProgress"));
  await it.clock.advance(60_000);
  assert.deepEqual(it.times().slice(-3), [250, 255, 260]);
});

Deno.test("JobInformer slows a whole region down when it is throttled, and no other", async () => {
  await using it = setUp({ random: () => 0 });
  for (let i = 0; i < 20; i++) {
    it.answers.set(`job-${i}`, THROTTLED);
    it.informer.watch(`${i}`, { ...REF, name: `job-${i}` });
  }
  it.answers.set("far", job("InProgress"));
  it.informer.watch("far", { region: "eu-west-1", name: "far" });
  await it.clock.advance(60_000);
  const near = it.calls.filter(([, name]) => name !== "far");
  // Those that were under way together, then one at each doubled pause.
  assert.deepEqual(near.slice(10).map(([at]) => at / 1000), [10, 30]);
  assert.equal(it.calls.length - near.length, 13);
  for (let i = 0; i < 20; i++) it.answers.set(`job-${i}`, job("InProgress"));
  await it.clock.advance(60_000);
  assert.ok(it.calls.length > 12 + 13 + 20);
});

Deno.test("JobInformer has at most ten calls under way in a region, and a hanging region holds up no other", async () => {
  await using it = setUp({ random: () => 0 });
  const never = new Promise<Job | undefined>(() => {});
  for (let i = 0; i < 30; i++) {
    it.answers.set(`job-${i}`, never);
    it.informer.watch(`${i}`, { ...REF, name: `job-${i}` });
  }
  it.answers.set("far", job("InProgress"));
  it.informer.watch("far", { region: "eu-west-1", name: "far" });
  await it.clock.advance(5_000);
  assert.equal(it.calls.filter(([, name]) => name !== "far").length, 10);
  assert.equal(it.calls.filter(([, name]) => name === "far").length, 2);
});

Deno.test("JobInformer sets one timer however many jobs it follows", async () => {
  await using it = setUp({ random: () => 0.9 });
  for (let i = 0; i < 100; i++) it.informer.watch(`${i}`, { ...REF, name: `job-${i}` });
  assert.equal(it.clock.pendingTimers, 1);
});

Deno.test("a wall clock that is set back does not blind JobInformer", async () => {
  await using it = setUp();
  it.answers.set("job-a", job("InProgress"));
  await it.informer.look("a", REF);
  const now = it.clock.now.bind(it.clock);
  it.clock.now = () => now() - 3_600_000;
  it.answers.set("job-a", job("Stopping"));
  await it.clock.advance(10);
  assert.equal((await it.informer.look("a", REF)).job?.status, "Stopping");
});
