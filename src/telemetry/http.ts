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
 * Serves `handler` on `address` until `signal` is aborted; gives `undefined` if the address means off.
 *
 * @throws {TypeError} if the address can't be read
 * @throws {Error} if it can't be listened on
 */
export function serveHttp(
  { address, handler, signal }: {
    address: string;
    handler: (request: Request) => Response | Promise<Response>;
    signal: AbortSignal;
  },
): HttpServer | undefined {
  const bind = parseBindAddress(address);
  if (!bind) return undefined;
  try {
    return listen(bind, handler, signal);
  } catch (cause) {
    throw new Error(`Cannot listen on '${address}'`, { cause });
  }
}

function listen(
  { hostname, port }: BindAddress,
  handler: (request: Request) => Response | Promise<Response>,
  signal: AbortSignal,
): HttpServer {
  const serve = (hostname: string) => Deno.serve({ hostname, port, signal, onListen() {} }, handler);
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = serve(hostname);
  } catch (error) {
    // "::" takes IPv4 too, but can't be had where IPv6 is off.
    if (hostname !== "::" || error instanceof Deno.errors.AddrInUse) throw error;
    server = serve("0.0.0.0");
  }
  const host = server.addr.hostname.includes(":") ? `[${server.addr.hostname}]` : server.addr.hostname;
  return { url: `http://${host}:${server.addr.port}`, finished: server.finished };
}
