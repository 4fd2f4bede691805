import assert from "node:assert/strict";
import type { Job } from "../../api/job.ts";
import { Entry } from "./entry.ts";
import { FullScan } from "./full_scan.ts";

const T0 = Date.UTC(2026, 0, 1);

/** Jobs by the second in which they were created; known from a list, or only by our own clock. */
function entry(second: number, { isKnown = true } = {}): Entry {
  const name = `job-${second}`;
  const entry = new Entry(name, { region: "us-west-2", name });
  if (isKnown) entry.sighting = { job: job(second) };
  entry.createdFrom = second * 1000;
  return entry;
}

function job(second: number, name = `job-${second}`): Job {
  return { name, arn: name, status: "InProgress", creationTime: T0 + second * 1000 };
}

function scanOf(entries: Entry[]): FullScan {
  return new FullScan(entries, ({ sighting, createdFrom }) => sighting.job?.creationTime ?? T0 + createdFrom, 0);
}

/** A page of the jobs that were created in these seconds; a negative number stands for a job of another owner. */
function page(seconds: number[], nextToken?: string) {
  const jobs = seconds.map((second) => second < 0 ? job(-second, `other-${-second}`) : job(second));
  return { jobs, ...(nextToken !== undefined && { nextToken }) };
}

const names = (entries: Entry[]) => entries.map(({ ref }) => ref.name);

Deno.test("FullScan asks for jobs since the oldest, with a margin for what is only estimated", () => {
  assert.equal(scanOf([entry(60), entry(30)]).query.createdAfter, T0 + 29_000);
  assert.equal(scanOf([entry(60), entry(30, { isKnown: false })]).query.createdAfter, T0 + 30_000 - 15 * 60_000);
});

Deno.test("FullScan goes on until all jobs are listed, and no further", () => {
  const scan = scanOf([9, 8, 7, 6].map((second) => entry(second)));
  assert.equal(scan.take(page([9, 8], "a")), true);
  assert.deepEqual(scan.query, { createdAfter: T0 + 5_000, nextToken: "a" });
  assert.equal(scan.take(page([7, 6], "b")), false);
  assert.deepEqual(scan.result, { jobs: 4, pages: 2, usefulPages: 2, distant: [] });
  assert.deepEqual(scan.missing({ isOver: true }), []);
});

Deno.test("FullScan does not look further for a job that ought to have been listed by now", () => {
  const scan = scanOf([9, 8, 7].map((second) => entry(second)));
  assert.equal(scan.take(page([9, 7], "a")), false);
  assert.deepEqual(names(scan.missing({ isOver: true })), ["job-8"]);
  assert.deepEqual(scan.result.distant, []);
});

Deno.test("FullScan tells between pages which jobs were left out, of those whose age SageMaker has told", () => {
  const scan = scanOf([entry(9), entry(8), entry(2), entry(1), entry(9.5, { isKnown: false })]);
  assert.equal(scan.take(page([9, -7], "a")), true);
  assert.deepEqual(names(scan.missing({ isOver: false })), ["job-8"]);
});

Deno.test("FullScan gives up where pages cost more than to describe what is left", () => {
  // Two young jobs, and one that is older than many of others.
  const scan = scanOf([entry(1_000), entry(999), entry(1)]);
  assert.equal(scan.take(page([1_000, 999], "a")), true);
  assert.equal(scan.take(page([-998], "b")), false);
  assert.deepEqual({ ...scan.result, distant: names(scan.result.distant) }, {
    jobs: 3,
    pages: 2,
    usefulPages: 1,
    distant: ["job-1"],
  });
});

Deno.test("FullScan goes through as many pages of others as there are jobs behind them", () => {
  const old = Array.from({ length: 50 }, (_, index) => entry(50 - index));
  const scan = scanOf([entry(1_000), entry(999), ...old]);
  assert.equal(scan.take(page([1_000, 999], "0")), true);
  for (let index = 0; index < 44; index++) assert.equal(scan.take(page([-998 + index], `${index + 1}`)), true);
  assert.equal(scan.take(page(old.map(({ createdFrom }) => createdFrom / 1000))), false);
  assert.deepEqual(scan.result, { jobs: 52, pages: 46, usefulPages: 46, distant: [] });
});

Deno.test("FullScan: jobs that are one on each page are distant from those that share a page", () => {
  const scan = scanOf([entry(1_000), entry(999), ...[5, 4, 3].map((second) => entry(second))]);
  scan.take(page([1_000, 999], "0"));
  for (const second of [5, 4]) assert.equal(scan.take(page([second, -second + 0.5], `${second}`)), true);
  assert.equal(scan.take(page([3])), false);
  const { usefulPages, distant } = scan.result;
  assert.deepEqual([usefulPages, names(distant)], [1, ["job-5", "job-4", "job-3"]]);
});

Deno.test("FullScan that is not shown the newest first looks for all jobs to the end", () => {
  const scan = scanOf([entry(9), entry(8), entry(1)]);
  assert.equal(scan.take(page([1, 8], "a")), true);
  assert.deepEqual(scan.missing({ isOver: false }), []);
  assert.equal(scan.take(page([9])), false);
  assert.deepEqual(scan.missing({ isOver: true }), []);
});
