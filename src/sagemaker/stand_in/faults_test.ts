import assert from "node:assert/strict";
import { ListProcessingJobsCommand, StopProcessingJobCommand } from "@aws-sdk/client-sagemaker";
import { FakeClock, settle } from "../../runtime/fake_clock.ts";
import { FaultPlan, type FaultRule, seededRandom } from "./faults.ts";
import { create, describe, withStandIn } from "./fixture.ts";
import type { InterceptContext } from "./server.ts";

/** A plan, and calls through it whose ordinary answer says how often they were applied. */
function bench(...rules: FaultRule[]) {
  const clock = new FakeClock();
  const plan = new FaultPlan({ rules, random: seededRandom(1), clock });
  let applied = 0;
  const call = async (operation = "CreateProcessingJob", job = "a") => {
    applied = 0;
    const apply: InterceptContext["apply"] = ({ staleMs = 0 } = {}) => {
      applied++;
      return { status: 200, body: staleMs > 0 ? `${staleMs} ms ago` : "done" };
    };
    const context = { region: "eu-west-1", apply, signal: new AbortController().signal };
    const outcome = await plan.intercept(operation, { ProcessingJobName: job }, context) ?? apply();
    const text = typeof outcome === "string"
      ? outcome
      : outcome.status === 200
      ? outcome.body
      : `${outcome.status} ${outcome.body}`;
    return `${text}, applied ${applied}`;
  };
  return { clock, plan, call };
}

const ERROR = '{"__type":"InternalFailure","message":"InternalFailure"}';
const HARM: [fault: FaultRule["fault"], outcome: string][] = [
  [{ kind: "error", code: "InternalFailure", status: 500 }, `500 ${ERROR}, applied 0`],
  [{ kind: "error", code: "InternalFailure", status: 503, applied: true }, `503 ${ERROR}, applied 1`],
  [{ kind: "error", code: "X", message: "why" }, '400 {"__type":"X","message":"why"}, applied 0'],
  [{ kind: "reset" }, "reset, applied 0"],
  [{ kind: "reset", applied: true }, "reset, applied 1"],
  [{ kind: "hang" }, "hang, applied 0"],
  [{ kind: "hang", applied: true }, "hang, applied 1"],
  [{ kind: "duplicate" }, "done, applied 2"],
  [{ kind: "throttle", perSecond: 0 }, "done, applied 1"],
];

for (const [fault, outcome] of HARM) {
  Deno.test(`FaultPlan: ${JSON.stringify(fault)} makes of a call '${outcome}'`, async () => {
    const { call } = bench({ fault });
    assert.equal(await call(), outcome);
  });
}

Deno.test("FaultPlan harms the calls that a rule picks by operation and job, after some and for some times", async () => {
  const reset: FaultRule = { fault: { kind: "reset" } };
  const outcomes = async (rule: FaultRule, ...calls: [operation: string, job: string][]) => {
    const { call } = bench(rule);
    const results = [];
    for (const [operation, job] of calls) results.push((await call(operation, job)).startsWith("reset"));
    return results;
  };
  assert.deepEqual(
    await outcomes({ ...reset, operation: "Stop", job: "b" }, ["Stop", "b"], ["Stop", "a"], ["List", "b"]),
    [true, false, false],
  );
  assert.deepEqual(
    await outcomes({ ...reset, operation: ["Stop", "List"] }, ["Stop", "a"], ["List", "a"], ["X", "a"]),
    [
      true,
      true,
      false,
    ],
  );
  assert.deepEqual(
    await outcomes({ ...reset, job: "a", after: 1, times: 1 }, ["X", "b"], ["X", "a"], ["X", "a"], ["X", "a"]),
    [false, false, true, false],
  );
});

Deno.test("FaultPlan throws the dice for each call, repeatably, and counts what it did", async () => {
  const run = async () => {
    const { call, plan } = bench({ fault: { kind: "reset" }, probability: 0.25 });
    let hits = "";
    for (let count = 0; count < 1_000; count++) hits += (await call()).startsWith("reset") ? "x" : ".";
    assert.equal(plan.injected.reset, hits.replaceAll(".", "").length);
    return hits;
  };
  const hits = await run();
  assert.equal(await run(), hits);
  const share = hits.replaceAll(".", "").length / hits.length;
  assert.ok(share > 0.2 && share < 0.3, `${share}`);
});

Deno.test("FaultPlan holds a call for its latency, before it is applied or after, and lets later rules at it", async () => {
  const { call, clock } = bench(
    { fault: { kind: "latency", ms: 1_000 }, operation: "early" },
    { fault: { kind: "latency", ms: 1_000, applied: true }, operation: "late" },
    { fault: { kind: "reset" }, operation: "early" },
  );
  for (const [operation, outcome] of [["early", "reset, applied 0"], ["late", "done, applied 1"]] as const) {
    let answer: string | undefined;
    void call(operation).then((text) => answer = text);
    await clock.advance(999);
    assert.equal(answer, undefined);
    await clock.advance(1);
    await settle();
    assert.equal(answer, outcome);
  }
});

Deno.test("FaultPlan throttles what exceeds a rate, after a burst of a second's worth", async () => {
  const { call, clock } = bench({ fault: { kind: "throttle", perSecond: 2 } });
  const taken = async (calls: number) => {
    let count = 0;
    for (let index = 0; index < calls; index++) {
      const outcome = await call();
      if (outcome === "done, applied 1") count++;
      else assert.equal(outcome, '400 {"__type":"ThrottlingException","message":"Rate exceeded"}, applied 0');
    }
    return count;
  };
  assert.equal(await taken(5), 2);
  await clock.advance(500);
  assert.equal(await taken(5), 1);
  await clock.advance(60_000);
  assert.equal(await taken(5), 2);
});

Deno.test("FaultPlan shows the past to reads alone", async () => {
  const { call } = bench({ fault: { kind: "stale", ms: 3_000 } });
  assert.equal(await call("DescribeProcessingJob"), "3000 ms ago, applied 1");
  assert.equal(await call("ListProcessingJobs"), "3000 ms ago, applied 1");
  assert.equal(await call("CreateProcessingJob"), "done, applied 1");
});

Deno.test("a stale read tells of jobs as they were, and nothing of those that came later", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    await client().send(create("old"));
    await clock.advance(5_000);
    await client().send(new StopProcessingJobCommand({ ProcessingJobName: "old" }));
    await client().send(create("new"));
    await clock.advance(1_000);
    standIn.intercept = new FaultPlan({ rules: [{ fault: { kind: "stale", ms: 2_000 } }], clock }).intercept;
    assert.equal((await client().send(describe("old"))).ProcessingJobStatus, "InProgress");
    await assert.rejects(client().send(describe("new")), { name: "ValidationException" });
    const { ProcessingJobSummaries: listed } = await client().send(new ListProcessingJobsCommand({}));
    assert.deepEqual(listed?.map((job) => [job.ProcessingJobName, job.ProcessingJobStatus]), [["old", "InProgress"]]);
    standIn.intercept = undefined;
    assert.equal((await client().send(describe("old"))).ProcessingJobStatus, "Stopping");
    assert.equal((await client().send(describe("new"))).ProcessingJobStatus, "InProgress");
  }));

Deno.test("FaultPlan harms the pages of a list that a rule picks", async () => {
  const outcomes = async (page: "first" | "later") => {
    const plan = new FaultPlan({ rules: [{ fault: { kind: "hang" }, page }] });
    const call = async (operation: string, request: Record<string, unknown>) => {
      const context = { region: "eu-west-1", apply: () => ({ status: 200, body: "" }), signal: AbortSignal.abort() };
      return await plan.intercept(operation, request, context) === "hang";
    };
    return [
      await call("ListProcessingJobs", {}),
      await call("ListProcessingJobs", { NextToken: "t" }),
      await call("DescribeProcessingJob", {}),
    ];
  };
  assert.deepEqual(await outcomes("first"), [true, false, false]);
  assert.deepEqual(await outcomes("later"), [false, true, false]);
});

Deno.test("a page whose token is repeated leads to itself for ever", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    for (const name of ["a", "b", "c"]) await client().send(create(name));
    standIn.intercept = new FaultPlan({ rules: [{ fault: { kind: "repeat-token" } }], clock }).intercept;
    const page = async (NextToken?: string) => {
      const input = { MaxResults: 1, ...(NextToken !== undefined && { NextToken }) };
      const answer = await client().send(new ListProcessingJobsCommand(input));
      return { names: answer.ProcessingJobSummaries?.map((job) => job.ProcessingJobName), token: answer.NextToken };
    };
    const first = await page();
    assert.deepEqual(first.names, ["a"]);
    assert.notEqual(first.token, undefined);
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(await page(first.token), { names: ["b"], token: first.token });
    }
  }));
