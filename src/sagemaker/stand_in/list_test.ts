import assert from "node:assert/strict";
import fc from "fast-check";
import { JOB_STATUSES } from "../../api/job.ts";
import { JobTable, type Phase, phaseAt, type StoredJob } from "./jobs.ts";
import { LIST_MODES, type ListMode, listPage, type ListRequest } from "./list.ts";

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
function listAll(
  jobs: () => readonly StoredJob[],
  request: ListRequest,
  mode: ListMode,
  between: () => void = () => {},
): StoredJob[] {
  const found: StoredJob[] = [];
  let page = listPage(jobs(), request, NOW, mode);
  for (let pages = 1;; pages++) {
    assert.ok(page.jobs.length <= (request.MaxResults ?? 10));
    assert.ok(pages <= 100, "tokens must lead to an end");
    found.push(...page.jobs);
    if (page.nextToken === undefined) return found;
    const isFull = page.jobs.length === (request.MaxResults ?? 10);
    assert.ok(mode === "late" || isFull, "a page before the last must be full");
    between();
    page = listPage(jobs(), { ...request, NextToken: page.nextToken }, NOW, mode);
  }
}

const arbitraryMode = fc.constantFrom(...LIST_MODES);

Deno.test("listPage() gives, page by page, what a filter and a sort over all jobs give", () => {
  fc.assert(
    fc.property(arbitraryJobs, arbitraryRequest, arbitraryMode, (jobs, request, mode) => {
      assert.deepEqual(
        listAll(() => jobs, request, mode).map((job) => job.name),
        naiveList(jobs, request).map((job) => job.name),
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("listPage() neither repeats nor hides a job while others come and go between pages", () => {
  const changes = fc.array(fc.option(fc.nat({ max: 39 })), { maxLength: 40 });
  fc.assert(fc.property(arbitraryJobs, arbitraryRequest, arbitraryMode, changes, (jobs, request, mode, script) => {
    const table = new JobTable();
    for (const each of jobs) table.add(each);
    const gone = new Set<string>();
    let sequence = jobs.length;
    const found = listAll(() => table.all(), request, mode, () => {
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
    assert.throws(() => listPage([], { NextToken: token }, NOW, "late"), invalid, token);
  }
});

Deno.test("listPage() filters late: pages of fewer jobs, or none, lead on; creation times narrow first", () => {
  const jobs = Array.from({ length: 7 }, (_, index) => {
    return job(index, `job-${index}`, index * 1000, ...(index === 5 ? [{ at: 8000, status: "Failed" as const }] : []));
  });
  const pages = (request: ListRequest, mode: ListMode) => {
    const names: string[] = [];
    for (let token: string | undefined, more = true; more;) {
      const page = listPage(jobs, { ...request, MaxResults: 2, ...(token && { NextToken: token }) }, NOW, mode);
      names.push(page.jobs.map(({ name }) => name).join(" "));
      token = page.nextToken;
      more = token !== undefined;
    }
    return names;
  };
  for (const request of [{ StatusEquals: "Failed" }, { LastModifiedTimeAfter: 7 }, { NameContains: "5" }]) {
    assert.deepEqual(pages(request, "late"), ["", "", "job-5", ""]);
    assert.deepEqual(pages(request, "narrow"), ["job-5"]);
    assert.deepEqual(pages({ ...request, CreationTimeAfter: 3 }, "late"), ["job-5", ""]);
    const descending = { ...request, SortOrder: "Descending", CreationTimeAfter: 3.5 } as const;
    assert.deepEqual(pages(descending, "late"), ["job-5", ""]);
  }
});
