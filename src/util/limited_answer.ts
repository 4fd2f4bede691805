/** Answers of HTTP that are read no further than a limit, so that a server which sends without end doesn't fill the memory. */

/** An answer has more bytes than is read of one. Its connection is closed. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLarge";
  /** @param mostBytes the limit */
  constructor(readonly mostBytes: number) {
    super(`the answer is larger than ${mostBytes / 2 ** 20} MiB`);
  }
}

/**
 * `response` with a body that fails once it has given `mostBytes` bytes, counted after decompression.
 *
 * @throws {AnswerTooLargeError} if the headers say already that there is more
 */
export async function limited(response: Response, mostBytes: number): Promise<Response> {
  const { body, headers, status, statusText } = response;
  if (body === null) return response;
  const bytes = declaredBytes(headers);
  if (bytes !== undefined && bytes <= mostBytes) return response;
  if (bytes !== undefined) {
    await body.cancel();
    throw new AnswerTooLargeError(mostBytes);
  }
  const chunks = limitedChunks(body, mostBytes);
  return new Response(ReadableStream.from(chunks), { status, statusText, headers });
}

/**
 * The text of `response`, which has the encoding UTF-8.
 *
 * @param signal ends the reading; the signal of the request isn't enough, because Deno (2.4 to 2.9) forgets it once the Response has been
 * garbage-collected
 * @throws {AnswerTooLargeError} if there are more than `mostBytes` bytes, counted after decompression
 * @throws `signal`'s reason, or the network's error
 */
export async function readText(response: Response, mostBytes: number, signal: AbortSignal): Promise<string> {
  const { body, headers } = response;
  const bytes = declaredBytes(headers);
  if (body === null || bytes !== undefined && bytes <= mostBytes) return await response.text();
  if (bytes !== undefined) {
    await body.cancel();
    throw new AnswerTooLargeError(mostBytes);
  }
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of limitedChunks(body, mostBytes, signal)) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The length that the headers tell, which HTTP holds the body to; `undefined` if none, or if it is that of a compressed body. */
function declaredBytes(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length === null || headers.has("content-encoding") ? undefined : Number(length);
}

/** The chunks of `body`. Where they are not read to their end, the connection is closed. */
async function* limitedChunks(
  body: ReadableStream<Uint8Array>,
  mostBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  let bytes = 0;
  try {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      bytes += chunk.value.length;
      if (bytes > mostBytes) throw new AnswerTooLargeError(mostBytes);
      yield chunk.value;
    }
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}
