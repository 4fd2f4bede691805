import assert from "node:assert/strict";
import { paginateListProcessingJobs } from "@aws-sdk/client-sagemaker";
import { create, describe, withStandIn } from "./fixture.ts";

const DAY_MS = 24 * 3_600_000;

Deno.test("a history: jobs that ended more than a day ago, over 30 days, before all others in each region", () =>
  withStandIn(async ({ clock, client }) => {
    for (const region of ["eu-west-1", "us-west-2"]) {
      await client(region).send(create("job"));
      const jobs = [];
      for await (const page of paginateListProcessingJobs({ client: client(region), pageSize: 100 }, {})) {
        jobs.push(...page.ProcessingJobSummaries!);
      }
      assert.equal(jobs.length, 251);
      assert.equal(jobs.pop()!.ProcessingJobName, "job");
      for (const { CreationTime, ProcessingEndTime, ProcessingJobStatus } of jobs) {
        assert.ok(CreationTime!.getTime() >= clock.now() - 30 * DAY_MS);
        assert.ok(ProcessingEndTime!.getTime() < clock.now() - DAY_MS);
        assert.match(ProcessingJobStatus!, /^(Completed|Failed|Stopped)$/);
      }
      assert.deepEqual(jobs.map((job) => +job.CreationTime!), jobs.map((job) => +job.CreationTime!).sort());
    }
    const old = await client().send(describe("history-003"));
    assert.deepEqual([old.ProcessingJobStatus, old.FailureReason], ["Failed", "AlgorithmError: See job logs"]);
  }, { history: 250 }));

Deno.test("a history of 20,000 jobs is there at once and takes little memory", () =>
  withStandIn(async ({ client }) => {
    const before = Deno.memoryUsage().heapUsed;
    await client().send(create("job"));
    assert.ok(Deno.memoryUsage().heapUsed - before < 64 * 2 ** 20);
  }, { history: 20_000 }));
