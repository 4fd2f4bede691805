/**
 * A server that answers 600 MB to whatever it is asked: the endpoint of a spec, a broken proxy before AWS or the apiserver. The answer is
 * not read to its end, what is told of it is clear, and the memory of the process stays as it was. All tests fail at 939be82, where such an
 * answer took the process to 1.3 GiB.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SageMakerError } from "../../src/api/job.ts";
import { KubeClient, KubeError } from "../../src/kubernetes/client.ts";
import { connect } from "../../src/kubernetes/connection.ts";
import { Informer } from "../../src/kubernetes/informer.ts";
import type { KubeObject } from "../../src/kubernetes/objects.ts";
import { Store } from "../../src/kubernetes/store.ts";
import { watch } from "../../src/kubernetes/watch.ts";
import { openCloudWatch } from "../../src/logs/cloudwatch.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";

const ANSWER_BYTES = 600e6;
/** What the process may grow by. The server is in the same process. */
const MOST_GROWTH_BYTES = 100e6;
const { signal } = new AbortController();

for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);

/** Answers every request with 600 MB. */
class Flood implements AsyncDisposable {
  readonly url: string;
  sent = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const piece = new TextEncoder().encode('"x":"y",'.repeat(8 * 1024));
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response() }, () => {
      let left = ANSWER_BYTES;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (left <= 0) return controller.close();
          left -= piece.length;
          this.sent += piece.length;
          controller.enqueue(piece);
        },
      });
      return new Response(body, { headers: { "content-type": "application/json" } });
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Of this process, now. */
function rss(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

/** Runs `ask` while the most memory that the process takes is noted. */
async function flat(flood: Flood, ask: () => Promise<void>): Promise<void> {
  const before = rss();
  let most = before;
  const watching = setInterval(() => most = Math.max(most, rss()), 5);
  try {
    await ask();
  } finally {
    clearInterval(watching);
  }
  most = Math.max(most, rss());
  assert.ok(most - before < MOST_GROWTH_BYTES, `${Math.round((most - before) / 1e6)} MB more`);
  assert.ok(flood.sent < 100e6, `${Math.round(flood.sent / 1e6)} MB were sent`);
}

function failsWith(asked: Promise<unknown>, reason: string, message: RegExp): Promise<void> {
  return assert.rejects(asked, (error) => {
    assert.ok(error instanceof SageMakerError, String(error));
    assert.match(error.failure.message, message);
    assert.equal(error.failure.reason, reason);
    return true;
  });
}

const NOT_READ = /^Did not read the answer of SageMaker at 'http.*' to its end: the answer is larger than 4 MiB$/;

for (const whose of ["operator", "spec"]) {
  Deno.test(`600 MB from the endpoint of the ${whose}: memory stays flat, and the failure says so`, async () => {
    await using flood = new Flood();
    const isOwn = whose === "operator";
    const known = endpoints(isOwn ? { endpointUrl: flood.url } : { allowed: ["http://127.0.0.1:*"] });
    using factory = sageMakerFactory({ endpoints: known, clock: systemClock, version: "0" });
    const sageMaker = factory.sageMakerFor({ region: "us-west-2", ...(!isOwn && { endpoint: flood.url }) });
    await flat(flood, () => failsWith(sageMaker.describe("job"), "ServiceUnavailable", NOT_READ));
  });
}

Deno.test("600 MB from STS, as the operator assumes a role: memory stays flat", async () => {
  await using flood = new Flood();
  Deno.env.set("AWS_ENDPOINT_URL_STS", flood.url);
  try {
    using factory = sageMakerFactory({ endpoints: endpoints({}), clock: systemClock, version: "0" });
    const account = { roleArn: "arn:aws:iam::123456789012:role/team-a" };
    const asked = factory.sageMakerFor({ region: "us-west-2", account }).describe("job");
    await flat(flood, () => failsWith(asked, "CredentialsUnavailable", /the answer is larger than 4 MiB/));
  } finally {
    Deno.env.delete("AWS_ENDPOINT_URL_STS");
  }
});

Deno.test("600 MB from the container's source of credentials: memory stays flat", async () => {
  await using flood = new Flood();
  for (const name of Object.keys(FAKE_CREDENTIALS)) Deno.env.delete(name);
  Deno.env.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${flood.url}/`);
  try {
    using factory = sageMakerFactory({ endpoints: endpoints({}), clock: systemClock, version: "0" });
    const asked = factory.sageMakerFor({ region: "us-west-2" }).describe("job");
    await flat(flood, () => failsWith(asked, "CredentialsUnavailable", /the answer is larger than 4 MiB/));
  } finally {
    Deno.env.delete("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  }
});

Deno.test("600 MB from CloudWatch Logs: memory stays flat, and the failure says so", async () => {
  await using flood = new Flood();
  const env = () => undefined;
  using logs = openCloudWatch({ region: "us-west-2", endpoint: flood.url, env, clock: systemClock, version: "0" });
  const page = logs.page({ streamPrefix: "job/", from: 0, to: 1 }, undefined, signal);
  await flat(flood, () => assert.rejects(page, /Did not read the answer of CloudWatch Logs .* larger than 4 MiB/));
});

function apiserver(url: string) {
  const readAccess = () => Promise.resolve({ headers: {}, caCerts: [] });
  return connect({ server: url, source: "a test", namespace: "default", clock: systemClock, readAccess });
}

Deno.test("600 MB from the apiserver, in a list and in one event of a watch: memory stays flat", async () => {
  await using flood = new Flood();
  const cluster = await apiserver(flood.url);
  const client = new KubeClient(cluster);
  const tooLarge = (error: unknown) => {
    assert.ok(error instanceof KubeError && error.reason === "AnswerTooLarge", String(error));
    assert.match(error.message, /because the answer is larger than 16 MiB$/);
    return true;
  };
  const times = { timeoutSeconds: 60, idleMs: 60_000 };
  try {
    await flat(flood, async () => {
      await assert.rejects(client.list("/apis/x"), tooLarge);
      const events = watch(client, "/apis/x", { resourceVersion: "1", ...times, clock: systemClock, signal });
      await assert.rejects(events.next(), tooLarge);
    });
  } finally {
    cluster.close();
  }
});

Deno.test("pages of the apiserver that are too large are asked for again with fewer objects, and all objects are seen", async () => {
  const count = 300;
  const limits: number[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const query = new URL(request.url).searchParams;
    if (query.get("watch") && query.get("sendInitialEvents")) {
      return Response.json({ kind: "Status", message: "too old", code: 422 }, { status: 422 });
    }
    if (query.get("watch")) return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
    const [limit, from] = [Number(query.get("limit")), Number(query.get("continue") ?? 0)];
    limits.push(limit);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, index) => ({
      metadata: { name: `${from + index}`, uid: `${from + index}`, resourceVersion: "1" },
      data: "x".repeat(1e6),
    }));
    const next = from + limit < count ? `${from + limit}` : undefined;
    return Response.json({ metadata: { resourceVersion: "1", continue: next }, items });
  });
  const cluster = await apiserver(`http://127.0.0.1:${server.addr.port}`);
  const store = new Store<KubeObject>({ transform: ({ metadata }) => ({ metadata }) });
  const informer = new Informer({ client: new KubeClient(cluster), path: "/apis/x", store, clock: systemClock });
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  await informer.synced;
  stopping.abort();
  await running;
  cluster.close();
  assert.equal(store.size, count);
  assert.deepEqual(limits.slice(0, 4), [250, 50, 10, 10]);
  assert.equal(informer.status().error, undefined);
});
