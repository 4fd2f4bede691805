import type { Clock } from "../runtime/clock.ts";
import { Connections } from "./connections.ts";

/** Where a server listens. */
export interface BindAddress {
  hostname: string;
  port: number;
}

/**
 * Reads a bind address: `:8081` (every interface), `127.0.0.1:8081`, `[::1]:8081`; port 0 picks a free one. A lone `0` or
 * nothing means off and gives `undefined`, as in controller-runtime.
 *
 * @throws {TypeError} if it is none of these
 */
export function parseBindAddress(text: string): BindAddress | undefined {
  if (text === "" || text === "0") return undefined;
  const parts = /^(?:\[(?<v6>[\da-fA-F:.]+)\]|(?<host>[^:[\]\s/]*)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(parts?.port);
  if (!parts || port > 65535) {
    throw new TypeError(`Cannot listen on '${text}': expected 'host:port', ':port', or '0' for off`);
  }
  return { hostname: parts.v6 || parts.host || "::", port };
}

/** A server that is listening. */
export interface HttpServer {
  /** The address it listens on, as a URL without a path. */
  url: string;
  /** Settles once the server has ended. */
  finished: Promise<void>;
}

/**
 * Serves `handler` on `address` until `signal` is aborted; gives `undefined` if the address means off. The number of connections, and
 * how long one may be idle, are limited: see `Connections`.
 *
 * @throws {TypeError} if the address can't be read
 * @throws {Error} if it can't be listened on
 */
export function serveHttp(
  { address, handler, signal, clock }: {
    address: string;
    handler: (request: Request) => Response | Promise<Response>;
    signal: AbortSignal;
    clock?: Clock;
  },
): HttpServer | undefined {
  const bind = parseBindAddress(address);
  if (!bind) return undefined;
  let listener: Deno.TcpListener;
  try {
    listener = listen(bind);
  } catch (cause) {
    throw new Error(`Cannot listen on '${address}'`, { cause });
  }
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, signal, onListen() {} }, handler);
  const connections = new Connections({ hostname: "127.0.0.1", port: server.addr.port }, clock);
  const accepting = connections.accept(listener, signal);
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return { url: `http://${host}:${port}`, finished: Promise.all([accepting, server.finished]).then(() => {}) };
}

function listen({ hostname, port }: BindAddress): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    // "::" takes IPv4 too, but can't be had where IPv6 is off.
    if (hostname !== "::" || error instanceof Deno.errors.AddrInUse) throw error;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}
