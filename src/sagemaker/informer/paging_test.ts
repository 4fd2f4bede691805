import assert from "node:assert/strict";
import type { Job } from "../../api/job.ts";
import { Paging } from "./paging.ts";

const JOB: Job = { name: "job", arn: "arn", status: "InProgress" };

function page(nextToken?: string, jobs = [JOB]) {
  return { jobs, ...(nextToken !== undefined && { nextToken }) };
}

Deno.test("Paging goes on with each token until there is none", () => {
  const paging = new Paging();
  assert.deepEqual(paging.next, {});
  assert.equal(paging.take(page("a")), true);
  assert.deepEqual(paging.next, { nextToken: "a" });
  for (let empty = 0; empty < 100; empty++) assert.equal(paging.take(page(`b${empty}`, [])), true);
  assert.equal(paging.take(page()), false);
  assert.equal(paging.pages, 102);
});

const ENDLESS: [name: string, token: (index: number) => string, jobs: Job[], message: RegExp][] = [
  ["lead in a circle", (index) => `${index % 3}`, [JOB], /a page leads back to a page before it$/],
  ["lead to themselves", () => "a", [JOB], /a page leads back to a page before it$/],
  ["lead from nothing to nothing for ever", String, [], /there are more than 1000 pages$/],
  ["never end", String, [JOB], /there are more than 1000 pages$/],
];

for (const [name, token, jobs, message] of ENDLESS) {
  Deno.test(`Paging gives up where tokens ${name}`, () => {
    const paging = new Paging();
    assert.throws(() => {
      for (let index = 0; index < 2_000; index++) paging.take(page(token(index), jobs));
    }, { name: "SageMakerError", message });
  });
}
