import type { Clock } from "../../src/runtime/clock.ts";
import type { Cluster } from "../../src/kubernetes/config.ts";
import type { Answer, FakeApiserver, Thing } from "../support/fake_apiserver.ts";
import type { Refusal, Sender, Wire } from "./wire.ts";

/** How an open watch may be harmed. */
export const WATCH_FAULTS = ["cut", "end", "silence"] as const;
export type WatchFault = typeof WATCH_FAULTS[number];

const LAG_MS = [0, 0, 1, 50, 1_500];

const REFUSALS: Record<Refusal, { status: number; reason: string; retryAfter?: string }> = {
  error: { status: 500, reason: "InternalError" },
  throttled: { status: 429, reason: "TooManyRequests", retryAfter: "1" },
  denied: { status: 403, reason: "Forbidden" },
  conflict: { status: 409, reason: "Conflict" },
};

/** What is behind shows it in lists: so answers an apiserver from before Kubernetes 1.32. */
const CANNOT_STREAM = { status: 422, body: { kind: "Status", status: "Failure", code: 422, reason: "Invalid" } };

/** The way of one operator to the apiserver. */
export class Connection implements Cluster {
  readonly server = "https://fake.invalid";
  readonly source = "a world";
  readonly namespace = "default";
  readonly #apiserver: FakeApiserver;
  readonly #wire: Wire;
  readonly #sender: Sender;
  readonly #clock: Clock;
  readonly #watches = new Set<WatchStream>();
  readonly #heldUntil: () => number;
  readonly #onLine: () => void;
  readonly #onDelivered: (object: Thing) => void;
  readonly #listedVersion: () => number | undefined;

  constructor(
    { apiserver, wire, sender, clock, heldUntil, onLine, onDelivered, listedVersion }: {
      apiserver: FakeApiserver;
      wire: Wire;
      sender: Sender;
      clock: Clock;
      /** On the monotonic clock: no event of a watch comes before it. */
      heldUntil: () => number;
      /** Told of each line of a watch before it comes. */
      onLine: () => void;
      /** Told of each object that a watch has brought. */
      onDelivered: (object: Thing) => void;
      /** The version that a list shows, if it is behind. */
      listedVersion: () => number | undefined;
    },
  ) {
    this.#apiserver = apiserver;
    this.#wire = wire;
    this.#sender = sender;
    this.#clock = clock;
    this.#heldUntil = heldUntil;
    this.#onLine = onLine;
    this.#onDelivered = onDelivered;
    this.#listedVersion = listedVersion;
  }

  async fetch(path: string, init: RequestInit): Promise<Response> {
    init.signal?.throwIfAborted();
    const method = init.method ?? "GET";
    const body = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
    const isWatch = path.includes("watch=true");
    return await this.#wire.send<Response>({
      what: `${isWatch ? "WATCH" : method} ${nameIn(path)}`,
      isEffect: method !== "GET",
      apply: () => isWatch ? this.#watch(path, init.signal!) : this.#request(method, path, body),
      refuse: (fault) => {
        const { status, reason, retryAfter } = REFUSALS[fault];
        const answer = { kind: "Status", status: "Failure", code: status, reason, message: "a fault" };
        return respond({ status, body: answer }, retryAfter);
      },
      reset: () => new TypeError("error reading a body from connection"),
      signal: init.signal,
    }, this.#sender);
  }

  close(): void {
    for (const watch of this.#watches) watch.forget();
  }

  harmWatches(fault: WatchFault): void {
    for (const watch of this.#watches) watch.harm(fault);
  }

  #request(method: string, path: string, body: unknown): Response {
    const asOf = this.#listedVersion();
    return respond(this.#apiserver.request({ method, path, body, ...(asOf !== undefined && { asOf }) }));
  }

  #watch(path: string, signal: AbortSignal): Response {
    if (path.includes("sendInitialEvents") && this.#listedVersion() !== undefined) return respond(CANNOT_STREAM);
    const lag = this.#wire.pick(LAG_MS);
    let due = 0;
    const later = (then: () => void) => {
      const now = this.#clock.monotonic();
      // Lines keep their order.
      due = Math.max(due, now + lag, this.#heldUntil());
      if (due <= now) then();
      else this.#clock.setTimer(due - now, then);
    };
    const stream: WatchStream = new WatchStream(() => {
      this.#watches.delete(stream);
      stop();
    });
    this.#watches.add(stream);
    let isOpen = false;
    const stop = this.#apiserver.watch(path, {
      onLine: (line, object) =>
        later(() => {
          this.#onLine();
          if (stream.send(line) && object) this.#onDelivered(object);
        }),
      onEnd: () => isOpen ? later(() => stream.harm("end")) : this.#clock.setTimer(0, () => stream.harm("end")),
    });
    isOpen = true;
    signal.addEventListener("abort", () => stream.abort(signal.reason), { once: true });
    return new Response(stream.body);
  }
}

class WatchStream {
  readonly body: ReadableStream<Uint8Array>;
  #controller!: ReadableByteStreamController;
  #state: "open" | "silent" | "closed" = "open";
  readonly #onClose: () => void;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
    this.body = new ReadableStream({
      type: "bytes",
      start: (controller) => void (this.#controller = controller),
      cancel: () => this.#close(),
    });
  }

  /** @returns whether the line goes out */
  send(line: string): boolean {
    if (this.#state !== "open") return false;
    this.#controller.enqueue(encoder.encode(`${line}\n`));
    return true;
  }

  harm(fault: WatchFault): void {
    if (this.#state === "closed") return;
    if (fault === "silence") {
      this.#state = "silent";
      return;
    }
    this.#close();
    if (fault === "end") {
      this.#controller.close();
      this.#controller.byobRequest?.respond(0);
    } else this.#controller.error(new TypeError("error reading a body from connection"));
  }

  abort(reason: unknown): void {
    if (this.#state === "closed") return;
    this.#close();
    this.#controller.error(reason);
  }

  /** The process at the other end is no more. */
  forget(): void {
    if (this.#state !== "closed") this.#close();
  }

  #close(): void {
    this.#state = "closed";
    this.#onClose();
  }
}

const encoder = new TextEncoder();

/** What a path is about, as in `a/status` for a resource and `processingjobs` for all of them. */
function nameIn(path: string): string {
  const parts = path.replace(/\?.*/, "").split("/");
  return parts.slice(parts.at(-1) === "status" ? -2 : -1).join("/");
}

function respond({ status, body }: Answer, retryAfter?: string): Response {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (retryAfter !== undefined) headers["retry-after"] = retryAfter;
  return new Response(JSON.stringify(body), { status, headers });
}
