import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { KubeClient, KubeError } from "./client.ts";
import { failure, FakeCluster } from "./fake_cluster.ts";

function setUp(answer: FakeCluster["answer"]) {
  const clock = new FakeClock();
  const cluster = new FakeCluster(answer);
  return { clock, cluster, client: new KubeClient(cluster, { clock, userAgent: "sagemaker-operator/1.2.3" }) };
}

Deno.test("get() asks for JSON under the operator's name and returns the object", async () => {
  const { client, cluster, clock } = setUp(() => Response.json({ a: 1 }));
  assert.deepEqual(await client.get("/api/v1/x", { query: { limit: 5, continue: undefined } }), { a: 1 });
  const [request] = cluster.requests;
  assert.equal(request!.url.pathname + request!.url.search, "/api/v1/x?limit=5");
  assert.equal(request!.headers.get("user-agent"), "sagemaker-operator/1.2.3");
  assert.equal(request!.headers.get("accept"), "application/json");
  assert.equal(clock.pendingTimers, 0);
});

for (
  const [type, contentType] of [
    ["merge", "application/merge-patch+json"],
    ["json", "application/json-patch+json"],
    ["apply", "application/apply-patch+yaml"],
  ] as const
) {
  Deno.test(`patch() sends a ${type} patch with its content type`, async () => {
    const { client, cluster } = setUp(() => Response.json({}));
    await client.patch("/x", { a: null }, { type });
    const { method, headers, body } = cluster.requests[0]!;
    assert.deepEqual([method, headers.get("content-type"), body], ["PATCH", contentType, '{"a":null}']);
  });
}

Deno.test("create(), update() and delete() use their methods", async () => {
  const { client, cluster } = setUp(() => Response.json({}));
  await client.create("/x", { a: 1 });
  await client.update("/x/a", { a: 2 });
  await client.delete("/x/a");
  await client.delete("/x/a", { body: { preconditions: { uid: "u" } } });
  assert.deepEqual(cluster.requests.map(({ method, body }) => [method, body]), [
    ["POST", '{"a":1}'],
    ["PUT", '{"a":2}'],
    ["DELETE", ""],
    ["DELETE", '{"preconditions":{"uid":"u"}}'],
  ]);
});

Deno.test("get() throws what the API server says", async () => {
  const { client } = setUp(() => failure(409, { reason: "Conflict", message: "it was changed" }));
  await assert.rejects(client.get("/x"), (error) => {
    assert.ok(error instanceof KubeError);
    assert.deepEqual([error.status, error.reason, error.message], [
      409,
      "Conflict",
      "Cannot GET '/x': it was changed (409)",
    ]);
    return true;
  });
});

Deno.test("get() gives up when no answer comes in time", async () => {
  const { client, clock } = setUp(() => new Promise<never>(() => {}));
  const rejects = assert.rejects(client.get("/x"), { name: "KubeError", reason: "Timeout", status: 0 });
  await clock.advance(10_000);
  await rejects;
});

Deno.test("get() gives up when the answer's body stops half-way", async () => {
  const { client, clock } = setUp(() =>
    new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) }))
  );
  const rejects = assert.rejects(client.get("/x", { timeoutMs: 500 }), { name: "KubeError", reason: "Timeout" });
  await clock.advance(500);
  await rejects;
});

Deno.test("get() throws the signal's reason when it is aborted, and opens nothing if it was", async () => {
  const { client, cluster } = setUp(() => new Promise<never>(() => {}));
  const controller = new AbortController();
  const reason = new Error("stop");
  const rejects = assert.rejects(client.get("/x", { signal: controller.signal }), reason);
  controller.abort(reason);
  await rejects;
  await assert.rejects(client.get("/x", { signal: controller.signal }), reason);
  assert.equal(cluster.requests.length, 1);
});

Deno.test("get() refuses an answer that is not JSON without quoting it", async () => {
  const { client } = setUp(() => new Response("<html>token=secret</html>"));
  await assert.rejects(client.get("/x"), (error) => {
    assert.ok(error instanceof KubeError && error.reason === "InvalidAnswer");
    assert.ok(!error.message.includes("secret"));
    return true;
  });
});

Deno.test("beforeWrite is told how long each write may take, may prevent it, and is not asked about reads", async () => {
  const cluster = new FakeCluster(() => Response.json({}));
  const asked: number[] = [];
  const client = new KubeClient(cluster, {
    clock: new FakeClock(),
    beforeWrite: (timeoutMs) => {
      asked.push(timeoutMs);
      if (timeoutMs > 10_000) throw new Error("too long");
    },
  });
  await client.get("/x");
  await client.list("/x");
  assert.deepEqual(asked, []);
  await client.create("/x", {});
  await client.update("/x/a", {}, { timeoutMs: 500 });
  await client.patch("/x/a", {}, { type: "merge" });
  await client.delete("/x/a");
  assert.deepEqual(asked, [10_000, 500, 10_000, 10_000]);
  const sent = cluster.requests.length;
  await assert.rejects(client.create("/x", {}, { timeoutMs: 20_000 }), /^Error: too long$/);
  assert.equal(cluster.requests.length, sent);
});
