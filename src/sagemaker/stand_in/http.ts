const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

const encoder = new TextEncoder();
const utf8 = new TextDecoder();
/** One byte is one character, so that lengths of text are lengths of bytes. */
const latin1 = new TextDecoder("latin1");

export interface HttpRequest {
  method: string;
  path: string;
  /** Names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: string;
}

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body: string;
}

/** `reset` closes the connection without an answer; `hang` keeps it open, also without one, until either side closes it. */
export type Outcome = HttpAnswer | "reset" | "hang";

/** Must not throw. */
export type Handler = (request: HttpRequest) => Outcome | Promise<Outcome>;

interface Connection {
  ended: Promise<void>;
  /** Set while the handler works on a request: then nothing waits on the socket. */
  handling: boolean;
}

/**
 * As much of an HTTP/1.1 server as an SDK needs: connections that stay open, bodies with a Content-Length. It exists because
 * a stand-in must be able to lose an answer, and the runtime's servers can't: `Deno.serve` has no way to close a connection
 * that it owes an answer, and `node:http` leaves it open on the older versions that we are compiled with. It also costs
 * an eighth of what the latter does there, 0.02 ms of CPU for each request.
 */
export class HttpServer {
  readonly #listener: Deno.TcpListener;
  readonly #handler: Handler;
  readonly #connections = new Map<Deno.TcpConn, Connection>();
  readonly #accepting: Promise<void>;

  /** @throws Deno.errors.AddrInUse and its like if the address can't be had; port 0 picks a free one */
  constructor(hostname: string, port: number, handler: Handler) {
    this.#listener = Deno.listen({ hostname, port });
    this.#handler = handler;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Frees the port and closes all connections. Doesn't wait for handlers that are still at work; what they return is dropped. */
  async close(): Promise<void> {
    this.#listener.close();
    const idle = [...this.#connections.values()].filter((connection) => !connection.handling);
    for (const socket of this.#connections.keys()) closeQuietly(socket);
    await Promise.all([this.#accepting, ...idle.map((connection) => connection.ended)]);
  }

  async #accept(): Promise<void> {
    try {
      for await (const socket of this.#listener) {
        const connection: Connection = { ended: Promise.resolve(), handling: false };
        this.#connections.set(socket, connection);
        connection.ended = this.#serve(socket, connection);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(socket: Deno.TcpConn, connection: Connection): Promise<void> {
    try {
      socket.setNoDelay(true);
      const reader = new RequestReader(socket);
      for (let request = await reader.next(); request; request = await reader.next()) {
        connection.handling = true;
        const outcome = await this.#handler(request);
        connection.handling = false;
        if (outcome === "reset") return;
        if (outcome === "hang") await untilClosed(socket);
        else await write(socket, outcome);
        if (request.headers.get("connection")?.toLowerCase() === "close") return;
      }
    } catch (error) {
      if (error instanceof BadRequest) await refuse(socket, error);
      // Anything else means that the connection is gone, and with it the only one who could be told.
    } finally {
      this.#connections.delete(socket);
      closeQuietly(socket);
    }
  }
}

class BadRequest extends Error {
  override readonly name = "BadRequest";
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Splits what arrives on one connection into requests. */
class RequestReader {
  readonly #socket: Deno.TcpConn;
  #buffer = new Uint8Array(8192);
  #length = 0;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** The next request; undefined once the other side has closed. */
  async next(): Promise<HttpRequest | undefined> {
    let head: string | undefined;
    while ((head = this.#head()) === undefined) {
      if (this.#length > MAX_HEAD_BYTES) throw new BadRequest(431, "The header is too long");
      if (!await this.#read()) return undefined;
    }
    const bodyStart = head.length + 4;
    const { bodyLength, ...request } = parseHead(head);
    const end = bodyStart + bodyLength;
    while (this.#length < end) {
      if (!await this.#read()) return undefined;
    }
    const body = utf8.decode(this.#buffer.subarray(bodyStart, end));
    this.#buffer.copyWithin(0, end, this.#length);
    this.#length -= end;
    return { ...request, body };
  }

  #head(): string | undefined {
    const text = latin1.decode(this.#buffer.subarray(0, Math.min(this.#length, MAX_HEAD_BYTES)));
    const end = text.indexOf("\r\n\r\n");
    return end < 0 ? undefined : text.slice(0, end);
  }

  async #read(): Promise<boolean> {
    if (this.#length === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const count = await this.#socket.read(this.#buffer.subarray(this.#length));
    this.#length += count ?? 0;
    return count !== null;
  }
}

function parseHead(head: string): Omit<HttpRequest, "body"> & { bodyLength: number } {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const [method, path, version] = requestLine.split(" ");
  if (!method || !path || !version?.startsWith("HTTP/1.")) {
    throw new BadRequest(400, "The request line is not HTTP/1.1");
  }
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  if (headers.has("transfer-encoding")) throw new BadRequest(411, "The body must have a Content-Length");
  const bodyLength = Number(headers.get("content-length") ?? 0);
  if (!Number.isInteger(bodyLength) || bodyLength < 0) throw new BadRequest(400, "The Content-Length is not a number");
  if (bodyLength > MAX_BODY_BYTES) throw new BadRequest(413, "The body is too long");
  return { method, path, headers, bodyLength };
}

async function write(socket: Deno.TcpConn, { status, headers = {}, body }: HttpAnswer): Promise<void> {
  const length = encoder.encode(body).length;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bytes = encoder.encode(
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${lines}Content-Length: ${length}\r\n\r\n${body}`,
  );
  for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
}

const REASONS: Record<number, string> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  500: "Internal Server Error",
};

async function refuse(socket: Deno.TcpConn, { status, message }: BadRequest): Promise<void> {
  try {
    await write(socket, {
      status,
      headers: { "Content-Type": "text/plain", Connection: "close" },
      body: `${message}\n`,
    });
  } catch {
    // The other side has left; the connection is closed either way.
  }
}

async function untilClosed(socket: Deno.TcpConn): Promise<void> {
  const ignored = new Uint8Array(1024);
  while (await socket.read(ignored) !== null);
}

function closeQuietly(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // Closing twice is an error in this API; here both sides of the code may get to it first.
  }
}
