import assert from "node:assert/strict";
import { type Handler, type HttpRequest, HttpServer } from "./http.ts";

interface Peer extends AsyncDisposable {
  send(text: string): Promise<void>;
  /** What has arrived once it ends with `ending`; all there was if the server closes before. */
  receive(ending: string): Promise<string>;
}

async function connect(server: HttpServer): Promise<Peer> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  return {
    async send(text) {
      await socket.write(new TextEncoder().encode(text));
    },
    async receive(ending) {
      let text = "";
      const buffer = new Uint8Array(4096);
      while (!text.endsWith(ending)) {
        const count = await socket.read(buffer);
        if (count === null) break;
        text += new TextDecoder().decode(buffer.subarray(0, count));
      }
      return text;
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve(socket.close());
    },
  };
}

function serve(handler: Handler): HttpServer & AsyncDisposable {
  const server = new HttpServer("127.0.0.1", 0, handler);
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

const echo: Handler = ({ body }) => ({ status: 200, headers: {}, body: `<${body}>` });

Deno.test("HttpServer answers many requests on one connection", async () => {
  await using server = serve(echo);
  await using peer = await connect(server);
  for (const body of ["one", "two", "größer"]) {
    const length = new TextEncoder().encode(body).length;
    await peer.send(`POST / HTTP/1.1\r\nContent-Length: ${length}\r\n\r\n${body}`);
    assert.equal(
      await peer.receive(">"),
      `HTTP/1.1 200 OK\r\nContent-Length: ${length + 2}\r\n\r\n<${body}>`,
    );
  }
});

Deno.test("HttpServer takes a request that arrives in pieces and two that arrive as one", async () => {
  await using server = serve(echo);
  await using peer = await connect(server);
  const request = "POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody";
  for (const piece of request) await peer.send(piece);
  assert.match(await peer.receive(">"), /<body>$/);
  await peer.send(request + request);
  let both = await peer.receive(">");
  if (both.split("<body>").length < 3) both += await peer.receive(">");
  assert.equal(both.split("<body>").length, 3);
});

Deno.test("HttpServer hands on method, path, headers by lower-case name and a large body", async () => {
  const seen: HttpRequest[] = [];
  await using server = serve((request) => {
    seen.push(request);
    return { status: 200, headers: {}, body: "." };
  });
  const body = "é".repeat(50_000);
  const answer = await fetch(`http://127.0.0.1:${server.port}/some/path`, {
    method: "PUT",
    body,
    headers: { "X-Some": " v " },
  });
  assert.equal(await answer.text(), ".");
  assert.equal(seen.length, 1);
  const [{ method, path, headers, body: received }] = seen as [HttpRequest];
  assert.deepEqual([method, path, headers.get("x-some"), received === body], ["PUT", "/some/path", "v", true]);
});

Deno.test("HttpServer refuses what it doesn't understand and closes", async () => {
  await using server = serve(echo);
  const table: [string, number][] = [
    ["nonsense\r\n\r\n", 400],
    ["POST / HTTP/2\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400],
    ["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411],
    ["POST / HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413],
    [`GET / HTTP/1.1\r\nX: ${"x".repeat(70_000)}`, 431],
  ];
  for (const [request, status] of table) {
    await using peer = await connect(server);
    await peer.send(request);
    assert.match(await peer.receive("\n\n"), new RegExp(`^HTTP/1.1 ${status} `), request.slice(0, 60));
  }
});

Deno.test("HttpServer closes after the answer to a client that asks for it", async () => {
  await using server = serve(echo);
  await using peer = await connect(server);
  await peer.send("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  assert.match(await peer.receive("never"), /<x>$/);
});

Deno.test("HttpServer closes the connection without a byte for 'reset'", async () => {
  await using server = serve(() => "reset");
  await using peer = await connect(server);
  await peer.send("GET / HTTP/1.1\r\n\r\n");
  assert.equal(await peer.receive("never"), "");
});

Deno.test("HttpServer sends nothing for 'hang' until it is closed", async () => {
  const server = new HttpServer("127.0.0.1", 0, () => "hang");
  await using peer = await connect(server);
  await peer.send("GET / HTTP/1.1\r\n\r\n");
  let answer: string | undefined;
  const received = peer.receive("never").then((text) => answer = text);
  await using other = await connect(server);
  await other.send("nonsense\r\n\r\n");
  await other.receive("\n\n");
  assert.equal(answer, undefined);
  await server.close();
  assert.equal(await received, "");
});

Deno.test("HttpServer.close() doesn't wait for a handler that is still at work", async () => {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const server = new HttpServer("127.0.0.1", 0, async () => {
    arrive();
    await answered;
    return { status: 200, headers: {}, body: "late" };
  });
  await using peer = await connect(server);
  await peer.send("GET / HTTP/1.1\r\n\r\n");
  await arrived;
  await server.close();
  assert.equal(await peer.receive("late"), "");
  answer();
});

Deno.test("HttpServer says that its address is taken", () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    assert.throws(() => new HttpServer("127.0.0.1", taken.addr.port, echo), Deno.errors.AddrInUse);
  } finally {
    taken.close();
  }
});
