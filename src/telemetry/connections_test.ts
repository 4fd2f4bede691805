import assert from "node:assert/strict";
import { systemClock } from "../runtime/clock.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { IDLE_MS, MOST_CONNECTIONS } from "./connections.ts";
import { serveHttp } from "./http.ts";

/** A server that answers "hello", or 1 MB for /large, and how to connect to it. */
function startServer(clock = new FakeClock()) {
  const stopping = new AbortController();
  const handler = ({ url }: Request) => new Response(url.endsWith("/large") ? "x".repeat(1_000_000) : "hello");
  const server = serveHttp({ address: "127.0.0.1:0", handler, signal: stopping.signal, clock })!;
  const port = Number(new URL(server.url).port);
  return {
    clock,
    url: server.url,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await server.finished;
    },
  };
}

const HALF_A_REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");

/** Whether the other side has closed the connection, which this side then closes too. */
async function isClosed(connection: Deno.Conn): Promise<boolean> {
  try {
    return await connection.read(new Uint8Array(1)) === null;
  } catch {
    return true;
  } finally {
    connection.close();
  }
}

async function answerOf(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return await response.text();
}

Deno.test("a request is answered while there are more connections with half a request than are kept, and the oldest are closed", async () => {
  await using server = startServer();
  const slow: Deno.TcpConn[] = [];
  for (let index = 0; index < MOST_CONNECTIONS + 20; index++) {
    const connection = await server.connect();
    await connection.write(HALF_A_REQUEST).catch(() => {});
    slow.push(connection);
  }
  for (let index = 0; index < 5; index++) assert.equal(await answerOf(server.url), "hello");
  for (const connection of slow.splice(0, 20)) assert.ok(await isClosed(connection));
  slow.forEach((connection) => connection.close());
});

Deno.test("a connection on which nothing comes is closed after ten seconds", async () => {
  await using server = startServer();
  const connection = await server.connect();
  await connection.write(HALF_A_REQUEST);
  // Until the bytes have arrived, which starts the time anew.
  assert.equal(await answerOf(server.url), "hello");
  await server.clock.advance(IDLE_MS);
  assert.ok(await isClosed(connection));
});

Deno.test("a connection on which requests follow each other stays open, and a long answer arrives whole", async () => {
  await using server = startServer();
  const connection = await server.connect();
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(4_096);
  for (let index = 0; index < 4; index++) {
    await connection.write(encoder.encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    let text = "";
    while (!text.includes("hello")) {
      const count = await connection.read(buffer);
      assert.ok(count !== null, "the connection was closed");
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    await server.clock.advance(IDLE_MS - 1_000);
  }
  connection.close();
  assert.equal((await answerOf(`${server.url}/large`)).length, 1_000_000);
});

Deno.test("connections with half a request do not keep the server from ending", async () => {
  const server = startServer(systemClock as FakeClock);
  const connection = await server.connect();
  await connection.write(HALF_A_REQUEST);
  assert.equal(await answerOf(server.url), "hello");
  await server[Symbol.asyncDispose]();
  assert.ok(await isClosed(connection));
});
