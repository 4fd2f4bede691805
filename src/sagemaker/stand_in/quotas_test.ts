import assert from "node:assert/strict";
import { ListProcessingJobsCommand } from "@aws-sdk/client-sagemaker";
import { create, describe, withStandIn } from "./fixture.ts";
import { parseQuota, QUOTAS } from "./quotas.ts";

Deno.test("parseQuota() reads an operation, its rate and its burst", () => {
  assert.deepEqual(parseQuota("ListProcessingJobs=2"), ["ListProcessingJobs", { perSecond: 2 }]);
  assert.deepEqual(parseQuota("X1=0.5:3"), ["X1", { perSecond: 0.5, burst: 3 }]);
  for (const text of ["", "List", "List=", "List=0", "List=-1", "List=1:0", "List=1:", "=1", "list=1", "List=1e3"]) {
    assert.throws(() => parseQuota(text), SyntaxError, text);
  }
});

Deno.test("an account's quotas: calls beyond them are throttled, each operation and region by itself", () =>
  withStandIn(async ({ clock, client }) => {
    const throttled = { name: "ThrottlingException", message: "Rate exceeded" };
    await client().send(create("a"));
    await assert.rejects(client().send(create("b")), throttled);
    await client("us-west-2").send(create("b"));
    for (let call = 0; call < 5; call++) await client().send(describe("a"));
    await assert.rejects(client().send(describe("a")), throttled);
    const list = () => client().send(new ListProcessingJobsCommand());
    await list();
    await list();
    await assert.rejects(list(), throttled);
    await clock.advance(500);
    await list();
    await assert.rejects(client().send(create("b")), throttled);
    await clock.advance(500);
    await client().send(create("b"));
    // An hour saves up no more than the burst.
    await clock.advance(3_600_000);
    await client().send(create("c"));
    await assert.rejects(client().send(create("d")), throttled);
  }, { quotas: QUOTAS.account }));

Deno.test("a quota has the burst that is given", () =>
  withStandIn(async ({ client }) => {
    for (const name of ["a", "b", "c"]) await client().send(create(name));
    await assert.rejects(client().send(create("d")), { name: "ThrottlingException" });
  }, { quotas: { CreateProcessingJob: { perSecond: 0.1, burst: 3 } } }));
