import assert from "node:assert/strict";
import { collectBody, httpHandler } from "./http.ts";

// Of the machine that runs the tests; with authorities of its own a handler has a client to close.
for (const variable of ["AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) Deno.env.delete(variable);

interface Sent {
  statusCode: number;
  body: ReadableStream<Uint8Array>;
}

/** What the SDK gives a handler, as far as this one looks at it. */
async function send(url: string): Promise<Sent> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const request = { protocol, hostname, port: Number(port), path: pathname, method: "POST", headers: {}, body: "{}" };
  return (await httpHandler(2_000).handle(request as never)).response as Sent;
}

/** Answers each connection by `answer`, then closes it. */
function serveBytes(answer: string): Deno.Listener & Disposable {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode(answer));
      connection.close();
    }
  })();
  return Object.assign(listener, { [Symbol.dispose]: () => listener.close() });
}

const urlOf = (listener: Deno.Listener, scheme = "http") =>
  `${scheme}://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/`;
const coded = (code: string, text: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, code);
  assert.match(error.message, text);
  return true;
};

Deno.test("httpHandler() gives an answer whose body collectBody() reads whole", async () => {
  using server = serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
  const { statusCode, body } = await send(urlOf(server));
  assert.equal(statusCode, 200);
  assert.equal(new TextDecoder().decode(await collectBody(body)), "hello");
});

Deno.test("httpHandler() follows no redirect", async () => {
  let calls = 0;
  await using other = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    calls++;
    return new Response("stolen");
  });
  using server = serveBytes(
    `HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:${other.addr.port}/\r\ncontent-length: 0\r\n\r\n`,
  );
  const { statusCode, body } = await send(urlOf(server));
  await body.cancel();
  assert.equal(statusCode, 307);
  assert.equal(calls, 0);
});

Deno.test("httpHandler() gives what is wrong with the network Node's code, and a sentence", async () => {
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = urlOf(closed);
  closed.close();
  await assert.rejects(
    send(url),
    coded("ECONNREFUSED", /^the connection was refused \(ECONNREFUSED 127\.0\.0\.1:\d+\)$/),
  );
  await assert.rejects(
    send("http://nowhere.invalid/"),
    coded("ENOTFOUND", /^its name cannot be resolved .*nowhere\.invalid/),
  );
  using server = serveBytes("");
  await assert.rejects(send(urlOf(server)), coded("ECONNRESET", /^the connection was lost/));
  await assert.rejects(send(urlOf(server, "https")), coded("EPROTO", /TLS/));
});

Deno.test("collectBody() gives an answer that ends too early the code of a lost connection", async () => {
  using server = serveBytes("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhello");
  const { body } = await send(urlOf(server));
  await assert.rejects(collectBody(body), coded("ECONNRESET", /^the connection was lost/));
});
