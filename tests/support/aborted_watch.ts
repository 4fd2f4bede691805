/**
 * A program: reads many events of one watch, collects garbage, aborts the watch, and prints how that ended. It needs
 * `--v8-flags=--expose-gc`.
 */
import { KubeClient } from "../../src/kubernetes/client.ts";
import { watch } from "../../src/kubernetes/watch.ts";
import { sleep, systemClock } from "../../src/runtime/clock.ts";

const EVENTS = 12_000;

const collect = (globalThis as unknown as { gc(): void }).gc;
const encoder = new TextEncoder();
let body: ReadableStreamDefaultController<Uint8Array> | undefined;
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
  return new Response(new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) }));
});
const url = `http://127.0.0.1:${server.addr.port}`;
const client = new KubeClient({
  server: url,
  source: "a test",
  namespace: "default",
  fetch: (path, init) => fetch(url + path, init),
  close() {},
});
const stopping = new AbortController();
const seen = Promise.withResolvers<void>();

async function readAll(): Promise<string> {
  let count = 0;
  const options = {
    resourceVersion: "1",
    timeoutSeconds: 300,
    idleMs: 60_000,
    clock: systemClock,
    signal: stopping.signal,
  };
  try {
    for await (const _ of watch(client, "/things", options)) if (++count === EVENTS) seen.resolve();
    return "the watch ended by itself";
  } catch (error) {
    return (error as Error).message;
  }
}

const reading = readAll();
while (body === undefined) await sleep(systemClock, 1);
for (let version = 2; version < EVENTS + 2; version++) {
  body.enqueue(
    encoder.encode(`{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"${version}"}}}\n`),
  );
  if (version % 50 === 0) await sleep(systemClock, 1);
}
await seen.promise;
for (let round = 0; round < 10; round++) {
  collect();
  await sleep(systemClock, 10);
}
stopping.abort(new Error("aborted"));
const late = sleep(systemClock, 5_000).then(() => "the watch went on");
Deno.stdout.writeSync(encoder.encode(`${await Promise.race([reading, late])}\n`));
Deno.exit(0);
