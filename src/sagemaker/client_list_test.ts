import assert from "node:assert/strict";
import { systemClock } from "../runtime/clock.ts";
import { type SageMaker, sageMakerFactory } from "./client.ts";
import { endpoints } from "./endpoints.ts";
import { create, type Fixture, REGION, withStandIn } from "./stand_in/fixture.ts";

async function withSageMaker(test: (sageMaker: SageMaker, fixture: Fixture) => Promise<void>): Promise<void> {
  Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  Deno.env.set("AWS_SECRET_ACCESS_KEY", "not-a-secret");
  await withStandIn(async (fixture) => {
    const options = { endpoints: endpoints({ endpointUrl: fixture.standIn.url }), clock: systemClock, version: "0" };
    using factory = sageMakerFactory(options);
    await test(factory.sageMakerFor({ region: REGION }), fixture);
  });
}

Deno.test("list() gives what SageMaker's lists say of jobs, and marks it as a summary", () =>
  withSageMaker(async (sageMaker, { clock, standIn, client }) => {
    await client().send(create("job"));
    const creationTime = clock.now();
    await clock.advance(1_234);
    standIn.finish("job", "Failed", "AlgorithmError: why");
    const arn = standIn.created[0]!.arn;
    const [status, failureReason, isSummary] = [
      "Failed",
      "AlgorithmError: (shown once SageMaker has described the job)",
      true,
    ] as const;
    const [endTime, lastModifiedTime] = [clock.now(), clock.now()];
    const times = { creationTime, endTime, lastModifiedTime };
    const job = { name: "job", arn, status, failureReason, ...times, isSummary, hasMoreText: true };
    assert.deepEqual(await sageMaker.list({}), { jobs: [job] });
  }));

Deno.test("list() asks by status and by times, to the millisecond", () =>
  withSageMaker(async (sageMaker, { clock, client }) => {
    const start = clock.now();
    for (const name of ["a", "b", "c"]) {
      await client().send(create(name));
      await clock.advance(1);
    }
    const names = async (query: Parameters<SageMaker["list"]>[0]) => {
      return (await sageMaker.list(query)).jobs.map(({ name }) => name);
    };
    assert.deepEqual(await names({ createdAfter: start }), ["c", "b"]);
    assert.deepEqual(await names({ modifiedAfter: start + 1 }), ["c"]);
    assert.deepEqual(await names({ status: "InProgress", createdAfter: start + 1 }), ["c"]);
    assert.deepEqual(await names({ status: "Stopping" }), []);
  }));

Deno.test("list() goes on with a token after a hundred jobs", () =>
  withSageMaker(async (sageMaker, { standIn }) => {
    standIn.createForeign(REGION, 120, 60_000);
    const first = await sageMaker.list({ status: "InProgress" });
    assert.equal(first.jobs.length, 100);
    const second = await sageMaker.list({ status: "InProgress", nextToken: first.nextToken! });
    assert.deepEqual([second.jobs.length, second.nextToken], [20, undefined]);
  }));
