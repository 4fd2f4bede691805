import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy on a free loopback port that can harm the connections through it. TLS passes through untouched. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs: Set<[client: Socket, target: Socket]>;
  /** Connections that came while it was frozen for good. */
  readonly #frozen: Set<Socket>;
  #isFrozen = false;

  private constructor(server: Server, pairs: Set<[Socket, Socket]>, frozen: Set<Socket>) {
    this.#server = server;
    this.#pairs = pairs;
    this.#frozen = frozen;
    this.port = (server.address() as AddressInfo).port;
  }

  static async start(target: { hostname: string; port: number }): Promise<TcpProxy> {
    const pairs = new Set<[Socket, Socket]>();
    const frozen = new Set<Socket>();
    const server = createServer((client) => {
      if (proxy.#isFrozen) {
        return void frozen.add(client.on("error", () => {}).on("close", () => frozen.delete(client)));
      }
      const pair: [Socket, Socket] = [client, connect(target.port, target.hostname)];
      pairs.add(pair);
      for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          to.destroy();
          pairs.delete(pair);
        });
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    const proxy = new TcpProxy(server, pairs, frozen);
    return proxy;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#pairs.size;
  }

  /** Ends the present connections, with a RST or with an ordinary FIN in whatever is under way. New ones work. */
  cut(how: "reset" | "close"): void {
    for (const [client, target] of this.#pairs) {
      target.unpipe(client);
      if (how === "reset") client.resetAndDestroy();
      else client.end();
      target.destroy();
    }
  }

  /** Lets no byte through the present connections any more, without ending them. New ones work, unless it is `forGood`. */
  freeze({ forGood = false } = {}): void {
    this.#isFrozen = forGood;
    for (const [client, target] of this.#pairs) {
      client.unpipe(target).resume();
      target.unpipe(client).resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of [...this.#frozen, ...[...this.#pairs].flat()]) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
