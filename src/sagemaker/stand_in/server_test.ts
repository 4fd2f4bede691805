import assert from "node:assert/strict";
import { ListProcessingJobsCommand } from "@aws-sdk/client-sagemaker";
import { errorAnswer } from "./answer.ts";
import { create, describe, REGION, request, withStandIn } from "./fixture.ts";
import type { CallRecord } from "./server.ts";

Deno.test("requests that no client of AWS would send are refused", () =>
  withStandIn(async ({ standIn }) => {
    const scope = "Credential=AKID/20240101/eu-west-1/sagemaker/aws4_request";
    const signed = { Authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` };
    const list = { "X-Amz-Target": "SageMaker.ListProcessingJobs" };
    const table: [Record<string, string>, string, string][] = [
      [list, "{}", "MissingAuthenticationTokenException"],
      [{ ...list, Authorization: "Bearer x" }, "{}", "IncompleteSignatureException"],
      [{ ...signed, "X-Amz-Target": "SageMaker.constructor" }, "{}", "UnknownOperationException"],
      [{ ...signed, "X-Amz-Target": "SageMaker.CreateTrainingJob" }, "{}", "UnknownOperationException"],
      [signed, "{}", "UnknownOperationException"],
      [{ ...signed, ...list }, "{", "SerializationException"],
      [{ ...signed, ...list }, "[]", "SerializationException"],
      [{ ...signed, ...list }, '{"MaxResults": "1"}', "SerializationException"],
      [{ ...signed, ...list }, '{"MaxResults": 101}', "ValidationException"],
    ];
    for (const [headers, body, code] of table) {
      const answer = await fetch(standIn.url, { method: "POST", headers, body });
      const { __type, message } = await answer.json();
      assert.deepEqual([answer.status, __type, typeof message], [400, code, "string"]);
      assert.equal(answer.headers.get("content-type"), "application/x-amz-json-1.1");
      assert.equal(answer.headers.get("x-amzn-errortype"), code);
      assert.ok(answer.headers.has("x-amzn-requestid"));
    }
  }));

Deno.test("STS tells whose credentials they are", () =>
  withStandIn(async ({ standIn }) => {
    const scope = "Credential=AKID/20240101/us-gov-west-1/sts/aws4_request";
    const headers = { Authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=0` };
    const body = (Action: string) => new URLSearchParams({ Action, Version: "2011-06-15" });
    const answer = await fetch(standIn.url, { method: "POST", headers, body: body("GetCallerIdentity") });
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.match(text, /<Account>123456789012<\/Account>/);
    assert.match(text, /<Arn>arn:aws-us-gov:iam::123456789012:user\/stand-in<\/Arn>/);
    const other = await fetch(standIn.url, { method: "POST", headers, body: body("Nonsense<>") });
    assert.equal(other.status, 400);
    assert.match(await other.text(), /<Code>InvalidAction<\/Code><Message>Could not find operation Nonsense&lt;&gt;</);
  }));

Deno.test("calls are counted and told of, jobs are recorded by creation", async () => {
  const records: CallRecord[] = [];
  await withStandIn(async ({ clock, standIn, client }) => {
    const at = clock.now();
    await client().send(create("job", { Tags: [{ Key: "team", Value: "a" }] }));
    await client().send(create("job")).catch(() => {});
    await client().send(describe("job"));
    assert.deepEqual(standIn.calls, { CreateProcessingJob: 2, DescribeProcessingJob: 1 });
    assert.deepEqual(records.map(({ operation, region, outcome, error }) => [operation, region, outcome, error]), [
      ["CreateProcessingJob", REGION, 200, undefined],
      ["CreateProcessingJob", REGION, 400, "ResourceInUse"],
      ["DescribeProcessingJob", REGION, 200, undefined],
    ]);
    const arn = `arn:aws:sagemaker:${REGION}:123456789012:processing-job/job`;
    const job = {
      name: "job",
      arn,
      region: REGION,
      createdAt: at,
      request: { ...request("job") },
      tags: { team: "a" },
    };
    assert.deepEqual(standIn.created, [job]);
    assert.deepEqual(standIn.jobs(), [{ ...job, status: "InProgress" }]);
  }, { onRequest: (record) => records.push(record) });
});

Deno.test("finish() and deleteRecord() change a job behind the API's back", () =>
  withStandIn(async ({ clock, standIn, client }) => {
    await client().send(create("job"));
    await clock.advance(1_000);
    standIn.finish("job", "Failed", "InternalServerError: We encountered an internal error");
    const failed = await client().send(describe("job"));
    assert.deepEqual([failed.ProcessingJobStatus, failed.ProcessingEndTime], ["Failed", new Date(clock.now())]);
    assert.equal(failed.FailureReason, "InternalServerError: We encountered an internal error");
    await clock.advance(60_000);
    assert.equal((await client().send(describe("job"))).ProcessingJobStatus, "Failed");
    standIn.deleteRecord("job");
    await assert.rejects(client().send(describe("job")), { name: "ValidationException" });
    assert.throws(() => standIn.finish("job", "Completed"), RangeError);
  }));

Deno.test("intercept decides what happens to a call", () =>
  withStandIn(async ({ standIn, client }) => {
    standIn.intercept = (operation) =>
      operation === "ListProcessingJobs" ? undefined : errorAnswer("ThrottlingException", "Rate exceeded");
    await assert.rejects(client().send(create("job")), { name: "ThrottlingException", message: "Rate exceeded" });
    assert.deepEqual((await client().send(new ListProcessingJobsCommand({}))).ProcessingJobSummaries, []);

    assert.deepEqual(standIn.calls, { CreateProcessingJob: 1, ListProcessingJobs: 1 });

    standIn.intercept = () => "reset";
    await assert.rejects(client().send(create("job")), { code: "ECONNRESET" });
    assert.deepEqual(standIn.created, []);

    standIn.intercept = (_operation, _request, { apply }) => {
      apply();
      return "reset";
    };
    await assert.rejects(client().send(create("lost-answer")), { code: "ECONNRESET" });
    assert.deepEqual(standIn.created.map(({ name }) => name), ["lost-answer"]);

    standIn.intercept = () => "hang";
    await assert.rejects(client().send(describe("lost-answer"), { abortSignal: AbortSignal.timeout(20) }), {
      name: "AbortError",
    });
  }));

Deno.test("an answer can be delayed, and closing ends the delay", () =>
  withStandIn(async ({ standIn, client }) => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    standIn.intercept = (_operation, _request, { signal }) =>
      new Promise((resolve) => {
        arrive();
        signal.addEventListener("abort", () => resolve(undefined));
      });
    const lost = assert.rejects(client().send(create("job")), { code: "ECONNRESET" });
    await arrived;
    await standIn.close();
    await lost;
  }));
