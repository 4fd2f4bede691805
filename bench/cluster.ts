import { API_VERSION, GROUP, KIND, PLURAL } from "../src/api/group.ts";
import type { ProcessingJob, ProcessingJobSpec } from "../src/api/processing_job.ts";
import { MINIMAL_SPEC } from "../tests/support/builders.ts";
import type { Access } from "../tools/control_plane/kubeconfig.ts";
import { writesOf } from "./apiserver_metrics.ts";

/** Where the resources are. */
export const NAMESPACE = "default";
const PATH = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${PLURAL}`;
/** Requests under way at once; enough to keep an apiserver busy that has two cores to share. */
const CONCURRENCY = 16;

/** Who makes resources and takes them away, at as little cost as can be: it shares the cores with what is measured. */
export class Load implements Disposable {
  readonly #access: Access;
  readonly #http: Deno.HttpClient;
  readonly #signal: AbortSignal;

  constructor(access: Access, signal: AbortSignal) {
    this.#access = access;
    this.#http = Deno.createHttpClient({ caCerts: [access.ca] });
    this.#signal = signal;
  }

  async create(name: string, environment: Record<string, string> = {}): Promise<void> {
    const spec: ProcessingJobSpec = {
      ...MINIMAL_SPEC,
      environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
    };
    await this.send("POST", PATH, { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec });
  }

  async get(name: string): Promise<ProcessingJob> {
    return JSON.parse(await (await this.send("GET", `${PATH}/${name}`)).text());
  }

  /** Asks for the deletion; what a finalizer holds stays for now. */
  async delete(name: string): Promise<void> {
    await this.send("DELETE", `${PATH}/${name}`);
  }

  /** Lays `change` over a resource, or over its status. */
  async patch(name: string, change: object, subresource: "" | "/status" = ""): Promise<void> {
    await this.send("PATCH", `${PATH}/${name}${subresource}`, change);
  }

  /** Does something for each name, several at once. */
  async forEach(names: readonly string[], action: (name: string, index: number) => Promise<void>): Promise<void> {
    const left = names.entries();
    await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
      for (const [index, name] of left) await action(name, index);
    }));
  }

  /** The resource version that a watch of everything from now on begins after. */
  async resourceVersion(): Promise<string> {
    return JSON.parse(await (await this.send("GET", `${PATH}?limit=1`)).text()).metadata.resourceVersion;
  }

  /** Opens a watch of the resources, and gives its bytes. */
  readonly watch = async (resourceVersion: string): Promise<ReadableStream<Uint8Array>> => {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}&timeoutSeconds=86400`;
    return (await this.#fetch("GET", `${PATH}?${query}`)).body!;
  };

  /** Writes of our resources, and Events, that the apiserver has answered, by verb and resource. */
  async writes(): Promise<Record<string, number>> {
    return writesOf(await (await this.send("GET", "/metrics")).text(), GROUP);
  }

  /** Sends a request; its answer has been read. */
  async send(method: string, path: string, body?: object): Promise<{ text(): string }> {
    const response = await this.#fetch(method, path, body);
    const bytes = await response.arrayBuffer();
    return { text: () => new TextDecoder().decode(bytes) };
  }

  async #fetch(method: string, path: string, body?: object): Promise<Response> {
    const response = await fetch(this.#access.server + path, {
      method,
      client: this.#http,
      signal: this.#signal,
      headers: {
        authorization: `Bearer ${this.#access.token}`,
        "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json",
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`Cannot ${method} '${path}': the apiserver answers ${response.status}: ${await response.text()}`);
    }
    return response;
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }
}
