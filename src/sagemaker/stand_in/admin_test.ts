import assert from "node:assert/strict";
import { create, describe, REGION, withStandIn } from "./fixture.ts";
import type { StandIn } from "./server.ts";

async function ask(standIn: StandIn, request: string, body?: string): Promise<[status: number, answer: unknown]> {
  const [method, path] = request.split(" ") as [string, string];
  const response = await fetch(`${standIn.url}${path}`, { method, ...(body !== undefined && { body }) });
  return [response.status, await response.json()];
}

Deno.test("without the option there is no administration", () =>
  withStandIn(async ({ standIn }) => {
    assert.deepEqual(await ask(standIn, "GET /_admin/calls"), [404, { error: "Not found" }]);
    assert.deepEqual(await ask(standIn, "POST /_admin/faults", '{"rules":[]}'), [404, { error: "Not found" }]);
  }));

Deno.test("administration tells of calls and jobs, and changes jobs", () =>
  withStandIn(async ({ standIn, client }) => {
    await client().send(create("job", { Tags: [{ Key: "team", Value: "a" }] }));
    await client().send(create("other"));
    assert.deepEqual(await ask(standIn, "GET /_admin/calls"), [200, { CreateProcessingJob: 2 }]);
    const failed = '{"status":"Failed","failureReason":"why"}';
    assert.deepEqual(await ask(standIn, "POST /_admin/jobs/job/finish", failed), [200, {}]);
    assert.deepEqual(await ask(standIn, "POST /_admin/jobs/other/finish"), [200, {}]);
    const { ProcessingJobStatus, FailureReason } = await client().send(describe("job"));
    assert.deepEqual([ProcessingJobStatus, FailureReason], ["Failed", "why"]);
    assert.deepEqual(await ask(standIn, "DELETE /_admin/jobs/other"), [200, {}]);
    const [, jobs] = await ask(standIn, "GET /_admin/jobs") as [number, Record<string, unknown>[]];
    assert.deepEqual(jobs.map(({ name, region, status, tags }) => [name, region, status, tags]), [
      ["job", REGION, "Failed", { team: "a" }],
    ]);
    const [, created] = await ask(standIn, "GET /_admin/created") as [number, Record<string, unknown>[]];
    assert.deepEqual(created.map(({ name }) => name), ["job", "other"]);
  }, { admin: true }));

Deno.test("administration takes a script of faults, and takes it away", () =>
  withStandIn(async ({ standIn, client }) => {
    const script = { rules: [{ operation: "CreateProcessingJob", times: 1, fault: { kind: "error", code: "Oops" } }] };
    assert.deepEqual(await ask(standIn, "POST /_admin/faults", JSON.stringify(script)), [200, {}]);
    await assert.rejects(client().send(create("job")), { name: "Oops" });
    await client().send(create("job"));
    await ask(standIn, "POST /_admin/faults", JSON.stringify(script));
    assert.deepEqual(await ask(standIn, "DELETE /_admin/faults"), [200, {}]);
    await client().send(create("second"));
  }, { admin: true }));

Deno.test("administration gives others jobs, which no call has created", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    await client().send(create("ours"));
    const foreign = { region: REGION, count: 3, durationMs: 5_000 };
    assert.deepEqual(await ask(standIn, "POST /_admin/foreign", JSON.stringify(foreign)), [200, {}]);
    const statuses = () => standIn.jobs().map(({ status }) => status);
    assert.deepEqual(statuses(), ["InProgress", "InProgress", "InProgress", "InProgress"]);
    await clock.advance(5_000);
    assert.deepEqual(statuses(), ["InProgress", "Completed", "Completed", "Completed"]);
    assert.deepEqual(standIn.created.map(({ name }) => name), ["ours"]);
  }, { admin: true }));

Deno.test("administration sets the service's clock off ours", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    assert.deepEqual(await ask(standIn, "POST /_admin/clock", '{"offsetMs":120000}'), [200, {}]);
    await client().send(create("job"));
    const { CreationTime, LastModifiedTime } = await client().send(describe("job"));
    const ahead = new Date(clock.now() + 120_000);
    assert.deepEqual([CreationTime, LastModifiedTime], [ahead, ahead]);
  }, { admin: true }));

Deno.test("administration says what it can't do", () =>
  withStandIn(async ({ standIn, client }) => {
    await client().send(create("job"));
    const table: [request: string, body: string | undefined, status: number, error: RegExp][] = [
      ["GET /_admin/", undefined, 404, /^Not found$/],
      ["PUT /_admin/calls", undefined, 404, /^Not found$/],
      ["POST /_admin/jobs/job/start", undefined, 404, /^Not found$/],
      ["POST /_admin/jobs/none/finish", undefined, 404, /^Cannot find job 'none'/],
      ["DELETE /_admin/jobs/none", undefined, 404, /^Cannot find job 'none'/],
      ["DELETE /_admin/jobs/%", undefined, 400, /malformed/],
      ["POST /_admin/jobs/job/finish", "x", 400, /^Cannot use the body: it is not JSON$/],
      ["POST /_admin/jobs/job/finish", '{"status":"Done"}', 400, /'status' must be one of Completed, Failed, Stopped$/],
      ["POST /_admin/foreign", '{"region":"x","count":"3"}', 400, /^Cannot use the body: 'count' must be a number$/],
      ["POST /_admin/clock", "null", 400, /^Cannot use the body: 'offsetMs' must be a number$/],
      ["POST /_admin/faults", "x", 400, /^Cannot use the script: it is not JSON$/],
    ];
    for (const [request, body, status, error] of table) {
      const [answered, answer] = await ask(standIn, request, body);
      assert.equal(answered, status, request);
      assert.match((answer as { error: string }).error, error, request);
    }
  }, { admin: true }));
