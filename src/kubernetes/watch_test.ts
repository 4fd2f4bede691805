import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";
import fc from "fast-check";
import { systemClock } from "../runtime/clock.ts";
import { FakeClock, settle } from "../runtime/fake_clock.ts";
import { KubeClient } from "./client.ts";
import { connect } from "./connection.ts";
import { KubeError } from "./errors.ts";
import { failure, FakeCluster, FakeWatch, type Thing, thing } from "./fake_cluster.ts";
import { decodeLines, watch, type WatchEvent, type WatchOptions } from "./watch.ts";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

Deno.test("decodeLines() gives the same lines wherever the bytes are cut", async () => {
  const text = fc.array(fc.string({ unit: "binary" }).map((line) => JSON.stringify({ line })), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat({ max: 40 })), fc.boolean(), async (lines, cuts, isTerminated) => {
      const bytes = new TextEncoder().encode(lines.join("\n") + (isTerminated ? "\n" : ""));
      async function* chunks() {
        let start = 0;
        for (const size of cuts) {
          yield await Promise.resolve(bytes.subarray(start, start + size));
          start += size;
        }
        yield bytes.subarray(start);
      }
      assert.deepEqual(await collect(decodeLines(chunks())), lines);
    }),
  );
});

/** An HTTP server on bare sockets, whose answer to a watch starts with one event and then goes on as `then` has it. */
async function withServer(
  then: (socket: Socket) => void,
  test: (client: KubeClient) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      const event = JSON.stringify({ type: "ADDED", object: thing("a", 5) }) + "\n";
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
      socket.write(`${event.length.toString(16)}\r\n${event}\r\n`);
      then(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = await connect({
    server: `http://127.0.0.1:${port}`,
    source: "a test",
    namespace: "default",
    clock: systemClock,
    readAccess: () => Promise.resolve({ headers: {}, caCerts: [] }),
  });
  try {
    await test(new KubeClient(cluster));
  } finally {
    cluster.close();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

function options(more: Partial<WatchOptions> = {}): WatchOptions {
  const signal = new AbortController().signal;
  return { resourceVersion: "1", timeoutSeconds: 5, idleMs: 60_000, clock: new FakeClock(), signal, ...more };
}

/** Reads a watch to its end; returns what came and how it ended. */
async function follow(client: KubeClient, more?: Partial<WatchOptions>) {
  const events: WatchEvent<Thing>[] = [];
  try {
    for await (const event of watch<Thing>(client, "/things", options(more))) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

Deno.test("watch() ends when the API server ends it", async () => {
  await withServer((socket) => socket.end("0\r\n\r\n"), async (client) => {
    const { events, error } = await follow(client);
    assert.equal(error, undefined);
    assert.deepEqual(events, [{ type: "ADDED", object: thing("a", 5) }]);
  });
});

for (
  const [how, cut] of [
    ["reset", (socket: Socket) => socket.resetAndDestroy()],
    ["closed before its end", (socket: Socket) => socket.end()],
  ] as const
) {
  Deno.test(`watch() throws when the connection is ${how}`, async () => {
    let socket: Socket;
    await withServer((connection) => socket = connection, async (client) => {
      const events = watch<Thing>(client, "/things", options());
      assert.equal((await events.next()).value?.type, "ADDED");
      cut(socket);
      await assert.rejects(events.next(), (error) => error instanceof KubeError && error.reason === "ConnectionLost");
    });
  });
}

Deno.test("watch() ends at once when it is aborted while nothing comes, and closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  await withServer((socket) => socket.on("close", closed.resolve), async (client) => {
    const controller = new AbortController();
    const events = watch<Thing>(client, "/things", options({ signal: controller.signal }));
    await events.next();
    const next = events.next();
    const reason = new Error("stop");
    controller.abort(reason);
    await assert.rejects(next, reason);
    await closed.promise;
  });
});

Deno.test("watch() closes the connection when its reader stops", async () => {
  const closed = Promise.withResolvers<void>();
  await withServer((socket) => socket.on("close", closed.resolve), async (client) => {
    for await (const event of watch<Thing>(client, "/things", options())) {
      assert.equal(event.type, "ADDED");
      break;
    }
    await closed.promise;
  });
});

Deno.test("watch() gives up a connection that is silent for too long, over a real socket", async () => {
  const clock = new FakeClock();
  await withServer(() => {}, async (client) => {
    const events = watch<Thing>(client, "/things", options({ clock, idleMs: 90_000 }));
    await events.next();
    const next = events.next();
    const rejects = assert.rejects(next, (error) => error instanceof KubeError && error.reason === "Timeout");
    await clock.advance(90_000);
    await rejects;
    assert.equal(clock.pendingTimers, 0);
  });
});

Deno.test("watch() counts the silence from the last byte", async () => {
  const clock = new FakeClock();
  const stream = new FakeWatch();
  const client = new KubeClient(new FakeCluster(() => stream.response), { clock });
  let result: Awaited<ReturnType<typeof follow>> | undefined;
  const done = follow(client, { clock, idleMs: 90_000 }).then((value) => result = value);
  for (let version = 1; version <= 3; version++) {
    await clock.advance(60_000);
    stream.send("BOOKMARK", { metadata: { resourceVersion: String(version) } });
    await settle();
  }
  assert.equal(result, undefined);
  await clock.advance(89_000);
  assert.equal(result, undefined);
  await clock.advance(1000);
  await done;
  assert.equal(result!.events.length, 3);
  assert.match(String(result!.error), /not a byte came in 90 s/);
});

Deno.test("watch() gives up a watch that does not open soon", async () => {
  const clock = new FakeClock();
  const client = new KubeClient(new FakeCluster(() => new Promise<Response>(() => {})), { clock });
  const done = follow(client, { clock, idleMs: 90_000 });
  await clock.advance(15_000);
  assert.match(String((await done).error), /not a byte came in 15 s/);
});

Deno.test("watch() asks for bookmarks and a server-side end", async () => {
  const cluster = new FakeCluster(() => new Response(""));
  const query = { labelSelector: "a=b,c" };
  await follow(new KubeClient(cluster), { resourceVersion: "17", timeoutSeconds: 290, query });
  assert.deepEqual(Object.fromEntries(cluster.requests[0]!.url.searchParams), {
    labelSelector: "a=b,c",
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion: "17",
    timeoutSeconds: "290",
  });
});

Deno.test("watch() reads events of any size through its one buffer", async () => {
  const cluster = new FakeCluster(() => new Response(things.map((each) => `${JSON.stringify(each)}\n`).join("")));
  const things = [10, 200_000, 3, 70_000, 0].map((size, index) => ({
    type: "ADDED",
    object: thing("a", index + 1, { value: `${index}`.repeat(size) }),
  }));
  const { events, error } = await follow(new KubeClient(cluster));
  assert.equal(error, undefined);
  assert.deepEqual(events, things);
});

Deno.test("watch() throws for a refusal and for an ERROR event alike", async () => {
  const refused = await follow(new KubeClient(new FakeCluster(() => failure(410, { reason: "Expired" }))));
  const stream = new FakeWatch();
  stream.send("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });
  const event = await follow(new KubeClient(new FakeCluster(() => stream.response)));
  for (const { error } of [refused, event]) {
    assert.ok(error instanceof KubeError);
    assert.deepEqual([error.status, error.reason], [410, "Expired"]);
  }
});

for (
  const line of [
    "not JSON",
    "{}",
    "null",
    '{"type":"NEWS","object":{"metadata":{"resourceVersion":"1"}}}',
    '{"type":"ADDED"}',
  ]
) {
  Deno.test(`watch() throws for what is no event: ${line}`, async () => {
    const { error } = await follow(new KubeClient(new FakeCluster(() => new Response(line + "\n"))));
    assert.ok(error instanceof KubeError && error.reason === "InvalidAnswer", String(error));
  });
}

Deno.test("watch() ends when it is aborted, also after the garbage collector has had its turn", async () => {
  const program = new URL("../../tests/support/aborted_watch.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      "--allow-net=127.0.0.1",
      "--allow-env",
      "--allow-sys",
      "--v8-flags=--expose-gc",
      program,
    ],
    stderr: "inherit",
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "aborted");
});
