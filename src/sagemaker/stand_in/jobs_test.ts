import assert from "node:assert/strict";
import { changeCourse, JobTable, partitionPoint, phaseAt, type StoredJob } from "./jobs.ts";

function job(sequence = 0): StoredJob {
  return {
    sequence,
    name: `job-${sequence}`,
    arn: `arn-${sequence}`,
    region: "eu-west-1",
    createdAt: 100,
    request: { ProcessingJobName: `job-${sequence}`, ProcessingResources: { ClusterConfig: {} } },
    tags: new Map(),
    phases: [{ at: 100, status: "InProgress" }, { at: 200, status: "Completed" }],
  };
}

Deno.test("phaseAt() gives the last phase that has begun, and the first before all of them", () => {
  const statuses = [0, 100, 199, 200, 1000].map((now) => phaseAt(job(), now).status);
  assert.deepEqual(statuses, ["InProgress", "InProgress", "InProgress", "Completed", "Completed"]);
});

Deno.test("changeCourse() keeps the past and replaces the future", () => {
  const stopped = job();
  changeCourse(stopped, 150, { at: 150, status: "Stopping" }, { at: 250, status: "Stopped" });
  assert.deepEqual(stopped.phases.map(({ at, status }) => `${at} ${status}`), [
    "100 InProgress",
    "150 Stopping",
    "250 Stopped",
  ]);
  changeCourse(stopped, 300, { at: 300, status: "Failed" });
  assert.deepEqual(stopped.phases.map(({ status }) => status), ["InProgress", "Stopping", "Stopped", "Failed"]);
});

Deno.test("JobTable.delete() takes away that job and no other", () => {
  const table = new JobTable();
  const jobs = [0, 1, 2, 5, 9].map(job);
  for (const each of jobs) table.add(each);
  table.delete(jobs[3]!);
  table.delete(jobs[0]!);
  assert.deepEqual(table.all().map(({ sequence }) => sequence), [1, 2, 9]);
  assert.equal(table.get("job-5"), undefined);
  assert.equal(table.get("job-9"), jobs[4]);
});

Deno.test("partitionPoint() finds where the elements that come before end", () => {
  const sorted = [1, 2, 2, 3];
  assert.deepEqual([0, 1, 2, 3, 4].map((limit) => partitionPoint(sorted, (each) => each < limit)), [0, 0, 1, 3, 4]);
  assert.equal(partitionPoint([], () => true), 0);
});
