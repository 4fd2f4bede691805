import assert from "node:assert/strict";
import { QUOTAS, type QuotaSet } from "../stand_in/quotas.ts";
import { LIST_MODES, type ListMode } from "../stand_in/list.ts";
import { FakeRegion, REGION } from "./fake_region.ts";

const MINUTE = 60_000;
const LIST = "ListProcessingJobs";
const DESCRIBE = "DescribeProcessingJob";

function quantile(values: number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
}

/** The number of lists in the worst minute. */
function mostInAMinute(it: FakeRegion): number {
  const at = it.calls.filter(({ operation }) => operation === LIST).map(({ at }) => at);
  return Math.max(...at.map((from) => at.filter((time) => time >= from && time < from + MINUTE).length));
}

/** Follows so many jobs that were created a moment ago. */
async function followMany(it: FakeRegion, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `job-${index}`);
  for (const [index, name] of names.entries()) {
    it.createAndFollow(name);
    if (index % 100 === 99) await it.clock.advance(500);
  }
  return names;
}

/** The table of docs/adr/0034; all bounds in seconds. */
const ROWS: [lists: ListMode, quotas: QuotaSet, old: number, running: number, p50: number, p99: number][] = [
  ["late", "none", 0, 320, 2.3, 4.5],
  ["late", "none", 2_000, 50, 1, 2],
  ["late", "none", 2_000, 200, 1.5, 3],
  ["late", "none", 20_000, 200, 1.5, 3],
  ["late", "account", 2_000, 200, 1.5, 3],
  ["late", "account", 2_000, 1_000, 6, 12],
  ["narrow", "none", 2_000, 1_000, 0.6, 1.2],
  ["narrow", "account", 2_000, 1_000, 0.6, 3],
];

for (const [lists, quotas, history, running, p50, p99] of ROWS) {
  const title = `lists ${lists}, quotas ${quotas}, ${history} old and ${running} running jobs`;
  Deno.test(`${title}: at most 75 calls a minute, and ends are told within ${p50} and ${p99} s`, async () => {
    await using it = new FakeRegion({ lists, history, quotas: QUOTAS[quotas] });
    const names = await followMany(it, running);
    await it.clock.advance(90_000);
    const from = it.clock.monotonic();
    await it.clock.advance(2 * MINUTE);
    const ends = it.clock.monotonic();
    assert.ok(it.calls.filter(({ at }) => at >= from).length <= 150);
    const delays: number[] = [];
    const endedAt = new Map<string, number>();
    it.onTold = (key) => {
      if (endedAt.has(key)) delays.push(it.clock.monotonic() - endedAt.get(key)!);
      endedAt.delete(key);
    };
    // In another order than that in which they were created.
    for (let index = 0; index < running; index++) {
      await it.clock.advance(MINUTE / running);
      const name = names[(index * 487) % running]!;
      it.end(name);
      endedAt.set(name, it.clock.monotonic());
    }
    await it.clock.advance(20_000);
    assert.equal(delays.length, running);
    assert.ok(quantile(delays, 0.5) <= p50 * 1_000, `p50 ${quantile(delays, 0.5)}`);
    assert.ok(quantile(delays, 0.99) <= p99 * 1_000, `p99 ${quantile(delays, 0.99)}`);
    await it.clock.advance(5 * MINUTE);
    assert.ok(it.count(LIST, ends) <= 75, `${it.count(LIST, ends)} lists`);
    // One for each job, for its details; a few more by turn, or since they were throttled.
    const describes = it.count(DESCRIBE, ends);
    assert.ok(describes <= running + (quotas === "none" ? 20 : 0.05 * running + 20), `${describes} Describes`);
    assert.ok(mostInAMinute(it) <= 62, `${mostInAMinute(it)} lists in a minute`);
  });
}

Deno.test("lists narrow: within half a minute of a burst it is known that polls are cheap", async () => {
  await using it = new FakeRegion({ lists: "narrow", history: 2_000 });
  const names = await followMany(it, 1_000);
  await it.clock.advance(30_000);
  const endedAt = new Map<string, number>();
  const delays: number[] = [];
  it.onTold = (key) => {
    if (endedAt.has(key)) delays.push(it.clock.monotonic() - endedAt.get(key)!);
    endedAt.delete(key);
  };
  for (let index = 0; index < 100; index++) {
    await it.clock.advance(100);
    const name = names[(index * 487) % names.length]!;
    it.end(name);
    endedAt.set(name, it.clock.monotonic());
  }
  await it.clock.advance(10_000);
  assert.equal(delays.length, 100);
  assert.ok(Math.max(...delays) <= 2_300, `${Math.max(...delays)} ms`);
});

Deno.test("lists late: an end is told as soon while a poll for changes is tried, which finds that lists filter late", async () => {
  await using it = new FakeRegion({ lists: "late", history: 2_000 });
  const running = 1_000;
  const names = await followMany(it, running);
  const endedAt = new Map<string, number>();
  const delays: number[] = [];
  it.onTold = (key) => {
    if (endedAt.has(key)) delays.push(it.clock.monotonic() - endedAt.get(key)!);
    endedAt.delete(key);
  };
  const wasTried = () =>
    it.calls.some(({ operation, request }) => operation === LIST && "LastModifiedTimeAfter" in request);
  // Long enough for the trial after the burst, and for the regular one.
  for (let index = 0; index < running; index++) {
    await it.clock.advance(600);
    const name = names[(index * 487) % running]!;
    it.end(name);
    endedAt.set(name, it.clock.monotonic());
  }
  await it.clock.advance(20_000);
  assert.ok(wasTried());
  assert.equal(delays.length, running);
  // A scan has ten pages, one a second.
  assert.ok(Math.max(...delays) <= 12_500, `${Math.max(...delays)} ms`);
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: a burst of a thousand jobs costs 40 lists and a Describe each, and ends are told within 11 s`, async () => {
    await using it = new FakeRegion({ lists });
    const ends = new Map<string, number>();
    for (let index = 0; index < 1_000; index++) {
      it.createAndFollow(`job-${index}`, 20_000);
      ends.set(`job-${index}`, it.clock.monotonic() + 20_000);
      await it.clock.advance(4);
    }
    await it.clock.advance(31_000);
    assert.equal(it.told.length, 1_000);
    const delays = it.told.map(({ at, key }) => at - ends.get(key)!);
    // Ten pages, one a second.
    assert.ok(quantile(delays, 0.5) <= 6_000, `p50 ${quantile(delays, 0.5)}`);
    assert.ok(quantile(delays, 0.99) <= 11_000, `p99 ${quantile(delays, 0.99)}`);
    assert.ok(it.count(LIST) <= 40, `${it.count(LIST)} lists`);
    assert.ok(it.count(DESCRIBE) <= 1_005, `${it.count(DESCRIBE)} Describes`);
  });

  Deno.test(`lists ${lists}: while nothing changes calls cost the same for a hundred jobs and for ten thousand`, async () => {
    const perMinute: Record<number, number> = {};
    for (const [count, most] of [[1, 75], [2, 75], [100, 75], [1_000, 75], [10_000, 90]] as const) {
      await using it = new FakeRegion({ lists });
      for (let index = 0; index < count; index++) it.createAndFollow(`job-${index}`);
      await it.clock.advance(6 * MINUTE);
      const from = it.clock.monotonic();
      let before = it.calls.length;
      for (let minute = 0; minute < 20; minute++) {
        await it.clock.advance(MINUTE);
        assert.ok(
          it.calls.length - before <= most,
          `${count} jobs: ${it.calls.length - before} calls in minute ${minute}`,
        );
        before = it.calls.length;
      }
      perMinute[count] = it.calls.filter(({ at }) => at >= from).length / 20;
      // A page of a late list shows a hundred.
      const oldest = Math.max(2_000, lists === "late" ? 2 * count * 10 : 0);
      assert.ok(it.informer.oldestLookMs()! <= oldest, `${count} jobs: ${it.informer.oldestLookMs()}`);
    }
    const rates = [perMinute[100]!, perMinute[1_000]!, perMinute[10_000]!];
    assert.ok(Math.max(...rates) <= 1.3 * Math.min(...rates), `${rates}`);
  });
}

Deno.test("narrow lists: beside polls a scan shows each job every ten minutes, and each is described in time", async () => {
  await using it = new FakeRegion({ lists: "narrow" });
  await followMany(it, 350);
  await it.clock.advance(3 * MINUTE);
  const from = it.clock.monotonic();
  await it.clock.advance(60 * MINUTE);
  const pages = it.calls.filter(({ at, operation, request }) => {
    return at >= from && operation === LIST && request.LastModifiedTimeAfter === undefined;
  });
  const begins = pages.filter(({ request }) => request.NextToken === undefined).map(({ at }) => at);
  assert.ok(begins.length >= 6, `${begins.length} scans`);
  const gaps = begins.slice(1).map((at, index) => at - begins[index]!);
  assert.ok(Math.max(...gaps) <= 10 * MINUTE, `${gaps}`);
  // Four pages, so far from each other that they delay no poll.
  const pauses = pages.slice(1).map(({ at }, index) => at - pages[index]!.at);
  assert.ok(Math.min(...pauses) >= 14_000, `${pauses}`);
  const described = new Set(it.calls.map(({ request }) => request.ProcessingJobName).filter(Boolean));
  assert.ok(described.size >= 170, `${described.size} jobs described in an hour`);
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: an old job behind 20,000 others is described by itself, and young ones are seen as if it weren't there`, async () => {
    await using it = new FakeRegion({ lists });
    it.create("old");
    it.service.createForeign(REGION, 20_000, 1_000);
    await it.clock.advance(5 * 24 * 60 * MINUTE);
    it.follow("old");
    for (let index = 0; index < 150; index++) it.createAndFollow(`young-${index}`);
    await it.clock.advance(MINUTE);
    const from = it.clock.monotonic();
    await it.clock.advance(20 * MINUTE);
    const perMinute = it.calls.filter(({ at }) => at >= from).length / 20;
    assert.ok(perMinute <= 76, `${perMinute} calls a minute`);
    const ages: Record<"old" | "young-0", number> = { old: 0, "young-0": 0 };
    for (let second = 0; second < 8 * 60; second++) {
      await it.clock.advance(1_000);
      for (const name of ["old", "young-0"] as const) {
        ages[name] = Math.max(ages[name], it.clock.now() - it.informer.get(name, { region: REGION, name })!.seenAt!);
      }
    }
    // Once in eight minutes the old one is looked for, and a poll for changes is tried: two pages more, and three.
    assert.ok(ages["young-0"] <= 5_000 && ages.old <= 6_000, JSON.stringify(ages));
    for (const name of ["old", "young-0"]) it.end(name);
    await it.clock.advance(6_000);
    for (const name of ["old", "young-0"]) assert.equal(it.known(name)?.status, "Completed");
  });
}

Deno.test("late lists: old jobs among those of others are described each, at one a second, where the pages up to them cost more", async () => {
  await using it = new FakeRegion();
  for (let index = 0; index < 20; index++) {
    it.createAndFollow(`old-${index}`);
    it.service.createForeign(REGION, 1_000, 1_000);
    await it.clock.advance(MINUTE);
  }
  for (let index = 0; index < 150; index++) it.createAndFollow(`young-${index}`);
  await it.clock.advance(10 * MINUTE);
  const from = it.clock.monotonic();
  await it.clock.advance(8 * MINUTE);
  assert.ok(it.count(LIST, from) <= 8 * 61 && it.count(DESCRIBE, from) <= 8 * 64);
  it.end("old-3");
  it.end("young-3");
  await it.clock.advance(4_000);
  assert.equal(it.known("young-3")?.status, "Completed");
  await it.clock.advance(18_000);
  assert.equal(it.known("old-3")?.status, "Completed");
});

for (
  const [lists, count] of [["late", 3], ["late", 350], ["late", 10_000], ["narrow", 350], ["narrow", 10_000]] as const
) {
  Deno.test(`lists ${lists}: one of ${count} jobs whose record is gone is missed within ten minutes`, async () => {
    await using it = new FakeRegion({ lists });
    for (let index = 0; index < count; index++) {
      it.createAndFollow(`job-${index}`);
      // As many at one moment as SageMaker may create.
      if (index % 300 === 299) await it.clock.advance(1_000);
    }
    await it.clock.advance(2 * MINUTE);
    const job = `job-${Math.floor(count / 3)}`;
    it.end(job);
    it.delete(job);
    await it.clock.advance(10 * MINUTE);
    assert.equal(it.known(job), undefined);
    // Nobody else is taken for missing.
    const described = it.calls.filter(({ operation }) => operation === "DescribeProcessingJob");
    assert.ok(described.length <= 100, `${described.length} were described`);
  });
}

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: among many jobs of others a few are described, if that costs less than to list`, async () => {
    await using it = new FakeRegion({ lists });
    for (let index = 0; index < 5; index++) it.createAndFollow(`job-${index}`);
    for (let round = 0; round < 200; round++) {
      it.service.createForeign(REGION, 500, 1_000);
      await it.clock.advance(1_000);
    }
    // Each list has more pages than there are jobs. It goes on being tried once a minute.
    const from = it.clock.monotonic() - MINUTE;
    assert.ok(it.count(LIST, from) <= 15, `${it.count(LIST, from)} lists a minute`);
    assert.ok(it.count(DESCRIBE, from) <= 62);
    it.end("job-3");
    await it.clock.advance(6_500);
    assert.equal(it.known("job-3")?.status, "Completed");
  });
}

Deno.test("others' jobs make polls rarer, not many more", async () => {
  await using it = new FakeRegion();
  it.service.createForeign(REGION, 5_000, 365 * 24 * 60 * MINUTE);
  for (let index = 0; index < 100; index++) it.createAndFollow(`job-${index}`);
  await it.clock.advance(10 * MINUTE);
  const from = it.clock.monotonic();
  await it.clock.advance(16 * MINUTE);
  const perMinute = it.calls.filter(({ at }) => at >= from).length / 16;
  // A sweep of 51 pages each eight minutes, or a Describe for each.
  assert.ok(perMinute <= 75, `${perMinute} calls a minute`);
});

for (const lists of LIST_MODES) {
  Deno.test(`lists ${lists}: after a restart ten thousand jobs are found by one scan, the ended ones too`, async () => {
    await using it = new FakeRegion({ lists, history: 20_000 });
    for (let index = 0; index < 10_000; index++) it.create(`job-${index}`, index < 500 ? 1_000 : undefined);
    await it.clock.advance(60 * MINUTE);
    for (let index = 0; index < 10_000; index += 100) {
      for (let each = index; each < index + 100; each++) it.follow(`job-${each}`);
      await it.clock.advance(20);
    }
    // A hundred pages, one a second.
    await it.clock.advance(105_000);
    assert.equal(it.told.length, 10_000);
    assert.equal(new Set(it.told.map(({ key }) => key)).size, 10_000);
    assert.ok(it.count(LIST) <= 110, `${it.count(LIST)} lists`);
    assert.ok(it.count(DESCRIBE) <= 510, `${it.count(DESCRIBE)} Describes`);
  });
}
