import assert from "node:assert/strict";
import { AnswerTooLargeError, limited, readText } from "./limited_answer.ts";

const MIB = 2 ** 20;
const { signal } = new AbortController();

/** Serves what `answer` gives, and tells how many bytes of an endless body were asked for. */
async function withServer(answer: () => Response, test: (url: string) => Promise<void>): Promise<void> {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response() },
    answer,
  );
  await test(`http://127.0.0.1:${server.addr.port}`);
}

function endless(onChunk: () => void, onCancel: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      onChunk();
      controller.enqueue(new Uint8Array(64 * 1024));
    },
    cancel: onCancel,
  });
}

for (const how of ["readText", "limited"] as const) {
  const read = async (url: string, most: number) => {
    const response = await fetch(url);
    return how === "readText" ? await readText(response, most, signal) : await (await limited(response, most)).text();
  };

  Deno.test(`${how}() reads an answer that is within the limit, with and without a declared length`, async () => {
    const text = "ä".repeat(MIB / 2);
    await withServer(() => new Response(text), async (url) => assert.equal(await read(url, MIB), text));
    const stream = () => new Response(ReadableStream.from([new TextEncoder().encode(text)]));
    await withServer(stream, async (url) => assert.equal(await read(url, MIB), text));
    await withServer(() => new Response(null, { status: 204 }), async (url) => assert.equal(await read(url, MIB), ""));
  });

  Deno.test(`${how}() closes the connection of an answer that has no end`, async () => {
    let chunks = 0;
    const cancelled = Promise.withResolvers<void>();
    await withServer(() => new Response(endless(() => chunks++, cancelled.resolve)), async (url) => {
      await assert.rejects(read(url, MIB), new AnswerTooLargeError(MIB));
      await cancelled.promise;
      assert.ok(chunks < 1_000, `${chunks} chunks`);
    });
  });

  Deno.test(`${how}() reads nothing of an answer whose declared length is too large`, async () => {
    await withServer(() => new Response("x".repeat(2 * MIB)), async (url) => {
      await assert.rejects(read(url, MIB), /^AnswerTooLarge: the answer is larger than 1 MiB$/);
    });
  });

  Deno.test(`${how}() counts the bytes of a compressed answer after decompression`, async () => {
    const zeros = new Blob([new Uint8Array(50 * MIB)]).stream().pipeThrough(new CompressionStream("gzip"));
    const compressed = new Uint8Array(await new Response(zeros).arrayBuffer());
    assert.ok(compressed.length < MIB);
    const headers = { "content-encoding": "gzip", "content-type": "text/plain" };
    await withServer(() => new Response(compressed, { headers }), async (url) => {
      await assert.rejects(read(url, MIB), AnswerTooLargeError);
    });
  });
}

Deno.test("readText() ends with the signal's reason", async () => {
  const controller = new AbortController();
  const silent = () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) }));
  await withServer(silent, async (url) => {
    const response = await fetch(url);
    const reading = readText(response, MIB, controller.signal);
    controller.abort(new Error("stop"));
    await assert.rejects(reading, /stop/);
  });
});
