/** AWS's own host names, served by stand-ins: for what the operator does where no endpoint is named. */

const fetchOfSystem = globalThis.fetch;

/** Sends requests for some hosts elsewhere, or has their names not be found. Disposing of it gives `fetch` back. */
export class AwsHosts implements Disposable {
  /** Hosts whose names cannot be resolved for now. */
  readonly unknown = new Set<string>();
  readonly #urls: ReadonlyMap<string, string>;

  /** @param urls where the requests for each host go; the first whose key the host contains counts */
  constructor(urls: Record<string, string>) {
    this.#urls = new Map(Object.entries(urls));
    globalThis.fetch = (input, init) => this.#fetch(input, init);
  }

  async #fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const [, target] = [...this.#urls].find(([host]) => url.hostname.includes(host)) ?? [];
    if (this.unknown.has(url.hostname)) {
      // As Deno words it.
      throw new TypeError(
        `error sending request for url (${url}): client error (Connect): dns error: failed to lookup address ` +
          "information: Name or service not known",
      );
    }
    if (target === undefined) return await fetchOfSystem(input, init);
    const moved = new URL(url.pathname + url.search, target);
    if (!(input instanceof Request)) return await fetchOfSystem(moved, init);
    const { method, headers, signal } = input;
    return await fetchOfSystem(moved, { method, headers, signal, body: await input.arrayBuffer(), ...init });
  }

  [Symbol.dispose](): void {
    globalThis.fetch = fetchOfSystem;
  }
}
