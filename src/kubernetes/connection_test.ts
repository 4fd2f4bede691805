import assert from "node:assert/strict";
import { FakeClock } from "../runtime/fake_clock.ts";
import { type Access, connect } from "./connection.ts";

/** A server that answers with what it was sent as Authorization, and 401 where that isn't `accepted`. */
class Server implements AsyncDisposable {
  accepted: string | undefined;
  readonly seen: (string | null)[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const authorization = request.headers.get("authorization");
    this.seen.push(authorization);
    const body = await request.text();
    if (new URL(request.url).pathname === "/redirect") return Response.redirect("http://127.0.0.1:1/login");
    return new Response(body, { status: (this.accepted ?? authorization) === authorization ? 200 : 401 });
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function setUp(server: Server, tokens: string[], more: Partial<Access> = {}) {
  const clock = new FakeClock();
  const reads: boolean[] = [];
  const readAccess = (fresh: boolean) => {
    reads.push(fresh);
    const token = tokens.length > 1 ? tokens.shift() : tokens[0];
    if (token === "unreadable") return Promise.reject(new Error("unreadable"));
    return Promise.resolve({ headers: { authorization: `Bearer ${token}` }, caCerts: [], ...more });
  };
  const cluster = await connect({ server: server.url, source: "a test", namespace: "default", clock, readAccess });
  async function send(init: RequestInit = {}): Promise<[number, string]> {
    const response = await cluster.fetch("/x", init);
    return [response.status, await response.text()];
  }
  return { clock, reads, cluster, send, [Symbol.dispose]: () => cluster.close() };
}

Deno.test("fetch() reads the credentials again once a minute", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["first", "second"]);
  await bench.send();
  await bench.clock.advance(59_000);
  await bench.send();
  await bench.clock.advance(1000);
  await Promise.all([bench.send(), bench.send()]);
  assert.deepEqual(server.seen, ["Bearer first", "Bearer first", "Bearer second", "Bearer second"]);
  assert.deepEqual(bench.reads, [false, false]);
});

Deno.test("fetch() reads the credentials again when they expire", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["first", "second"], { validUntil: new FakeClock().now() + 5000 });
  await bench.send();
  await bench.clock.advance(5000);
  await bench.send();
  assert.deepEqual(server.seen, ["Bearer first", "Bearer second"]);
});

Deno.test("fetch() sends a request once more after a 401, with new credentials and its body", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["old", "new"]);
  server.accepted = "Bearer new";
  assert.deepEqual(await bench.send({ method: "POST", body: "content" }), [200, "content"]);
  assert.deepEqual(bench.reads, [false, true]);
});

Deno.test("fetch() returns the 401 when the credentials are still the same", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["old"]);
  server.accepted = "Bearer new";
  assert.equal((await bench.send())[0], 401);
  assert.equal(server.seen.length, 1);
});

Deno.test("fetch() goes on with the credentials it has when they can't be read again, until they are refused", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["good", "unreadable"]);
  await bench.clock.advance(60_000);
  assert.equal((await bench.send())[0], 200);
  server.accepted = "Bearer other";
  await assert.rejects(bench.send(), /unreadable/);
});

Deno.test("fetch() doesn't follow a redirect with the credentials", async () => {
  await using server = new Server();
  using bench = await setUp(server, ["token"]);
  const response = await bench.cluster.fetch("/redirect", {});
  await response.body?.cancel();
  assert.equal(response.status, 302);
});

Deno.test("connect() hands certificates to Deno, over HTTP/1.1, and makes a new client only when they change", async () => {
  await using server = new Server();
  const create = Deno.createHttpClient;
  const made: unknown[] = [];
  Deno.createHttpClient = (options) => {
    made.push(options);
    return create({ http2: false });
  };
  const clock = new FakeClock();
  let cert = "CERT 1";
  try {
    const cluster = await connect({
      server: server.url,
      source: "a test",
      namespace: "default",
      clock,
      readAccess: () => Promise.resolve({ headers: {}, caCerts: ["CA"], certificate: { cert, key: "KEY" } }),
      proxy: { url: "http://127.0.0.1:3128" },
    });
    await clock.advance(60_000);
    await (await cluster.fetch("/x", {})).body?.cancel();
    cert = "CERT 2";
    await clock.advance(60_000);
    await (await cluster.fetch("/x", {})).body?.cancel();
    cluster.close();
  } finally {
    Deno.createHttpClient = create;
  }
  const common = { caCerts: ["CA"], key: "KEY", http2: false, poolMaxIdlePerHost: 16, poolIdleTimeout: 15_000 };
  const proxy = { url: "http://127.0.0.1:3128" };
  assert.deepEqual(made, [{ ...common, proxy, cert: "CERT 1" }, { ...common, proxy, cert: "CERT 2" }]);
});
