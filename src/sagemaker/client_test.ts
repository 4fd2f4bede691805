import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { SageMakerError } from "../api/job.ts";
import { systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { errorText } from "../telemetry/error_text.ts";
import { type EndedCall, sageMakerFactory, type SageMakerFactoryOptions } from "./client.ts";
import { endpoints } from "./endpoints.ts";

Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
Deno.env.set("AWS_SECRET_ACCESS_KEY", "of-no-use");

interface Request {
  operation: string;
  body: Record<string, unknown>;
  headers: IncomingMessage["headers"];
}

type Respond = (request: Request, response: ServerResponse) => void;

/** A server that answers as `respond` says, and clients of it. */
async function setUp(respond: Respond, options: Partial<SageMakerFactoryOptions> = {}) {
  const requests: Request[] = [];
  const arrivals: (() => void)[] = [];
  const server = createServer(async (message, response) => {
    const operation = String(message.headers["x-amz-target"]).replace("SageMaker.", "");
    const request = { operation, body: JSON.parse(await text(message)), headers: message.headers };
    requests.push(request);
    arrivals.shift()?.();
    respond(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpointUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const calls: EndedCall[] = [];
  const factory = sageMakerFactory({
    endpoints: endpoints({ endpointUrl }),
    clock: systemClock,
    version: "1.2.3",
    onCall: (call) => calls.push(call),
    ...options,
  });
  return {
    sageMaker: factory.sageMakerFor({ region: "us-west-2" }),
    factory,
    endpointUrl,
    requests,
    calls,
    arrival: () => new Promise<void>((resolve) => arrivals.push(resolve)),
    async [Symbol.asyncDispose]() {
      factory.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "1234" });
  response.end(JSON.stringify(body));
}

function failing(code: string, message: string, status = 400): Respond {
  return (_, response) => json(response, status, { __type: code, message });
}

async function failureOf(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof SageMakerError, String(error));
    return error.failure;
  }
  assert.fail("It did not fail");
}

const REQUEST = { ProcessingJobName: "job-a", RoleArn: "r" } as Parameters<
  ReturnType<Awaited<ReturnType<typeof setUp>>["factory"]["sageMakerFor"]>["create"]
>[0];

Deno.test("create() sends the request as it is, signed for the region, and gives the ARN", async () => {
  await using it = await setUp((_, response) => json(response, 200, { ProcessingJobArn: "arn:a" }));
  assert.equal(await it.sageMaker.create(REQUEST), "arn:a");
  const [{ operation, body, headers }] = it.requests as [Request];
  assert.deepEqual([operation, body], ["CreateProcessingJob", REQUEST]);
  assert.match(String(headers.authorization), /AKIDEXAMPLE\/\d{8}\/us-west-2\/sagemaker\//);
  assert.match(String(headers["user-agent"]), /sagemaker-operator\/1\.2\.3/);
  assert.equal(it.calls.length, 1);
  assert.deepEqual({ ...it.calls[0], ms: 0 }, { operation, region: "us-west-2", code: "OK", ms: 0 });
});

Deno.test("describe() gives the job with its times in milliseconds, without members that the answer lacks", async () => {
  await using it = await setUp((_, response) =>
    json(response, 200, {
      ProcessingJobName: "job-a",
      ProcessingJobArn: "arn:a",
      ProcessingJobStatus: "Failed",
      FailureReason: "AlgorithmError",
      ExitMessage: "bye",
      CreationTime: 1700000000.123,
      ProcessingStartTime: 1700000001,
      ProcessingEndTime: 1700000002,
      LastModifiedTime: 1700000003,
      ProcessingResources: { ClusterConfig: { SelectedInstanceType: "ml.m5.large", VolumeSizeInGB: 1 } },
    })
  );
  assert.deepEqual(await it.sageMaker.describe("job-a"), {
    name: "job-a",
    arn: "arn:a",
    status: "Failed",
    failureReason: "AlgorithmError",
    exitMessage: "bye",
    creationTime: 1700000000123,
    startTime: 1700000001000,
    endTime: 1700000002000,
    lastModifiedTime: 1700000003000,
    selectedInstanceType: "ml.m5.large",
  });
  await using bare = await setUp((_, response) => json(response, 200, { ProcessingJobStatus: "InProgress" }));
  assert.deepEqual(await bare.sageMaker.describe("job-a"), { name: "job-a", arn: "", status: "InProgress" });
});

Deno.test("a job that isn't there is undefined for describe() and nothing to stop for stop()", async () => {
  await using it = await setUp(failing("ValidationException", "Could not find requested job with name: job-a"));
  assert.equal(await it.sageMaker.describe("job-a"), undefined);
  assert.equal(await it.sageMaker.stop("job-a"), undefined);
  assert.deepEqual(it.calls.map(({ code }) => code), ["NotFound", "NotFound"]);
});

Deno.test("a refusal is thrown as its class, with its cause", async () => {
  await using it = await setUp(failing("ResourceInUse", "Job name must be unique"));
  const error = await it.sageMaker.create(REQUEST).catch((error) => error);
  assert.ok(error instanceof SageMakerError);
  assert.deepEqual([error.failure.code, error.failure.reason], ["ResourceInUse", "NameConflict"]);
  assert.equal(error.message, "ResourceInUse: Job name must be unique (request id 1234)");
  assert.ok(error.cause instanceof Error);
  assert.equal(it.calls[0]?.code, "ResourceInUse");
});

Deno.test("a blip is passed over by a second attempt, and no third", async () => {
  let left = 1;
  await using it = await setUp((request, response) => {
    if (left-- > 0) failing("InternalFailure", "Try again", 500)(request, response);
    else json(response, 200, {});
  });
  await it.sageMaker.stop("job-a");
  assert.deepEqual(it.calls.map(({ code }) => code), ["InternalFailure", "OK"]);
  left = 10;
  assert.equal((await failureOf(it.sageMaker.stop("job-a"))).reason, "ServiceUnavailable");
  assert.equal(it.requests.length, 4);
});

Deno.test("nothing is tried again at once that is throttled or refused", async () => {
  for (const code of ["ThrottlingException", "AccessDeniedException", "ResourceLimitExceeded"]) {
    await using it = await setUp(failing(code, "No"));
    await failureOf(it.sageMaker.create(REQUEST));
    assert.equal(it.requests.length, 1, code);
  }
});

Deno.test("a create whose first attempt got no answer is open, unless the second says that the job is there", async () => {
  const codes = [["ThrottlingException", "NetworkUnavailable"], ["ResourceInUse", "NameConflict"]] as const;
  for (const [code, reason] of codes) {
    let isFirst = true;
    await using it = await setUp((request, response) => {
      if (isFirst) response.socket?.destroy();
      else failing(code, "No")(request, response);
      isFirst = false;
    });
    assert.equal((await failureOf(it.sageMaker.create(REQUEST))).reason, reason);
    assert.equal(it.requests.length, 2);
  }
});

Deno.test("the second attempt waits for its moment, and for no abort", async () => {
  const clock = new FakeClock();
  await using it = await setUp(failing("InternalFailure", "Try again", 500), { clock });
  const stop = new AbortController();
  const failure = it.sageMaker.describe("job-a", stop.signal).catch((error) => error);
  while (it.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const reason = new Error("stopping");
  stop.abort(reason);
  assert.equal(await failure, reason);
  assert.equal(it.requests.length, 1);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a call that gets no answer ends at its deadline", async () => {
  const clock = new FakeClock();
  await using it = await setUp(() => {}, { clock, callTimeoutMs: 7_000 });
  const arrival = it.arrival();
  const failure = failureOf(it.sageMaker.describe("job-a"));
  await arrival;
  await clock.advance(7_000);
  const { reason, code, message } = await failure;
  assert.deepEqual([reason, code], ["NetworkUnavailable", "TimeoutError"]);
  assert.equal(message, `No answer from SageMaker at '${it.endpointUrl}'`);
  assert.equal(it.calls[0]?.ms, 7_000);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("a call whose signal is aborted throws the signal's reason", async () => {
  await using it = await setUp(() => {});
  const stop = new AbortController();
  const arrival = it.arrival();
  const call = it.sageMaker.describe("job-a", stop.signal);
  await arrival;
  const reason = new Error("stopping");
  stop.abort(reason);
  await assert.rejects(call, reason);
  await assert.rejects(it.sageMaker.describe("job-a", stop.signal), reason);
  assert.equal(it.requests.length, 1);
});

Deno.test("a connection that is cut or refused is the network's fault", async () => {
  await using it = await setUp((_, response) => void response.socket?.destroy());
  assert.equal((await failureOf(it.sageMaker.describe("job-a"))).reason, "NetworkUnavailable");
  using factory = sageMakerFactory({
    endpoints: endpoints({ endpointUrl: "http://127.0.0.1:1" }),
    clock: systemClock,
    version: "0",
  });
  const { reason, message } = await failureOf(factory.sageMakerFor({ region: "us-west-2" }).describe("job-a"));
  assert.equal(reason, "NetworkUnavailable");
  assert.match(message, /^Cannot reach SageMaker at 'http:\/\/127\.0\.0\.1:1': .*ECONNREFUSED/);
});

Deno.test("answers that aren't SageMaker's are failures, not jobs", async () => {
  await using it = await setUp((_, response) => json(response, 200, {}));
  assert.equal((await failureOf(it.sageMaker.describe("job-a"))).code, "InvalidAnswer");
  await using proxy = await setUp((_, response) => void response.writeHead(502).end("<html>Bad gateway</html>"));
  assert.equal((await failureOf(proxy.sageMaker.describe("job-a"))).reason, "ServiceUnavailable");
});

Deno.test("an endpoint that isn't allowed is refused before any call, one that is allowed is called", async () => {
  await using it = await setUp((_, response) => json(response, 200, { ProcessingJobStatus: "InProgress" }));
  assert.throws(
    () => it.factory.sageMakerFor({ region: "us-west-2", endpoint: "https://evil.example" }),
    SageMakerError,
  );
  assert.equal(
    (await it.factory.sageMakerFor({ region: "eu-west-1", endpoint: it.endpointUrl }).describe("b"))?.status,
    "InProgress",
  );
  assert.match(String(it.requests[0]?.headers.authorization), /\/eu-west-1\/sagemaker\//);
  assert.deepEqual(it.calls.map(({ region, code }) => [region, code]), [["eu-west-1", "OK"]]);
});

Deno.test("a region that can be none is named in the failure", async () => {
  using factory = sageMakerFactory({ endpoints: endpoints({}), clock: systemClock, version: "0" });
  const { retry, reason, message } = await failureOf(factory.sageMakerFor({ region: "us_west!" }).describe("job-a"));
  assert.deepEqual([retry, reason], ["never", "InvalidRegion"]);
  assert.match(message, /region 'us_west!'/);
});

Deno.test("dropIdle() closes the clients of 1,500 invented regions and endpoints, and none in use", async () => {
  const clock = new FakeClock();
  const prototype = SageMakerClient.prototype as unknown as { send?: unknown };
  prototype.send = () => Promise.resolve({ ProcessingJobSummaries: [] });
  using _restored = { [Symbol.dispose]: () => void delete prototype.send };
  using factory = sageMakerFactory({
    endpoints: endpoints({ allowed: ["https://*.example.com"] }),
    clock,
    version: "1.2.3",
    callTimeoutMs: 1_000,
  });
  const endpointOf = (i: number) => i % 2 === 0 ? undefined : `https://e${i}.example.com`;
  const list = (i: number) => factory.sageMakerFor({ region: `invented-${i}`, endpoint: endpointOf(i) }).list({});
  for (let i = 0; i < 1_500; i++) await list(i);
  assert.equal(factory.size, 2_251, "and an identity of the caller for each endpoint, AWS's own among them");
  await clock.advance(5 * 60_000);
  await list(0);
  await clock.advance(5 * 60_000);
  factory.dropIdle();
  assert.equal(factory.size, 2, "one was used five minutes ago");
  await list(1);
  await clock.advance(10 * 60_000);
  factory.dropIdle();
  assert.equal(factory.size, 0);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("no part of a refusal repeats a value of the environment, nor does what is traced of it", async () => {
  const message =
    "1 validation error detected: Value '{SCRIPT=set -e\nexport TOKEN=secret}' at 'environment' failed to " +
    "satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256]";
  const seen: unknown[] = [];
  const traced = <T>(_name: string, _attributes: unknown, call: () => Promise<T>) =>
    call().catch((error) => {
      seen.push(error);
      throw error;
    });
  await using it = await setUp(failing("ValidationException", message), { traced });
  await assert.rejects(it.sageMaker.create(REQUEST), (error) => {
    seen.push(error);
    return true;
  });
  assert.equal(seen.length, 2);
  for (const error of seen) assert.doesNotMatch(Deno.inspect(error, { depth: 9 }), /secret|set -e/);
  assert.match(
    errorText(seen[1]),
    /^ValidationException: 1 validation error detected: Value \(not shown\) at 'environment' /,
  );
});
