import assert from "node:assert/strict";
import { FakeRegion, REGION } from "./fake_region.ts";

const MINUTE = 60_000;

function quantile(values: number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(q * (values.length - 1))]!;
}

Deno.test("a burst of a thousand jobs costs 150 lists and a Describe each, and ends are seen within two seconds", async () => {
  await using it = new FakeRegion();
  const ends = new Map<string, number>();
  for (let index = 0; index < 1_000; index++) {
    it.createAndFollow(`job-${index}`, 20_000);
    ends.set(`job-${index}`, it.clock.monotonic() + 20_000);
    await it.clock.advance(4);
  }
  await it.clock.advance(23_000);
  assert.equal(it.told.length, 1_000);
  const delays = it.told.map(({ at, key }) => at - ends.get(key)!);
  assert.ok(quantile(delays, 0.5) <= 1_000, `p50 ${quantile(delays, 0.5)}`);
  assert.ok(quantile(delays, 0.99) <= 2_000, `p99 ${quantile(delays, 0.99)}`);
  const lists = it.count("ListProcessingJobs");
  assert.ok(lists <= 150, `${lists} lists`);
  assert.ok(it.count("DescribeProcessingJob") <= 1_005, `${it.count("DescribeProcessingJob")} Describes`);
});

Deno.test("while nothing changes calls cost the same for a hundred jobs and for ten thousand", async () => {
  const perMinute: Record<number, number> = {};
  for (const [count, most] of [[1, 75], [2, 75], [100, 75], [1_000, 75], [10_000, 90]] as const) {
    await using it = new FakeRegion();
    for (let index = 0; index < count; index++) it.createAndFollow(`job-${index}`);
    await it.clock.advance(2 * MINUTE);
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
    assert.ok(it.informer.oldestLookMs()! <= 1_500);
  }
  const rates = [perMinute[100]!, perMinute[1_000]!, perMinute[10_000]!];
  assert.ok(Math.max(...rates) <= 1.3 * Math.min(...rates), `${rates}`);
});

Deno.test("a sweep shows each job every ten minutes, and each is described in time", async () => {
  await using it = new FakeRegion();
  for (let index = 0; index < 350; index++) it.createAndFollow(`job-${index}`);
  await it.clock.advance(5_000);
  const from = it.clock.monotonic();
  await it.clock.advance(60 * MINUTE);
  const sweeps = it.calls.filter(({ at, request }) => at >= from && request.StatusEquals !== undefined);
  const begins = sweeps.filter(({ request }) => request.StatusEquals === "InProgress" && !request.NextToken);
  const ends = sweeps.filter(({ request }) => request.StatusEquals === "Stopping");
  assert.ok(ends.length >= 6 && begins.length >= 6, `${begins.length} began, ${ends.length} ended`);
  for (let index = 1; index < ends.length; index++) assert.ok(ends[index]!.at - begins[index - 1]!.at <= 10 * MINUTE);
  const gaps = ends.slice(1).map(({ at }, index) => at - ends[index]!.at);
  assert.ok(Math.max(...gaps) <= 10 * MINUTE, `${gaps}`);
  // Four pages and the one for Stopping, so far from each other that nobody notices.
  const pauses = sweeps.slice(1).map(({ at }, index) => at - sweeps[index]!.at);
  assert.ok(Math.min(...pauses) >= 15_000, `${pauses}`);
  const described = new Set(it.calls.map(({ request }) => request.ProcessingJobName).filter(Boolean));
  assert.ok(described.size >= 170, `${described.size} jobs described in an hour`);
});

for (const count of [3, 350, 10_000]) {
  Deno.test(`one of ${count} jobs whose record is gone is missed by a sweep within ten minutes`, async () => {
    await using it = new FakeRegion();
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

Deno.test("among many jobs of others that come and go a few are described, which costs less than to list", async () => {
  await using it = new FakeRegion();
  for (let index = 0; index < 5; index++) it.createAndFollow(`job-${index}`);
  for (let round = 0; round < 200; round++) {
    it.service.createForeign(REGION, 500, 1_000);
    await it.clock.advance(1_000);
  }
  // A poll for the last four seconds has some thirty pages, and goes on being tried once a minute.
  const from = it.clock.monotonic() - MINUTE;
  assert.ok(it.count("ListProcessingJobs", from) <= 60, `${it.count("ListProcessingJobs", from)} lists a minute`);
  assert.ok(it.count("DescribeProcessingJob", from) <= 310);
  it.end("job-3");
  await it.clock.advance(1_500);
  assert.equal(it.known("job-3")?.status, "Completed");
});

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

Deno.test("after a restart ten thousand jobs are found by a sweep, and those that have ended by a Describe each", async () => {
  await using it = new FakeRegion();
  for (let index = 0; index < 10_000; index++) it.create(`job-${index}`, index < 500 ? 1_000 : undefined);
  await it.clock.advance(60 * MINUTE);
  for (let index = 0; index < 10_000; index += 100) {
    for (let each = index; each < index + 100; each++) it.follow(`job-${each}`);
    await it.clock.advance(20);
  }
  await it.clock.advance(10_000);
  assert.equal(it.told.length, 10_000);
  assert.equal(new Set(it.told.map(({ key }) => key)).size, 10_000);
  assert.ok(it.count("ListProcessingJobs") <= 260, `${it.count("ListProcessingJobs")} lists`);
  assert.ok(it.count("DescribeProcessingJob") <= 510, `${it.count("DescribeProcessingJob")} Describes`);
});
