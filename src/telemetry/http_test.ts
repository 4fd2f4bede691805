import { deepEqual, equal, match, throws } from "node:assert/strict";
import { parseBindAddress, serveHttp } from "./http.ts";

Deno.test("parseBindAddress() reads what controller-runtime takes", () => {
  deepEqual(parseBindAddress(":8081"), { hostname: "::", port: 8081 });
  deepEqual(parseBindAddress("127.0.0.1:0"), { hostname: "127.0.0.1", port: 0 });
  deepEqual(parseBindAddress("localhost:80"), { hostname: "localhost", port: 80 });
  deepEqual(parseBindAddress("[::1]:80"), { hostname: "::1", port: 80 });
  equal(parseBindAddress("0"), undefined);
  equal(parseBindAddress(""), undefined);
});

Deno.test("parseBindAddress() refuses the rest and says what it wants", () => {
  for (const text of ["8081", ":", ":65536", ":-1", "host", "::1:80", "http://x:80", "a b:80", "x:80/"]) {
    throws(() => parseBindAddress(text), {
      name: "TypeError",
      message: `Cannot listen on '${text}': expected 'host:port', ':port', or '0' for off`,
    });
  }
});

Deno.test("serveHttp() answers until its signal is aborted", async () => {
  const controller = new AbortController();
  const server = serveHttp({ address: "127.0.0.1:0", handler: () => new Response("hello"), signal: controller.signal });
  match(server!.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  equal(await (await fetch(server!.url)).text(), "hello");
  controller.abort();
  await server!.finished;
});

Deno.test("serveHttp() names the address that is in use", async () => {
  const controller = new AbortController();
  const handler = () => new Response();
  const options = { handler, signal: controller.signal };
  const first = serveHttp({ ...options, address: "127.0.0.1:0" })!;
  const { port } = new URL(first.url);
  throws(() => serveHttp({ ...options, address: `127.0.0.1:${port}` }), {
    message: `Cannot listen on '127.0.0.1:${port}'`,
  });
  controller.abort();
  await first.finished;
});

Deno.test("serveHttp() with address 0 serves nothing", () => {
  equal(serveHttp({ address: "0", handler: () => new Response(), signal: AbortSignal.abort() }), undefined);
});
