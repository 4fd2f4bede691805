import assert from "node:assert/strict";
import { FakeClock, settle } from "../../runtime/fake_clock.ts";
import { CallBudgets } from "../budget.ts";
import type { SageMaker } from "../client.ts";
import { LIST_MODES } from "../stand_in/list.ts";
import { FakeRegion, refOf, REGION } from "./fake_region.ts";
import { JobInformer } from "./informer.ts";

const DENIED = { kind: "error", code: "AccessDeniedException", message: "No" } as const;

/** The keys told of, in order. */
function keys(it: FakeRegion): string[] {
  return it.told.map(({ key }) => key);
}

/** Enough jobs that lists are worth their while. */
function followMany(it: FakeRegion, count = 5): void {
  for (let index = 0; index < count; index++) it.createAndFollow(`job-${index}`);
}

Deno.test("JobInformer tells once of each end, with what lists leave out", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(10_000);
  assert.deepEqual(keys(it), []);
  it.end("job-1", "Completed");
  it.end("job-2", "Failed");
  await it.clock.advance(1_100);
  // The newest first.
  assert.deepEqual(keys(it), ["job-2", "job-1"]);
  await it.clock.advance(60_000);
  const { status, startTime, endTime, isSummary } = it.known("job-2")!;
  assert.equal(status, "Failed");
  assert.deepEqual([typeof startTime, typeof endTime, isSummary], ["number", "number", undefined]);
  assert.deepEqual(keys(it), ["job-2", "job-1"]);
});

Deno.test("JobInformer describes a single job, at every interval", async () => {
  await using it = new FakeRegion();
  it.createAndFollow("job");
  await it.clock.advance(10_500);
  assert.deepEqual(it.calls.map(({ at, operation }) => [at, operation]).slice(0, 2), [
    [1_000, "DescribeProcessingJob"],
    [2_000, "DescribeProcessingJob"],
  ]);
  assert.equal(it.calls.length, 10);
  it.end("job");
  await it.clock.advance(60_000);
  assert.equal(it.calls.length, 11);
  // A list would not have shown when it began.
  assert.deepEqual(keys(it), ["job", "job"]);
  assert.equal(it.known("job")?.status, "Completed");
});

Deno.test("JobInformer calls nobody when no job is followed", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  for (let index = 0; index < 5; index++) {
    if (index % 2 === 0) it.informer.forget(`job-${index}`);
    else it.end(`job-${index}`);
  }
  await it.clock.advance(5_000);
  const calls = it.calls.length;
  await it.clock.advance(3_600_000);
  assert.equal(it.calls.length, calls);
  assert.equal(it.informer.oldestLookMs(), undefined);
});

Deno.test("JobInformer tells of a stop that others began, and of its end", async () => {
  await using it = new FakeRegion({ stopMs: 5_000 });
  followMany(it);
  await it.clock.advance(5_000);
  it.stop("job-3");
  await it.clock.advance(1_100);
  assert.deepEqual([keys(it), it.known("job-3")?.status], [["job-3"], "Stopping"]);
  await it.clock.advance(5_000);
  assert.deepEqual([keys(it), it.known("job-3")?.status], [["job-3", "job-3"], "Stopped"]);
});

Deno.test("JobInformer finds jobs that it is told to follow and has never seen, and tells of each", async () => {
  for (const count of [1, 3, 250]) {
    await using it = new FakeRegion();
    for (let index = 0; index < count; index++) it.create(`job-${index}`, index % 10 === 9 ? 1_000 : undefined);
    await it.clock.advance(60_000);
    for (let index = 0; index < count; index++) it.follow(`job-${index}`);
    assert.deepEqual(it.informer.get("job-0", refOf("job-0")), {});
    await it.clock.advance(3_000);
    assert.equal(new Set(keys(it)).size, count);
    assert.equal(it.told.length, count);
    for (let index = 0; index < count; index++) {
      assert.equal(it.known(`job-${index}`)?.status, index % 10 === 9 ? "Completed" : "InProgress");
    }
    // A sweep for all, and a Describe for each that wasn't in it.
    assert.ok(it.calls.length <= count / 10 + 15, `${it.calls.length} calls for ${count} jobs`);
  }
});

Deno.test("JobInformer sees what happened to a job between its last look and being followed", async () => {
  for (let second = 0; second < 12; second++) {
    await using it = new FakeRegion();
    followMany(it);
    it.create("recent");
    it.create("old");
    await it.look("old");
    it.end("old");
    await it.clock.advance(90_000 + second * 1_000);
    await it.look("recent");
    it.end("recent");
    await it.clock.advance(30_000);
    it.follow("old");
    it.follow("recent");
    await it.clock.advance(1_300);
    const ended = ["old", "recent"].map((name) => it.known(name)?.status);
    assert.deepEqual(ended, ["Completed", "Completed"], `after ${second} s`);
  }
});

Deno.test("JobInformer tells when a job is gone, looks for it every 15 s, and tells when it is there", async () => {
  await using it = new FakeRegion();
  followMany(it);
  it.follow("job-x");
  await it.clock.advance(1_000);
  assert.deepEqual(keys(it), ["job-x"]);
  assert.equal(it.informer.get("job-x", refOf("job-x"))?.absent?.looks, 1);
  await it.clock.advance(60_000);
  assert.equal(it.informer.get("job-x", refOf("job-x"))?.absent?.looks, 5);
  it.create("job-x");
  await it.clock.advance(1_100);
  assert.deepEqual(keys(it), ["job-x", "job-x"]);
  assert.equal(it.known("job-x")?.status, "InProgress");
});

Deno.test("details: who doesn't want them is told at once, and none are asked for", async () => {
  await using it = new FakeRegion();
  for (let index = 0; index < 5; index++) it.createAndFollow(`job-${index}`, undefined, false);
  it.follow("job-1", true);
  it.follow("job-2", true);
  it.follow("job-2", false);
  await it.clock.advance(5_000);
  for (const name of ["job-0", "job-1", "job-2"]) it.end(name);
  const described = it.count("DescribeProcessingJob");
  await it.clock.advance(1_100);
  assert.deepEqual(keys(it), ["job-2", "job-0", "job-1"]);
  assert.deepEqual(["job-0", "job-1", "job-2"].map((name) => it.known(name)?.isSummary), [true, undefined, true]);
  assert.equal(it.count("DescribeProcessingJob"), described + 1);
});

Deno.test("details: a key is told without them after 2 s, and again when they come", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  it.faults({ fault: { kind: "latency", ms: 4_000 }, operation: "DescribeProcessingJob" });
  it.end("job-1");
  await it.clock.advance(1_900);
  assert.deepEqual(keys(it), []);
  await it.clock.advance(1_200);
  assert.deepEqual([keys(it), it.known("job-1")?.isSummary], [["job-1"], true]);
  await it.clock.advance(3_000);
  assert.deepEqual([keys(it), it.known("job-1")?.isSummary], [["job-1", "job-1"], undefined]);
});

Deno.test("a job's texts, which lists have without its environment, are asked for also where its start is known already", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  for (const name of ["job-1", "job-2", "job-3"]) await it.look(name);
  assert.equal(typeof it.known("job-1")?.startTime, "number");
  it.end("job-1", "Failed", { failureReason: "AlgorithmError: out of memory" });
  it.end("job-2", "Completed", { exitMessage: "all rows written" });
  it.end("job-3", "Failed", { failureReason: "CapacityError: no capacity" });
  const described = it.count("DescribeProcessingJob");
  await it.clock.advance(10_000);
  assert.equal(it.known("job-1")?.failureReason, "AlgorithmError: out of memory");
  assert.equal(it.known("job-2")?.exitMessage, "all rows written");
  assert.equal(it.known("job-3")?.failureReason, "CapacityError: no capacity");
  assert.equal(it.count("DescribeProcessingJob"), described + 2);
  for (const name of ["job-1", "job-2", "job-3"]) {
    assert.ok(!("isSummary" in it.known(name)!) && !("hasMoreText" in it.known(name)!), name);
  }
});

Deno.test("details that fail are asked for again with growing pauses, until the key is forgotten", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  it.faults({ fault: DENIED, operation: "DescribeProcessingJob" });
  it.end("job-1");
  await it.clock.advance(30 * 60_000);
  const looks = it.calls.filter(({ request }) => request.ProcessingJobName === "job-1").map(({ at }) => at / 1_000);
  const pauses = looks.slice(1).map((at, index) => at - looks[index]!);
  assert.ok(pauses[0]! < 2 && pauses.at(-1)! >= 299 && pauses.at(-1)! <= 301, `${pauses}`);
  assert.deepEqual(keys(it), ["job-1"]);
  it.informer.forget("job-1");
  await it.clock.advance(30 * 60_000);
  assert.equal(it.calls.filter(({ request }) => request.ProcessingJobName === "job-1").length, looks.length);
});

Deno.test("details: a record that is deleted after the end leaves what the list showed", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  it.faults({ fault: { kind: "latency", ms: 500 }, operation: "DescribeProcessingJob" });
  it.end("job-1");
  await it.clock.advance(1_100);
  it.delete("job-1");
  await it.clock.advance(10_000);
  assert.deepEqual(keys(it), ["job-1"]);
  assert.deepEqual([it.known("job-1")?.status, it.known("job-1")?.isSummary], ["Completed", undefined]);
});

Deno.test("what has ended stays as it ended", async () => {
  await using it = new FakeRegion();
  it.create("job", 1_000);
  await it.clock.advance(2_000);
  assert.equal((await it.look("job")).job?.status, "Completed");
  it.faults({ fault: { kind: "stale", ms: 1_500 } });
  assert.equal((await it.look("job")).job?.status, "Completed");
  it.faults({ fault: DENIED });
  assert.equal((await it.look("job")).failure?.reason, "AccessDenied");
  it.faults();
  it.delete("job");
  assert.deepEqual([(await it.look("job")).job?.status, (await it.look("job")).absent], ["Completed", undefined]);
});

Deno.test("look() gives what it saw, without telling of it", async () => {
  await using it = new FakeRegion({ latencyMs: 0 });
  const look = () => it.look("a");
  const start = it.clock.now();
  assert.deepEqual(await look(), { absent: { since: start, looks: 1 }, seenAt: start });
  await it.clock.advance(1_000);
  assert.deepEqual(await look(), { absent: { since: start, looks: 2 }, seenAt: start + 1_000 });
  it.faults({ fault: DENIED });
  const { absent, failure } = await look();
  assert.deepEqual([absent?.looks, failure?.reason], [2, "AccessDenied"]);
  it.faults();
  it.create("a");
  const { job, seenAt } = await look();
  assert.deepEqual([job?.status, seenAt], ["InProgress", start + 1_000]);
  assert.deepEqual(it.told, []);
});

Deno.test("look() throws the signal's reason and stores nothing", async () => {
  await using it = new FakeRegion();
  const reason = new Error("stopped");
  await assert.rejects(it.informer.look("a", refOf("a"), AbortSignal.abort(reason)), reason);
  assert.deepEqual(it.informer.get("a", refOf("a")), {});
});

Deno.test("record() wins against a look that was sent before it", async () => {
  await using it = new FakeRegion();
  it.faults({ fault: { kind: "latency", ms: 1_000, applied: true } });
  const look = it.informer.look("a", refOf("a"));
  await it.clock.advance(100);
  const sentAt = it.clock.now() - 50;
  it.informer.record("a", refOf("a"), { name: "a", arn: "arn", status: "InProgress" }, sentAt);
  await it.clock.advance(2_000);
  assert.deepEqual(await look, { job: { name: "a", arn: "arn", status: "InProgress" }, seenAt: sentAt });
});

Deno.test("an answer that was sent before a later one was seen is ignored", async () => {
  await using it = new FakeRegion();
  it.faults({ fault: { kind: "latency", ms: 1_000, applied: true }, times: 1 });
  const first = it.informer.look("a", refOf("a"));
  await it.clock.advance(100);
  it.create("a");
  const second = it.informer.look("a", refOf("a"));
  await it.clock.advance(2_000);
  assert.equal((await second).job?.status, "InProgress");
  assert.equal((await first).job?.status, "InProgress");
});

Deno.test("a key stands for one job: another ref begins anew, and forget() drops what is known", async () => {
  await using it = new FakeRegion();
  it.createAndFollow("a");
  it.create("b");
  assert.equal(it.informer.get("a", refOf("b")), undefined);
  it.informer.watch("a", refOf("b"), { details: true, createdAfter: it.start });
  assert.equal(it.informer.get("a", refOf("a")), undefined);
  await it.clock.advance(3_000);
  assert.deepEqual(new Set(it.calls.map(({ request }) => request.ProcessingJobName)), new Set(["b"]));
  const { length } = it.calls;
  it.informer.forget("a");
  assert.equal(it.informer.get("a", refOf("b")), undefined);
  await it.clock.advance(60_000);
  assert.equal(it.calls.length, length);
});

Deno.test("a forgotten key is told of nothing by calls on their way", async () => {
  await using it = new FakeRegion({ latencyMs: 500 });
  followMany(it);
  await it.clock.advance(5_100);
  for (let index = 0; index < 5; index++) it.end(`job-${index}`);
  await it.clock.advance(800);
  for (let index = 0; index < 5; index++) it.informer.forget(`job-${index}`);
  await it.clock.advance(10_000);
  await settle();
  assert.deepEqual(it.told, []);
});

Deno.test("get() says when the job was last covered, by whatever look", async () => {
  await using it = new FakeRegion();
  followMany(it);
  const seenAt = (name: string) => it.clock.now() - it.informer.get(name, refOf(name))!.seenAt!;
  await it.clock.advance(10_500);
  assert.ok(seenAt("job-1") < 1_100);
  it.createAndFollow("late");
  await it.clock.advance(100);
  assert.equal(seenAt("late"), 100);
  await it.clock.advance(2_000);
  assert.ok(seenAt("late") < 1_100);
  assert.ok(it.informer.oldestLookMs()! < 1_100);
});

Deno.test("a wall clock that is set back does not blind JobInformer", async () => {
  await using it = new FakeRegion();
  followMany(it);
  await it.clock.advance(5_000);
  const now = it.clock.now.bind(it.clock);
  // SageMaker's own clock stays.
  it.service.clockOffsetMs = 3_600_000;
  it.clock.now = () => now() - 3_600_000;
  await it.clock.advance(5_000);
  it.end("job-1");
  await it.clock.advance(1_100);
  assert.deepEqual(keys(it), ["job-1"]);
});

Deno.test("regions are looked at apart: one that does not answer holds up no other", async () => {
  await using it = new FakeRegion();
  followMany(it);
  const far = { region: "eu-west-1", name: "far" };
  it.informer.watch("far", far, { details: true, createdAfter: it.start });
  it.faults({ fault: { kind: "hang" }, operation: "DescribeProcessingJob", job: "far" });
  await it.clock.advance(5_000);
  it.end("job-1");
  await it.clock.advance(1_600);
  assert.equal(it.known("job-1")?.status, "Completed");
});

Deno.test("JobInformer sets a handful of timers, however many jobs it follows", async () => {
  await using it = new FakeRegion();
  followMany(it, 1_000);
  await it.clock.advance(5_000);
  for (let index = 0; index < 500; index++) it.end(`job-${index}`);
  await it.clock.advance(900);
  // Those of calls under way are the stand-in's.
  assert.ok(it.clock.pendingTimers <= 15, `${it.clock.pendingTimers}`);
});

/** An informer of regions where no job is ever found. */
function informerOfNothing(describe: SageMaker["describe"] = () => Promise.resolve(undefined)) {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const budgets = new CallBudgets({ clock });
  const list = () => Promise.resolve({ jobs: [] });
  const informer = new JobInformer({
    sageMakerFor: () => ({ describe, list } as unknown as SageMaker),
    clock,
    pollIntervalMs: 1_000,
    stalenessMs: 30_000,
    budgets,
    onChange: () => {},
  });
  const running = informer.run(stopping.signal);
  return { clock, informer, running, stopping };
}

Deno.test("JobInformer.dropIdle() ends the polls of 1,500 invented regions and endpoints that no key names any more", async () => {
  const { clock, informer, running, stopping } = informerOfNothing();
  const refOf = (i: number) => ({ name: "job", region: `invented-${i}`, endpoint: `https://${i}.example.com` });
  const timersBefore = clock.pendingTimers;
  for (let i = 0; i < 1_500; i++) {
    await informer.look(`ns/${i}`, refOf(i));
    informer.watch(`ns/${i}`, refOf(i), { details: true, createdAfter: 0 });
  }
  for (let i = 1; i < 1_500; i++) informer.forget(`ns/${i}`);
  await clock.advance(10 * 60_000);
  informer.dropIdle();
  assert.equal(informer.size, 2, "one key, at one site");
  informer.forget("ns/0");
  await clock.advance(10 * 60_000);
  informer.dropIdle();
  assert.equal(informer.size, 0);
  assert.equal(clock.pendingTimers, timersBefore);
  stopping.abort();
  await running;
});

Deno.test("JobInformer follows a job again at a site that it had dropped", async () => {
  let calls = 0;
  const { clock, informer, running, stopping } = informerOfNothing(() => {
    calls++;
    return Promise.resolve(undefined);
  });
  const ref = { name: "job", region: "us-west-2" };
  informer.watch("ns/a", ref, { details: true, createdAfter: 0 });
  await clock.advance(10_000);
  informer.forget("ns/a");
  await clock.advance(10 * 60_000);
  informer.dropIdle();
  calls = 0;
  informer.watch("ns/b", ref, { details: true, createdAfter: 0 });
  await clock.advance(10_000);
  assert.ok(calls > 0);
  stopping.abort();
  await running;
});

Deno.test("JobInformer.run() ends after the calls of sites that it has dropped", async () => {
  const answer = Promise.withResolvers<undefined>();
  const { clock, informer, running, stopping } = informerOfNothing(() => answer.promise);
  informer.watch("ns/a", { name: "job", region: "us-west-2" }, { details: true, createdAfter: 0 });
  await clock.advance(10_000);
  informer.forget("ns/a");
  await clock.advance(10 * 60_000);
  informer.dropIdle();
  assert.equal(informer.size, 0);
  let hasEnded = false;
  running.then(() => hasEnded = true);
  stopping.abort();
  await settle();
  assert.equal(hasEnded, false);
  answer.resolve(undefined);
  await running;
});

Deno.test("lists that were not worth it for few jobs are used for the many that come while one is under way", async () => {
  for (const lists of LIST_MODES) {
    await using it = new FakeRegion({ lists });
    it.faults({ fault: { kind: "latency", ms: 2_000 }, operation: "ListProcessingJobs" });
    for (let index = 0; index < 2; index++) it.createAndFollow(`few-${index}`);
    it.service.createForeign(REGION, 400, 20_000);
    await it.clock.advance(500);
    followMany(it, 150);
    await it.clock.advance(4_000);
    it.faults();
    await it.clock.advance(6_000);
    for (const name of ["few-0", "job-7", "job-100"]) it.end(name);
    await it.clock.advance(6_500);
    for (const name of ["few-0", "job-7", "job-100"]) assert.equal(it.known(name)?.status, "Completed", name);
  }
});

Deno.test("a job that is followed some time after it was recorded says nothing of how late lists are", async () => {
  for (const lists of LIST_MODES) {
    await using it = new FakeRegion({ lists });
    followMany(it);
    await it.clock.advance(3_000);
    it.create("job");
    const { arn } = it.service.find(REGION, "job");
    it.informer.record("job", refOf("job"), { name: "job", arn, status: "InProgress" }, it.clock.now());
    // Lists show it meanwhile, and are not asked.
    await it.clock.advance(5_000);
    it.follow("job");
    await it.clock.advance(2_500);
    assert.ok(it.informer.oldestLookMs()! <= 1_500, `${it.informer.oldestLookMs()}`);
  }
});
