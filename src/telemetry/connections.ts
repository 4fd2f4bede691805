import { type Clock, systemClock } from "../runtime/clock.ts";

/** How many connections a server has at most. One more closes the oldest, so a flood never keeps a probe out. */
export const MOST_CONNECTIONS = 64;
/** A connection on which no byte passes for so long is closed. */
export const IDLE_MS = 10_000;
/** After a connection could not be taken, as where the process has too many files open. */
const AGAIN_MS = 100;
const CHUNK_BYTES = 16 * 1024;

/**
 * Passes the connections of a listener on to a server on this machine, since `Deno.serve` limits neither their number nor how long they
 * are idle.
 */
export class Connections {
  readonly #upstream: Deno.ConnectOptions;
  readonly #clock: Clock;
  /** What closes each, the oldest first. */
  readonly #open = new Set<() => void>();

  /** @param upstream where the server listens that the connections are for */
  constructor(upstream: Deno.ConnectOptions, clock: Clock = systemClock) {
    this.#upstream = upstream;
    this.#clock = clock;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Accepts connections until `signal` is aborted; then closes the listener and all connections. */
  async accept(listener: Deno.TcpListener, signal: AbortSignal): Promise<void> {
    const onAbort = () => {
      closeQuietly(listener);
      for (const close of this.#open) close();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const relays = new Set<Promise<void>>();
    while (!signal.aborted) {
      try {
        const relay = this.#relay(await listener.accept()).finally(() => relays.delete(relay));
        relays.add(relay);
      } catch {
        if (!signal.aborted) await new Promise<void>((resolve) => this.#clock.setTimer(AGAIN_MS, resolve));
      }
    }
    await Promise.all(relays);
  }

  async #relay(client: Deno.TcpConn): Promise<void> {
    let upstream: Deno.TcpConn | undefined;
    let cancel = () => {};
    const close = () => {
      this.#open.delete(close);
      cancel();
      closeQuietly(client);
      if (upstream) closeQuietly(upstream);
    };
    const touch = () => {
      cancel();
      if (this.#open.has(close)) cancel = this.#clock.setTimer(IDLE_MS, close);
    };
    const [oldest] = this.#open;
    if (this.#open.size >= MOST_CONNECTIONS) oldest?.();
    this.#open.add(close);
    touch();
    try {
      upstream = await Deno.connect(this.#upstream);
      if (!this.#open.has(close)) closeQuietly(upstream);
      const asking = copy(client, upstream, touch).catch(close);
      // The server ends the connection; the client may end its half of it sooner.
      await copy(upstream, client, touch).catch(close);
      close();
      await asking;
    } catch {
      // The server has ended.
      close();
    }
  }
}

/** Copies until `from` ends, and tells `to`; fails where either is closed. */
async function copy(from: Deno.TcpConn, to: Deno.TcpConn, onBytes: () => void): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    onBytes();
    for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
  }
  await to.closeWrite();
}

function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // It is closed already.
  }
}
