import assert from "node:assert/strict";
import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import { StopProcessingJobCommand } from "@aws-sdk/client-sagemaker";
import { create, type Fixture, REGION, withStandIn } from "./fixture.ts";

const GROUP = { logGroupName: "/aws/sagemaker/ProcessingJobs" };

interface LogsFixture extends Fixture {
  filter(input?: FilterLogEventsCommandInput): Promise<{ texts: string[]; nextToken: string | undefined }>;
  get(
    input: GetLogEventsCommandInput,
  ): Promise<{ texts: string[]; forward: string | undefined; backward: string | undefined }>;
  streams(): Promise<string[]>;
}

function withLogs(test: (fixture: LogsFixture) => Promise<void>): Promise<void> {
  return withStandIn(async (fixture) => {
    const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
    const client = new CloudWatchLogsClient({
      region: REGION,
      endpoint: fixture.standIn.url,
      credentials,
      maxAttempts: 1,
    });
    const textsOf = (events: { message?: string | undefined }[] = []) => events.map(({ message = "" }) => message);
    try {
      await test({
        ...fixture,
        async filter(input = {}) {
          const { events, nextToken } = await client.send(new FilterLogEventsCommand({ ...GROUP, ...input }));
          return { texts: textsOf(events), nextToken };
        },
        async get(input) {
          const { events, nextForwardToken, nextBackwardToken } = await client.send(new GetLogEventsCommand(input));
          return { texts: textsOf(events), forward: nextForwardToken, backward: nextBackwardToken };
        },
        async streams() {
          const { logStreams = [] } = await client.send(new DescribeLogStreamsCommand(GROUP));
          return logStreams.map(({ logStreamName = "" }) => logStreamName);
        },
      });
    } finally {
      client.destroy();
    }
  });
}

function createWith(name: string, environment: Record<string, string>, InstanceCount = 1) {
  const ClusterConfig = { InstanceType: "ml.m5.large", InstanceCount, VolumeSizeInGB: 10 } as const;
  return create(name, { Environment: environment, ProcessingResources: { ClusterConfig } });
}

Deno.test("there is no log group before the first job", () =>
  withLogs(async ({ filter }) => {
    await assert.rejects(filter(), { name: "ResourceNotFoundException" });
    await assert.rejects(filter({ logGroupName: "/other" }), { name: "ResourceNotFoundException" });
  }));

Deno.test("a job writes as many lines as it is told, over its life and its hosts, and no more", () =>
  withLogs(async ({ clock, client, filter, streams }) => {
    await client().send(createWith("job", { SIMULATE_LOG_LINES: "99" }, 3));
    assert.equal((await filter()).texts.length, 0);
    await clock.advance(5_000);
    const half = (await filter()).texts;
    assert.ok(half.length > 40 && half.length < 50, String(half.length));
    await clock.advance(20_000);
    const all = (await filter()).texts;
    assert.equal(all.length, 99);
    assert.deepEqual(all.slice(0, 40), half.slice(0, 40));
    assert.deepEqual(await streams(), [1, 2, 3].map((host) => `job/algo-${host}-1704067200`));
  }));

Deno.test("a job that fails says why in the end; one that is stopped falls silent", () =>
  withLogs(async ({ clock, client, filter }) => {
    await client().send(createWith("failing", { SIMULATE_FAILURE: "exit code 1" }));
    await client().send(createWith("stopped", {}));
    await clock.advance(3_000);
    await client().send(new StopProcessingJobCommand({ ProcessingJobName: "stopped" }));
    await clock.advance(20_000);
    const { texts } = await filter({ logStreamNamePrefix: "failing/" });
    assert.deepEqual(texts.slice(-2), ["Traceback (most recent call last):", "RuntimeError: exit code 1"]);
    assert.ok((await filter({ logStreamNamePrefix: "stopped/" })).texts.length < 8);
  }));

Deno.test("lines of several hosts do not arrive in the order of their times", () =>
  withLogs(async ({ clock, client, filter }) => {
    await client().send(createWith("job", { SIMULATE_LOG_LINES: "300" }, 3));
    let before: string[] = [];
    let late = 0;
    for (let i = 0; i < 100; i++) {
      await clock.advance(110);
      const { texts } = await filter();
      if (texts.slice(0, before.length).join() !== before.join()) late++;
      before = texts;
    }
    assert.ok(late > 10, String(late));
  }));

Deno.test("FilterLogEvents pages, and refuses what makes no sense", () =>
  withLogs(async ({ clock, client, filter }) => {
    await client().send(createWith("job", { SIMULATE_LOG_LINES: "10" }));
    await clock.advance(20_000);
    const { texts } = await filter();
    const paged: string[] = [];
    let token: string | undefined;
    do {
      const page = await filter({ limit: 3, ...(token !== undefined && { nextToken: token }) });
      paged.push(...page.texts);
      token = page.nextToken;
    } while (token !== undefined);
    assert.deepEqual(paged, texts);
    for (
      const input of [{ limit: 0 }, { limit: 10_001 }, { nextToken: "nonsense" }, {
        logStreamNames: ["a"],
        logStreamNamePrefix: "b",
      }]
    ) {
      await assert.rejects(filter(input), { name: "InvalidParameterException" }, JSON.stringify(input));
    }
  }));

Deno.test("GetLogEvents goes forward and backward, and gives its token back at either end", () =>
  withLogs(async ({ clock, client, get, streams }) => {
    await client().send(createWith("job", { SIMULATE_LOG_LINES: "10" }));
    await clock.advance(20_000);
    const [logStreamName] = await streams();
    const stream = { ...GROUP, logStreamName };
    const { texts: all } = await get({ ...stream, startFromHead: true });
    assert.equal(all.length, 10);
    const last = await get({ ...stream, limit: 4 });
    assert.deepEqual(last.texts, all.slice(6));
    const before = await get({ ...stream, limit: 4, nextToken: last.backward });
    assert.deepEqual(before.texts, all.slice(2, 6));
    const again = await get({ ...stream, limit: 4, nextToken: before.forward });
    assert.deepEqual(again.texts, all.slice(6));
    const end = await get({ ...stream, nextToken: again.forward });
    assert.deepEqual([end.texts, end.forward], [[], again.forward]);
    await assert.rejects(get({ ...stream, logStreamName: "none" }), { name: "ResourceNotFoundException" });
  }));
