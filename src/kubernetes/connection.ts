import { getLogger } from "@logtape/logtape";
import type { Clock } from "../runtime/clock.ts";
import type { Cluster } from "./config.ts";
import { ConfigError, excerpt } from "./errors.ts";

const log = getLogger(["operator", "kubernetes"]);

/** Tokens rotate on disk about hourly; client-go, too, looks once a minute. */
const REREAD_MS = 60_000;

/** Who we are and whom we trust, at one moment. */
export interface Access {
  headers: Record<string, string>;
  /** Headers that may occur several times. */
  moreHeaders?: [name: string, value: string][];
  /** PEM; in addition to those that the runtime trusts (`otherAuthorities`). */
  caCerts: string[];
  /** A client certificate and its key, PEM. */
  certificate?: { cert: string; key: string };
  /** Milliseconds since the epoch. */
  validUntil?: number;
}

type PlainRequestInit = RequestInit & { headers?: Record<string, string> };

interface ConnectOptions {
  server: string;
  source: string;
  namespace: string;
  podNamespace?: string | undefined;
  clock: Clock;
  /** @param fresh set after a 401: nothing that is cached may be returned */
  readAccess: (fresh: boolean) => Promise<Access>;
  proxy?: { url: string; basicAuth?: { username: string; password: string } };
}

/**
 * A cluster over native `fetch`. The credentials are read at the start, then once a minute, and at once after a 401, in which
 * case the request is sent once more if they are others.
 *
 * @throws what the first `readAccess` throws, and ConfigError if Deno can't use the certificates
 */
export async function connect(options: ConnectOptions): Promise<Cluster> {
  return new Connection(options, await options.readAccess(false));
}

class Connection implements Cluster {
  readonly server: string;
  readonly source: string;
  readonly namespace: string;
  readonly podNamespace: string | undefined;
  readonly hasAuthority: boolean;
  readonly #options: ConnectOptions;
  #access: Access;
  #readAt: number;
  #client: Deno.HttpClient;
  #reading: Promise<void> | undefined;

  constructor(options: ConnectOptions, access: Access) {
    this.server = options.server;
    this.source = options.source;
    this.namespace = options.namespace;
    this.podNamespace = options.podNamespace;
    this.#options = options;
    this.hasAuthority = access.caCerts.length > 0;
    this.#access = access;
    this.#readAt = options.clock.monotonic();
    this.#client = this.#createClient(access);
  }

  async fetch(path: string, init: PlainRequestInit): Promise<Response> {
    if (this.#isStale()) await this.#reread(false);
    const used = this.#access;
    const response = await this.#send(path, init);
    if (response.status !== 401) return response;
    try {
      if (this.#access === used) await this.#reread(true);
    } catch (error) {
      await response.body?.cancel();
      throw error;
    }
    if (JSON.stringify(this.#access) === JSON.stringify(used)) return response;
    await response.body?.cancel();
    return await this.#send(path, init);
  }

  close(): void {
    this.#client.close();
  }

  #send(path: string, init: PlainRequestInit): Promise<Response> {
    // A `Headers` made here would be validated and copied again by `fetch`, at a quarter of a request's whole cost.
    const single = { ...init.headers, ...this.#access.headers };
    const { moreHeaders } = this.#access;
    const headers = moreHeaders ? [...Object.entries(single), ...moreHeaders] : single;
    // A redirect, as to a login page, must not take the credentials elsewhere.
    return fetch(this.server + path, { ...init, headers, redirect: "manual", client: this.#client });
  }

  #isStale(): boolean {
    const { clock } = this.#options;
    if (clock.now() >= (this.#access.validUntil ?? Infinity)) return true;
    return clock.monotonic() - this.#readAt >= REREAD_MS;
  }

  /** Shared by all requests that need it at the same time. */
  #reread(fresh: boolean): Promise<void> {
    this.#reading ??= this.#doReread(fresh).finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #doReread(fresh: boolean): Promise<void> {
    const { clock, readAccess, source } = this.#options;
    let access: Access;
    try {
      access = await readAccess(fresh);
    } catch (error) {
      if (fresh) throw error;
      // What was read before may still be good; if it isn't, a 401 leads to the other branch.
      log.warn("Cannot read credentials again, using those read before", { source, error: String(error) });
      this.#readAt = clock.monotonic();
      return;
    }
    this.#readAt = clock.monotonic();
    if (tlsOf(access) !== tlsOf(this.#access)) {
      const outdated = this.#client;
      this.#client = this.#createClient(access);
      // Requests and watches that are under way go on.
      outdated.close();
    }
    this.#access = access;
  }

  #createClient({ caCerts, certificate }: Access): Deno.HttpClient {
    const { proxy, source } = this.#options;
    try {
      return Deno.createHttpClient({
        caCerts,
        ...certificate,
        ...(proxy ? { proxy } : {}),
        // Over HTTP/2 all requests share one connection, and when that dies without a word none succeeds until the kernel
        // gives up after a quarter of an hour. With HTTP/1.1 a request that times out takes its own connection with it, and
        // idle ones are not kept long enough to go bad in number.
        http2: false,
        poolMaxIdlePerHost: 16,
        poolIdleTimeout: 15_000,
      });
    } catch (cause) {
      const why = cause instanceof Error ? excerpt(cause.message) : String(cause);
      throw new ConfigError(`Cannot use the certificates of ${source}: ${why}`, { cause });
    }
  }
}

function tlsOf({ caCerts, certificate }: Access): string {
  return JSON.stringify([caCerts, certificate]);
}
