import type { ProcessingJob } from "../src/api/processing_job.ts";
import { decodeLines } from "../src/kubernetes/watch.ts";
import { type Clock, deadline } from "../src/runtime/clock.ts";

/** What the status of a resource is called that is no more. */
export const GONE = "gone";

/** Opens a watch of what happens after a resource version. */
export type OpenWatch = (resourceVersion: string) => Promise<ReadableStream<Uint8Array>>;

interface WatchEvent {
  type: string;
  object: ProcessingJob & { metadata: { resourceVersion: string } };
}

/** Watches the resources over one connection, and knows when each was seen in which status first. */
export class Observer implements AsyncDisposable {
  /** By status word, the times at which each resource was first seen in it, in milliseconds since the epoch. */
  readonly #firstSeen = new Map<string, Map<string, number>>();
  readonly #clock: Clock;
  readonly #open: OpenWatch;
  readonly #running: Promise<void>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #isClosed = false;
  #lost: Error | undefined;
  #onEvent = () => {};

  /** @param from the resource version after which it begins */
  constructor(open: OpenWatch, from: string, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    this.#running = this.#run(from);
  }

  /** When each resource was first seen in that status, in milliseconds since the epoch. */
  seenAt(word: string): ReadonlyMap<string, number> {
    return this.#firstSeen.get(word) ?? new Map();
  }

  /**
   * Waits until so many resources have been seen in that status.
   *
   * @throws Error after `timeoutMs` or where the watch is lost; the signal's reason when it is aborted
   */
  async until(
    word: string,
    count: number,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<void> {
    using limit = deadline(this.#clock, timeoutMs, signal);
    await new Promise<void>((resolve, reject) => {
      const give = () => {
        const got = `Only ${this.seenAt(word).size} of ${count} resources became '${word}' within ${timeoutMs} ms`;
        reject(signal.aborted ? signal.reason : new Error(got));
      };
      this.#onEvent = () => {
        if (this.seenAt(word).size >= count) resolve();
        else if (this.#lost) reject(this.#lost);
      };
      this.#onEvent();
      if (limit.signal.aborted) give();
      limit.signal.addEventListener("abort", give);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    // Aborting the request was seen to leave a read waiting for ever.
    await this.#reader?.cancel().catch(() => {});
    await this.#running;
  }

  /** Never rejects: whoever waits is told. */
  async #run(from: string): Promise<void> {
    try {
      let version = from;
      // An apiserver that is short of CPU ends the watches of those who read too slowly, who then go on from where they were.
      while (!this.#isClosed) version = await this.#read(version);
    } catch (cause) {
      this.#lost = new Error("The watch was lost", { cause });
      this.#onEvent();
    }
  }

  /** Reads one watch to its end, and gives the resource version that it came to. */
  async #read(version: string): Promise<string> {
    this.#reader = (await this.#open(version)).getReader();
    for await (const line of decodeLines(chunks(this.#reader))) {
      const { type, object } = JSON.parse(line) as WatchEvent;
      if (type === "ERROR") throw new Error(line);
      version = object.metadata.resourceVersion;
      if (type === "BOOKMARK") continue;
      this.#take(object.metadata.name, type === "DELETED" ? GONE : object.status?.processingJobStatus ?? "");
    }
    return version;
  }

  #take(name: string, word: string): void {
    let seen = this.#firstSeen.get(word);
    if (seen === undefined) this.#firstSeen.set(word, seen = new Map());
    if (!seen.has(name)) seen.set(name, this.#clock.now());
    this.#onEvent();
  }
}

async function* chunks(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) yield chunk.value;
}
