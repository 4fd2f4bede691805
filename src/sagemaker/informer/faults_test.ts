import assert from "node:assert/strict";
import type { FaultRule } from "../stand_in/faults.ts";
import { LIST_MODES } from "../stand_in/list.ts";
import { FakeRegion, refOf, REGION } from "./fake_region.ts";

const MINUTE = 60_000;
const LIST = "ListProcessingJobs";
const DENIED: FaultRule["fault"] = { kind: "error", code: "AccessDeniedException", message: "No" };

/** Ends jobs, some at a time, and gives how long each took to be told; no number for those that were not. */
async function delaysOfEnds(it: FakeRegion, names: string[], { atOnce = 10, everyMs = 2_000, patienceMs = 0 } = {}) {
  const ended = new Map<string, number>();
  for (let index = 0; index < names.length; index += atOnce) {
    for (const name of names.slice(index, index + atOnce)) {
      it.end(name);
      ended.set(name, it.clock.monotonic());
    }
    await it.clock.advance(everyMs);
  }
  await it.clock.advance(patienceMs);
  return [...ended].map(([name, at]) => {
    return (it.told.find((told) => told.key === name && told.at >= at)?.at ?? Infinity) - at;
  });
}

function followMany(it: FakeRegion, count: number): string[] {
  const names = Array.from({ length: count }, (_, index) => `job-${index}`);
  for (const name of names) it.createAndFollow(name);
  return names;
}

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: lists that lag by 10 s, begun before the jobs: ends are told so late, and the age of the oldest look says so`, async () => {
    await using it = new FakeRegion({ lists });
    it.faults({ fault: { kind: "stale", ms: 10_000 }, operation: LIST });
    const names = followMany(it, 200);
    await it.clock.advance(30_000);
    const age = it.informer.oldestLookMs()!;
    assert.ok(age > 9_000 && age < 13_000, `${age}`);
    const delays = await delaysOfEnds(it, names, { patienceMs: 20_000 });
    assert.ok(Math.max(...delays) <= 12_000 && Math.min(...delays) > 9_000, `${delays}`);
  });
}

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: lists that begin to lag: what ordinary polls miss longer ones find, and then polls reach back further`, async () => {
    await using it = new FakeRegion({ lists });
    const names = followMany(it, 200);
    await delaysOfEnds(it, names.splice(0, 20));
    it.faults({ fault: { kind: "stale", ms: 10_000 }, operation: LIST });
    const delays = await delaysOfEnds(it, names, { atOnce: 5, patienceMs: 30_000 });
    assert.ok(Math.max(...delays) <= 25_000, `${delays}`);
    assert.ok(Math.max(...delays.slice(60)) <= 12_000, `${delays.slice(60)}`);
  });
}

for (
  const [lists, minutes] of [-10, -2, 2, 10, 24 * 60].flatMap((minutes) =>
    LIST_MODES.map((lists) => [lists, minutes] as const)
  )
) {
  Deno.test(`lists ${lists}: SageMaker's clock is ${minutes} minutes ahead of ours: ends are told as soon as ever`, async () => {
    await using it = new FakeRegion({ lists });
    it.service.clockOffsetMs = minutes * MINUTE;
    // A page of a late list shows a hundred; polls are used for more.
    const names = followMany(it, lists === "late" ? 100 : 200);
    await it.clock.advance(5_000);
    const delays = await delaysOfEnds(it, names, { patienceMs: 5_000 });
    assert.ok(Math.max(...delays) <= 1_300, `${delays}`);
    assert.ok(it.count(LIST) <= 60);
  });
}

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: SageMaker's clock is set back by 2 minutes: a sweep finds the first end, after that polls find them`, async () => {
    await using it = new FakeRegion({ lists });
    const names = followMany(it, lists === "late" ? 100 : 200);
    await it.clock.advance(3 * MINUTE);
    await delaysOfEnds(it, names.splice(0, 10));
    it.service.clockOffsetMs = -2 * MINUTE;
    const [first] = await delaysOfEnds(it, names.splice(0, 1), { patienceMs: 10 * MINUTE });
    assert.ok(first! <= 10 * MINUTE, `${first}`);
    const delays = await delaysOfEnds(it, names, { patienceMs: 5_000 });
    assert.ok(Math.max(...delays) <= 1_300, `${delays}`);
  });
}

const BROKEN: [name: string, rules: FaultRule[], boundMs: number][] = [
  ["repeats its tokens", [{ fault: { kind: "repeat-token" }, operation: LIST }], 65_000],
  ["never ends", [{ fault: { kind: "endless" }, operation: LIST }], 65_000],
  ["hangs", [{ fault: { kind: "hang" }, operation: LIST, page: "later" }], 100_000],
  ["is refused", [{ fault: { kind: "error", code: "ValidationException" }, operation: LIST, page: "later" }], 65_000],
  ["is reset", [{ fault: { kind: "reset" }, operation: LIST, page: "later" }], 65_000],
];

for (
  const [lists, [name, rules, boundMs]] of BROKEN.flatMap((fault) => LIST_MODES.map((lists) => [lists, fault] as const))
) {
  Deno.test(`lists ${lists}: paging ${name}: every end is told all the same`, async () => {
    await using it = new FakeRegion({ lists });
    it.service.createForeign(REGION, 5_000, 365 * 24 * 60 * MINUTE);
    const names = followMany(it, 300);
    it.faults(...rules);
    await it.clock.advance(30_000);
    const delays = await delaysOfEnds(it, names, { atOnce: 150, everyMs: 60_000, patienceMs: 2 * MINUTE });
    assert.ok(Math.max(...delays) <= boundMs, `${Math.max(...delays)}`);
    it.faults();
    const more = followMany(it, 100).map((name) => name);
    await it.clock.advance(2 * MINUTE);
    assert.equal(more.length, 100);
    assert.ok(it.informer.oldestLookMs() === undefined || it.informer.oldestLookMs()! <= 2_000);
  });
}

Deno.test("a List that is throttled is asked as often as it allows, and ends are told", async () => {
  await using it = new FakeRegion();
  it.faults({ fault: { kind: "throttle", perSecond: 0.5 }, operation: LIST });
  const names = followMany(it, 50);
  await it.clock.advance(2 * MINUTE);
  const from = it.clock.monotonic();
  const delays = await delaysOfEnds(it, names.slice(0, 40), { patienceMs: 2 * MINUTE });
  assert.ok(Math.max(...delays) <= 15_000, `${delays}`);
  const perSecond = it.count(LIST, from) / (it.clock.monotonic() - from) * 1_000;
  assert.ok(perSecond <= 0.65, `${perSecond} lists a second`);
});

Deno.test("a List that is denied: jobs are described one by one, ten a second at most, until lists are allowed", async () => {
  await using it = new FakeRegion();
  it.faults({ fault: DENIED, operation: LIST });
  const names = followMany(it, 100);
  await it.clock.advance(20_000);
  const from = it.clock.monotonic();
  const delays = await delaysOfEnds(it, names.slice(0, 50), { patienceMs: 20_000 });
  assert.ok(Math.max(...delays) <= 11_000, `${delays}`);
  const seconds = (it.clock.monotonic() - from) / 1_000;
  assert.ok(it.count("DescribeProcessingJob", from) <= 10 * seconds + 1);
  assert.ok(it.count(LIST, from) <= seconds / 60 + 1);
  assert.ok(it.informer.oldestLookMs()! <= 11_000);
  it.faults();
  await it.clock.advance(65_000);
  const again = it.clock.monotonic();
  await it.clock.advance(MINUTE);
  assert.ok(it.count("DescribeProcessingJob", again) <= 20);
  // When each began, and 50 ends.
  assert.equal(it.told.length, 150);
});

for (const count of [1, 50]) {
  Deno.test(`${count} jobs that nobody can see: keys are told once after 30 s, and once when they are seen again`, async () => {
    await using it = new FakeRegion();
    const names = followMany(it, count);
    await it.clock.advance(10_000);
    it.faults({ fault: { kind: "error", code: "InternalFailure", status: 500 } });
    const from = it.clock.monotonic();
    it.told.length = 0;
    await it.clock.advance(28_500);
    assert.deepEqual(it.told, []);
    assert.equal(it.informer.get("job-0", refOf("job-0"))?.failure?.reason, "ServiceUnavailable");
    await it.clock.advance(4_000);
    assert.deepEqual(it.told.map(({ key }) => key).sort(), names.toSorted());
    const moments = new Set(it.told.map(({ at }) => at));
    assert.ok(moments.size >= Math.min(10, count), "they are told little by little");
    await it.clock.advance(10 * MINUTE);
    assert.equal(it.told.length, count);
    assert.ok(it.informer.oldestLookMs()! > 10 * MINUTE);
    // It isn't asked more and more often either.
    assert.ok(it.calls.filter(({ at }) => at >= from).length <= 60);
    it.faults();
    it.told.length = 0;
    await it.clock.advance(65_000);
    // Some of them are told also of when they began.
    assert.deepEqual([...new Set(it.told.map(({ key }) => key))].sort(), names.toSorted());
    assert.ok(it.told.length <= count + 5);
    assert.equal(it.informer.get("job-0", refOf("job-0"))?.failure, undefined);
  });
}

Deno.test("one job that nobody may look at is told of as blind, while others are seen", async () => {
  await using it = new FakeRegion();
  it.faults({ fault: DENIED, operation: LIST }, { fault: DENIED, job: "job-3" });
  followMany(it, 5);
  await it.clock.advance(5 * MINUTE);
  assert.deepEqual(it.told.filter(({ key }) => key === "job-3").length, 1);
  assert.equal(it.informer.get("job-3", refOf("job-3"))?.failure?.reason, "AccessDenied");
  assert.equal(it.informer.get("job-2", refOf("job-2"))?.failure, undefined);
  it.faults({ fault: DENIED, operation: LIST });
  await it.clock.advance(2 * MINUTE);
  assert.deepEqual(it.told.filter(({ key }) => key === "job-3").length, 2);
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: a change that lists never show is found by the rare Describe`, async () => {
    await using it = new FakeRegion({ lists });
    followMany(it, 20);
    await it.clock.advance(5_000);
    // To lists it runs for ever.
    it.faults({ fault: { kind: "stale", ms: 24 * 60 * MINUTE }, operation: LIST });
    it.end("job-3");
    await it.clock.advance(62 * MINUTE);
    assert.equal(it.known("job-3")?.status, "Completed");
  });
}

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: lists that cannot be had for minutes: the first that can shows what came meanwhile`, async () => {
    await using it = new FakeRegion({ lists });
    const names = followMany(it, 50);
    await it.clock.advance(5_000);
    it.faults({ fault: { kind: "error", code: "ThrottlingException" }, operation: LIST });
    await delaysOfEnds(it, names.slice(0, 40), { atOnce: 4, everyMs: 30_000 });
    it.faults();
    await it.clock.advance(45_000);
    assert.equal(new Set(it.told.map(({ key }) => key)).size, 50);
    for (const name of names.slice(0, 40)) assert.equal(it.known(name)?.status, "Completed");
  });
}

Deno.test("a list that is behind does not undo what a Describe has shown", async () => {
  await using it = new FakeRegion({ stopMs: MINUTE });
  it.faults({ fault: { kind: "stale", ms: 10_000 }, operation: LIST });
  followMany(it, 20);
  await it.clock.advance(2_000);
  it.stop("job-3");
  assert.equal((await it.look("job-3")).job?.status, "Stopping");
  for (let second = 0; second < 20; second++) {
    await it.clock.advance(1_000);
    assert.equal(it.known("job-3")?.status, "Stopping");
  }
  assert.deepEqual(it.told, []);
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: when each job was seen last never goes back, also where lists cease to work`, async () => {
    await using it = new FakeRegion({ lists });
    const names = followMany(it, 100);
    const seenAt = new Map<string, number>();
    for (let second = 0; second < 5 * 60; second++) {
      if (second === MINUTE / 1_000) it.faults({ fault: DENIED, operation: LIST });
      if (second === 2 * MINUTE / 1_000) it.faults();
      await it.clock.advance(1_000);
      for (const name of names) {
        const seen = it.informer.get(name, refOf(name))!.seenAt!;
        assert.ok(seen >= (seenAt.get(name) ?? 0), `${name} after ${second} s`);
        assert.ok(it.clock.now() - seen <= 15_000);
        seenAt.set(name, seen);
      }
      assert.ok(it.informer.oldestLookMs()! <= 15_000);
    }
  });
}

Deno.test("of three jobs one is forgotten and one's record is gone: that is found within ten minutes, though sweeps have ceased to pay", async () => {
  await using it = new FakeRegion();
  const [forgotten, gone] = followMany(it, 3);
  // The first sweep is over.
  await it.clock.advance(20_000);
  it.delete(gone!);
  it.informer.forget(forgotten!);
  await it.clock.advance(10 * MINUTE);
  assert.ok(it.told.some(({ key, at }) => key === gone && at > 20_000), `${gone} was not told`);
});
