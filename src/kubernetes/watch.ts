import type { Clock } from "../runtime/clock.ts";
import type { KubeClient, Query } from "./client.ts";
import { AnswerTooLargeError } from "../util/limited_answer.ts";
import { answerTooLarge, KubeError, type KubeStatus, networkError, statusError } from "./errors.ts";
import type { KubeObject } from "./objects.ts";

export type WatchEvent<T> =
  | { type: "ADDED" | "MODIFIED" | "DELETED"; object: T }
  | { type: "BOOKMARK"; object: { metadata: { resourceVersion: string; annotations?: Record<string, string> } } };

/** The API server sends the head of its answer at once, whether or not there are events. */
const OPENS_WITHIN_MS = 15_000;

/**
 * How long a watch stays open and may be silent. A kube-apiserver sends no bookmarks for a kind that has not changed since it
 * started, so silence alone says nothing: the API server is asked again by another watch from the same version. It normally ends
 * a watch by itself before `idleMs` have passed, which shows that the connection works and leaves it for the next one. If it
 * does not, the connection is dropped. A watch that isn't answered in `OPENS_WITHIN_MS` is a failure, so an API server or a
 * connection that is dead is found after 43 s at most.
 */
export const WATCH_TIMES = { timeoutSeconds: 24, idleMs: 28_000 } as const;

/** An event of a large object comes in several pieces; many small ones come in one. */
const CHUNK_BYTES = 64 * 1024;

/** As long is an event at most. etcd's own limit for an object is 1.5 MiB unless it is set higher. */
const MOST_EVENT_BYTES = 16 * 2 ** 20;

const EVENT_TYPES: readonly unknown[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"];

export interface WatchOptions {
  /**
   * What came after this version; without one, first all there is as ADDED events up to a bookmark for which
   * `endsInitialEvents` holds (https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists). An API server can
   * do that by default in Kubernetes 1.32 and since 1.34; others answer 422.
   */
  resourceVersion: string | undefined;
  query?: Query | undefined;
  /** How long the API server shall keep the watch open, in seconds. */
  timeoutSeconds: number;
  /** After so many milliseconds without a byte the connection is dropped. */
  idleMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** Called when the watch is open and then at every sign of life. */
  onContact?: () => void;
}

/**
 * One watch request: yields its events until the API server ends it. Whoever stops iterating closes the connection.
 *
 * @throws KubeError if the API server refuses, sends an ERROR event, or the connection is lost or silent; the signal's reason
 * when it is aborted
 */
export async function* watch<T extends KubeObject>(
  client: KubeClient,
  path: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { signal, onContact, resourceVersion } = options;
  using idle = idleTimeout(options.clock, options.idleMs, signal);
  const query = {
    ...options.query,
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: options.timeoutSeconds,
    ...(resourceVersion === undefined
      ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
      : { resourceVersion }),
  };
  try {
    const response = await client.stream(path, { query, signal: idle.signal });
    const touch = () => {
      idle.restart();
      onContact?.();
    };
    touch();
    for await (const line of decodeLines(chunksOf(response.body!, idle.signal, touch))) {
      yield parseEvent<T>(line, path, client);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof AnswerTooLargeError) throw answerTooLarge(`watch '${path}'`, client.cluster, error);
    throw networkError(client.cluster, idle.signal.aborted ? idle.signal.reason : error);
  }
}

/**
 * Splits a stream of bytes, cut anywhere, into lines without their ends; blank ones are left out.
 *
 * @throws {AnswerTooLargeError} for a line of more than 16 MiB
 */
export async function* decodeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let partial: string[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const [first, ...rest] = decoder.decode(chunk, { stream: true }).split("\n");
    partial.push(first!);
    length += first!.length;
    if (length > MOST_EVENT_BYTES) throw new AnswerTooLargeError(MOST_EVENT_BYTES);
    for (const next of rest) {
      const line = partial.join("");
      partial = [next];
      length = next.length;
      if (line.trim() !== "") yield line;
    }
  }
  const last = partial.join("") + decoder.decode();
  if (last.trim() !== "") yield last;
}

/**
 * The chunks of a body; ends it where `signal` is aborted or the caller stops. The signal that the request was sent with isn't
 * enough: Deno (2.4 to 2.9) forgets it once the Response has been garbage-collected, and a read then waits for ever.
 *
 * All go through one buffer, so each is to be used before the next is asked for. The body's own reader makes a new one of 64 KiB
 * for every chunk, however little has come: of a busy watch that is most of the garbage.
 *
 * @throws the signal's reason
 */
async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  onChunk: () => void,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    let chunk = await reader.read(new Uint8Array(CHUNK_BYTES));
    while (!chunk.done) {
      onChunk();
      yield chunk.value;
      chunk = await reader.read(new Uint8Array(chunk.value.buffer));
    }
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

/** Whether an open watch ended because no byte came for too long. */
export function isSilence(error: unknown): boolean {
  return error instanceof KubeError && error.reason === "Timeout";
}

/** Whether an open watch was cut or silent. Another one from the version that it had come to misses nothing. */
export function isInterruption(error: unknown): boolean {
  return isSilence(error) || error instanceof KubeError && error.reason === "ConnectionLost";
}

/** Whether everything that was there when the watch began has come. */
export function endsInitialEvents({ type, object }: WatchEvent<KubeObject>): boolean {
  return type === "BOOKMARK" && object.metadata.annotations?.["k8s.io/initial-events-end"] === "true";
}

function parseEvent<T extends KubeObject>(line: string, path: string, client: KubeClient): WatchEvent<T> {
  let event: { type?: unknown; object?: Partial<KubeObject & KubeStatus> } | null;
  try {
    event = JSON.parse(line);
  } catch {
    event = null;
  }
  if (event?.type === "ERROR" && event.object) throw statusError(`watch '${path}'`, client.cluster, event.object);
  if (EVENT_TYPES.includes(event?.type) && typeof event?.object?.metadata?.resourceVersion === "string") {
    return event as WatchEvent<T>;
  }
  throw new KubeError(`Cannot watch '${path}': the API server sent what is no watch event`, {
    status: 0,
    reason: "InvalidAnswer",
  });
}

/**
 * A signal that aborts when `parent` does, or with a TimeoutError when `restart` hasn't been called for `ms` milliseconds; the
 * first time, for as long as a watch may take to open.
 */
function idleTimeout(
  clock: Clock,
  ms: number,
  parent: AbortSignal,
): { signal: AbortSignal; restart(): void } & Disposable {
  const controller = new AbortController();
  const onAbort = () => controller.abort(parent.reason);
  const arm = (ms: number) =>
    clock.setTimer(ms, () => controller.abort(new DOMException(`Not a byte came in ${ms / 1000} s`, "TimeoutError")));
  if (parent.aborted) onAbort();
  parent.addEventListener("abort", onAbort, { once: true });
  let cancel = arm(Math.min(ms, OPENS_WITHIN_MS));
  return {
    signal: controller.signal,
    restart() {
      cancel();
      cancel = arm(ms);
    },
    [Symbol.dispose]() {
      cancel();
      parent.removeEventListener("abort", onAbort);
    },
  };
}
