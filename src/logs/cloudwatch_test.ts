import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateProcessingJobCommand, SageMakerClient } from "@aws-sdk/client-sagemaker";
import { systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { errorAnswer } from "../sagemaker/stand_in/answer.ts";
import { REGION, request } from "../sagemaker/stand_in/fixture.ts";
import { type StandIn, startStandIn } from "../sagemaker/stand_in/server.ts";
import { type CloudWatchLogs, openCloudWatch } from "./cloudwatch.ts";
import { type LogLine, LogsError, pages } from "./source.ts";

Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
Deno.env.set("AWS_SECRET_ACCESS_KEY", "of-no-use");

const signal = new AbortController().signal;
const QUERY = { streamPrefix: "job/", from: 0 };

/** The real client, against the stand-in, on a clock that the test moves. */
async function withLogs(
  test: (
    fixture: { clock: FakeClock; standIn: StandIn; logs: CloudWatchLogs },
  ) => Promise<void>,
): Promise<void> {
  const clock = new FakeClock();
  const standIn = await startStandIn({ clock, jobDuration: 10_000 });
  using logs = openCloudWatch({
    region: REGION,
    endpoint: standIn.url,
    clock: systemClock,
    env: () => undefined,
    version: "1",
  });
  try {
    await test({ clock, standIn, logs });
  } finally {
    await standIn.close();
  }
}

async function create(standIn: StandIn, name: string, lines: number): Promise<void> {
  const credentials = { accessKeyId: "AKID", secretAccessKey: "secret" };
  const client = new SageMakerClient({ region: REGION, endpoint: standIn.url, credentials });
  const ClusterConfig = { InstanceType: "ml.m5.large", InstanceCount: 3, VolumeSizeInGB: 10 } as const;
  await client.send(
    new CreateProcessingJobCommand(request(name, {
      ProcessingResources: { ClusterConfig },
      Environment: { SIMULATE_LOG_LINES: String(lines) },
    })),
  );
  client.destroy();
}

Deno.test("the lines of a job come page by page, and not those of a job whose name begins the same", () =>
  withLogs(async ({ clock, standIn, logs }) => {
    await create(standIn, "job", 25_000);
    await create(standIn, "job-2", 5);
    await clock.advance(20_000);
    const read = await Array.fromAsync(pages(logs, QUERY, signal));
    assert.deepEqual(read.map((lines) => lines.length), [10_000, 10_000, 5_000]);
    const lines = read.flat();
    assert.equal(new Set(lines.map(({ id }) => id)).size, 25_000);
    assert.deepEqual(new Set(lines.map(({ stream }) => stream.split("-")[1])), new Set(["1", "2", "3"]));
    assert.ok(lines.every(({ stream }) => stream.startsWith("job/")));
    assert.deepEqual(lines, lines.toSorted((a: LogLine, b: LogLine) => a.timestamp - b.timestamp));
  }));

Deno.test("a query's times are heeded, both included", () =>
  withLogs(async ({ clock, standIn, logs }) => {
    await create(standIn, "job", 100);
    await clock.advance(20_000);
    const all = (await logs.page(QUERY, undefined, signal)).lines;
    const [from, to] = [all[10]!.timestamp, all[20]!.timestamp];
    const some = (await logs.page({ ...QUERY, from, to }, undefined, signal)).lines;
    assert.deepEqual(some, all.slice(10, 21));
  }));

Deno.test("the newline that ends a message is left out", () =>
  withLogs(async ({ standIn, logs }) => {
    const events = [{ eventId: "1", logStreamName: "job/a", timestamp: 1, message: "one\r\n" }, {
      timestamp: 2,
      message: "a\nb\n",
    }];
    standIn.intercept = () => ({ status: 200, body: JSON.stringify({ events }) });
    const { lines } = await logs.page(QUERY, undefined, signal);
    assert.deepEqual(lines.map(({ message }) => message), ["one", "a\nb"]);
    assert.equal(new Set(lines.map(({ id }) => id)).size, 2);
  }));

const failures: [code: string, text: string, status: number, kind: string, message: RegExp][] = [
  [
    "ResourceNotFoundException",
    "The specified log group does not exist.",
    400,
    "no-log-group",
    /^There is no log group '\/aws\/sagemaker\/ProcessingJobs' in region 'eu-west-1' yet/,
  ],
  ["ThrottlingException", "Rate exceeded", 400, "may-pass", /^ThrottlingException: Rate exceeded/],
  ["ServiceUnavailableException", "Later", 503, "may-pass", /^ServiceUnavailableException: Later/],
  [
    "AccessDeniedException",
    "User x is not authorized",
    400,
    "refused",
    /^Cannot read logs: AccessDeniedException: User x .*'logs:FilterLogEvents' .* is needed$/,
  ],
  ["InvalidParameterException", "Bad", 400, "refused", /^Cannot read logs: InvalidParameterException: Bad/],
];
for (const [code, text, status, kind, message] of failures) {
  Deno.test(`${code} is ${kind}`, () =>
    withLogs(async ({ standIn, logs }) => {
      standIn.intercept = () => errorAnswer(code, text, status);
      const error = await logs.page(QUERY, undefined, signal).catch((error) => error);
      assert.ok(error instanceof LogsError);
      assert.equal(error.kind, kind);
      assert.match(error.message, message);
    }));
}

Deno.test("an address where nobody answers is told as CloudWatch Logs'", async () => {
  using logs = openCloudWatch({
    region: REGION,
    endpoint: "http://127.0.0.1:9",
    env: () => undefined,
    clock: systemClock,
    version: "1",
  });
  await assert.rejects(logs.page(QUERY, undefined, signal), {
    kind: "may-pass",
    message: /^Cannot reach CloudWatch Logs at/,
  });
});

Deno.test("the signal ends a call that gets no answer", () =>
  withLogs(async ({ standIn, logs }) => {
    const controller = new AbortController();
    standIn.intercept = () => {
      controller.abort(new Error("Ctrl-C"));
      return "hang";
    };
    await assert.rejects(logs.page(QUERY, undefined, controller.signal), /Ctrl-C/);
  }));

Deno.test("what answers without being CloudWatch Logs is told as such", () =>
  withLogs(async ({ standIn, logs }) => {
    standIn.intercept = () => ({ status: 200, body: "<html>" });
    await assert.rejects(logs.page(QUERY, undefined, signal), { kind: "refused", message: /^Cannot read logs: / });
  }));

Deno.test("the variable of the SDKs says where CloudWatch Logs is, and a body that stops is not waited for", async () => {
  const controller = new AbortController();
  let agent: string | undefined;
  const server = createServer((request, response) => {
    agent = request.headers["user-agent"];
    response.writeHead(200, { "content-length": "100" });
    response.write("{");
    controller.abort(new Error("Ctrl-C"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = (name: string) => name === "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS" ? url : undefined;
  using logs = openCloudWatch({ region: REGION, env, clock: systemClock, version: "1" });
  await assert.rejects(logs.page(QUERY, undefined, controller.signal), /Ctrl-C/);
  assert.equal(agent, "sagemaker-operator/1");
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
