import { deepEqual, equal } from "node:assert/strict";
import { type AccessCheck, serveMetrics } from "./metrics_server.ts";

Deno.test("serveMetrics() serves the exposition at /metrics, and nothing elsewhere", async () => {
  const stopping = new AbortController();
  const metrics = { expose: () => "up 1\n" };
  const server = serveMetrics({ address: "127.0.0.1:0", metrics, signal: stopping.signal })!;
  const answer = await fetch(`${server.url}/metrics`);
  equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  equal(await answer.text(), "up 1\n");
  const other = await fetch(`${server.url}/`);
  equal(other.status, 404);
  await other.body?.cancel();
  stopping.abort();
  await server.finished;
  equal(serveMetrics({ address: "0", metrics, signal: stopping.signal }), undefined);
});

/** The status of the answers to a token that `access` gives a verdict on, and to a request without one. */
async function statuses(access: AccessCheck): Promise<[withToken: number, without: number]> {
  const stopping = new AbortController();
  const server = serveMetrics({
    address: "127.0.0.1:0",
    metrics: { expose: () => "up 1\n" },
    access,
    signal: stopping.signal,
  })!;
  const ask = async (headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}/metrics`, { headers });
    const text = await answer.text();
    equal(text === "up 1\n", answer.ok, "no metric in a refusal");
    return answer.status;
  };
  const both = [await ask({ authorization: "Bearer a-token" }), await ask({})] as [number, number];
  stopping.abort();
  await server.finished;
  return both;
}

Deno.test("serveMetrics() with an access check answers those alone whose token may get /metrics", async () => {
  const asked: string[][] = [];
  const verdict = (value: Awaited<ReturnType<AccessCheck>>): AccessCheck => (token, path) => {
    asked.push([token, path]);
    return Promise.resolve(value);
  };
  deepEqual(await statuses(verdict("allowed")), [200, 401]);
  deepEqual(await statuses(verdict("unauthenticated")), [401, 401]);
  deepEqual(await statuses(verdict("forbidden")), [403, 401]);
  deepEqual(await statuses(verdict("busy")), [429, 401]);
  deepEqual(await statuses(() => Promise.reject(new Error("The API server is away"))), [503, 401]);
  deepEqual(asked, Array(4).fill(["a-token", "/metrics"]));
});
