import assert from "node:assert/strict";
import fc from "fast-check";
import { JOB_STATUSES } from "../../api/job.ts";
import { JobTable, type Phase, phaseAt, type StoredJob } from "./jobs.ts";
import { listPage, type ListRequest } from "./list.ts";

const NOW = 1_000_000;

function job(sequence: number, name: string, createdAt: number, ...later: Phase[]): StoredJob {
  return {
    sequence,
    name,
    arn: name,
    region: "eu-west-1",
    createdAt,
    request: { ProcessingJobName: name, ProcessingResources: { ClusterConfig: {} } },
    tags: new Map(),
    phases: [{ at: createdAt, status: "InProgress" }, ...later],
  };
}

/** Few different names, times and statuses, so that ties and hits of every filter occur. */
const arbitraryJobs = fc.array(
  fc.record({
    prefix: fc.constantFrom("a", "B", "ab", "z-1"),
    wait: fc.constantFrom(0, 0, 1, 1000, 60_000),
    end: fc.option(
      fc.record({ after: fc.constantFrom(0, 1, 5000, 2_000_000), status: fc.constantFrom(...JOB_STATUSES) }),
    ),
  }),
  { maxLength: 40 },
).map((specs) => {
  let at = 0;
  return specs.map(({ prefix, wait, end }, index) => {
    at += wait;
    return job(
      index,
      `${prefix}-${(index * 7919) % 100}`,
      at,
      ...(end ? [{ at: at + end.after, status: end.status }] : []),
    );
  });
});

/** Mostly absent, or most requests would find nothing. */
function sometimes<T>(...values: T[]): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, {
    weight: 1,
    arbitrary: fc.constantFrom(...values),
  });
}

const SECONDS = [0, 0.001, 1, 1.001, 60, 61, 120, 999];
const arbitraryRequest: fc.Arbitrary<ListRequest> = fc.record({
  CreationTimeAfter: sometimes(...SECONDS),
  CreationTimeBefore: sometimes(...SECONDS),
  LastModifiedTimeAfter: sometimes(...SECONDS),
  LastModifiedTimeBefore: sometimes(...SECONDS),
  NameContains: sometimes("a", "ab", "1", "zz"),
  StatusEquals: sometimes(...JOB_STATUSES),
  SortBy: fc.constantFrom(undefined, "Name", "CreationTime", "Status"),
  SortOrder: fc.constantFrom(undefined, "Ascending", "Descending"),
  MaxResults: fc.constantFrom(undefined, 1, 3, 100),
}).map((request) => Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)));

function naiveList(jobs: readonly StoredJob[], request: ListRequest): StoredJob[] {
  const after = (ms: number, seconds?: number) => seconds === undefined || ms > Math.round(seconds * 1000);
  const before = (ms: number, seconds?: number) => seconds === undefined || ms < Math.round(seconds * 1000);
  const found = jobs.filter((job) => {
    const phase = phaseAt(job, NOW);
    return after(job.createdAt, request.CreationTimeAfter) && before(job.createdAt, request.CreationTimeBefore) &&
      after(phase.at, request.LastModifiedTimeAfter) && before(phase.at, request.LastModifiedTimeBefore) &&
      (request.NameContains === undefined || job.name.includes(request.NameContains)) &&
      (request.StatusEquals === undefined || phase.status === request.StatusEquals);
  });
  const key = (job: StoredJob) =>
    request.SortBy === "Name" ? job.name : request.SortBy === "Status" ? phaseAt(job, NOW).status : job.createdAt;
  found.sort((a, b) => key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.sequence - b.sequence);
  return request.SortOrder === "Descending" ? found.reverse() : found;
}

/** Follows the tokens to the end. `between` runs after each page and may change the jobs. */
function listAll(jobs: () => readonly StoredJob[], request: ListRequest, between: () => void = () => {}): StoredJob[] {
  const found: StoredJob[] = [];
  let page = listPage(jobs(), request, NOW);
  for (;;) {
    assert.ok(page.jobs.length <= (request.MaxResults ?? 10));
    assert.ok(found.length <= 100, "tokens must lead to an end");
    found.push(...page.jobs);
    if (page.nextToken === undefined) return found;
    assert.equal(page.jobs.length, request.MaxResults ?? 10, "a page before the last must be full");
    between();
    page = listPage(jobs(), { ...request, NextToken: page.nextToken }, NOW);
  }
}

Deno.test("listPage() gives, page by page, what a filter and a sort over all jobs give", () => {
  fc.assert(
    fc.property(arbitraryJobs, arbitraryRequest, (jobs, request) => {
      assert.deepEqual(
        listAll(() => jobs, request).map((job) => job.name),
        naiveList(jobs, request).map((job) => job.name),
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("listPage() neither repeats nor hides a job while others come and go between pages", () => {
  const changes = fc.array(fc.option(fc.nat({ max: 39 })), { maxLength: 40 });
  fc.assert(fc.property(arbitraryJobs, arbitraryRequest, changes, (jobs, request, script) => {
    const table = new JobTable();
    for (const each of jobs) table.add(each);
    const gone = new Set<string>();
    let sequence = jobs.length;
    const found = listAll(() => table.all(), request, () => {
      const change = script.shift();
      if (change === null) table.add(job(sequence, `new-${sequence++}`, NOW));
      const victim = typeof change !== "number" ? undefined : table.get(jobs[change]?.name ?? "");
      if (!victim) return;
      table.delete(victim);
      gone.add(victim.name);
    }).map((job) => job.name);
    assert.equal(new Set(found).size, found.length, "no job twice");
    const stayed = (name: string) => !gone.has(name) && !name.startsWith("new-");
    const expected = naiveList(jobs, request).map((job) => job.name).filter(stayed);
    assert.deepEqual(found.filter(stayed), expected);
  }));
});

Deno.test("listPage() refuses a token that it didn't give out", () => {
  const invalid = { name: "ServiceError", code: "ValidationException", message: "Invalid NextToken" };
  for (const token of ["", "x", "bnVsbA", "W10", "WzEsMiwzXQ", "e30"]) {
    assert.throws(() => listPage([], { NextToken: token }, NOW), invalid, token);
  }
});
