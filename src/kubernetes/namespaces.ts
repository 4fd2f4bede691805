import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import { type Clock, sleep } from "../runtime/clock.ts";
import { type KubeClient, KubeError } from "./client.ts";
import { Informer } from "./informer.ts";
import type { KubeObject } from "./objects.ts";
import { Store } from "./store.ts";

const log = getLogger(["operator", "namespaces"]);

const PATH = "/api/v1/namespaces";
/** A Role can allow to get its own Namespace by name, but neither to list nor to watch it: both have no namespace. */
const GET_AGAIN_MS = 10_000;
/** How often to look for a first answer of the apiserver. */
const FIRST_ANSWER_MS = 100;

export type Annotations = Readonly<Record<string, string>>;

export interface NamespacesOptions {
  client: KubeClient;
  clock: Clock;
  /** Those to observe; none for all. */
  names: readonly string[];
  /** How the annotations begin that are kept. */
  prefix: string;
  /** Told of a namespace whose annotations have changed. */
  onChange: (name: string) => void;
}

/**
 * The annotations of Namespaces: of all by a watch, or of some by name. Where they may not be read there are none, which is
 * logged once; they are taken in as soon as they may be. What was read is kept while nothing can be.
 */
export class Namespaces {
  readonly #options: NamespacesOptions;
  /** Of those namespaces alone that have any. */
  readonly #annotations = new Map<string, Annotations>();
  readonly #ready = Promise.withResolvers<void>();
  #isDenied = false;
  #isReady = false;

  constructor(options: NamespacesOptions) {
    this.#options = options;
  }

  /** Resolves once the annotations are known, or it is known that they may not be read; never rejects. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** How it stands, for `/readyz`. */
  status(): string | { ok: string } {
    if (!this.#isReady) return "not read yet";
    return {
      ok: this.#isDenied ? "may not be read; the operator's flags hold" : `${this.#annotations.size} with annotations`,
    };
  }

  /** The annotations of a namespace that begin with the prefix: the same object as long as they are the same. */
  get(name: string): Annotations | undefined {
    return this.#annotations.get(name);
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { names } = this.#options;
    const observing = names.length === 0 ? this.#watchAll(signal) : this.#getEach(names, signal);
    await observing.catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  async #watchAll(signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const store = new Store<KubeObject>({ transform: (object) => this.#kept(object) });
    store.onChange((name) => this.#take(name, store.get(name)?.metadata.annotations));
    const informer = new Informer({ client, path: PATH, store, clock, isOptional: true });
    const running = informer.run(signal);
    try {
      while (!informer.hasSynced()) {
        const { state, error } = informer.status();
        if (state === "denied") {
          this.#noteDenied(error);
          this.#settled();
        }
        await Promise.race([informer.synced, sleep(clock, this.#pauseMs(), signal)]);
      }
      this.#answered();
    } finally {
      await running;
    }
  }

  async #getEach(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    while (true) {
      const outcomes = await Promise.all(names.map((name) => this.#getOne(client, name, signal)));
      if (outcomes.every((outcome) => outcome === "known")) this.#answered();
      else if (!outcomes.includes("unknown")) this.#settled();
      await sleep(clock, this.#pauseMs(), signal);
    }
  }

  #pauseMs(): number {
    return this.#isReady ? GET_AGAIN_MS : FIRST_ANSWER_MS;
  }

  async #getOne(client: KubeClient, name: string, signal: AbortSignal): Promise<"known" | "denied" | "unknown"> {
    try {
      const namespace = this.#kept(await client.get<KubeObject>(`${PATH}/${name}`, { signal }));
      this.#take(name, namespace.metadata.annotations);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 403) {
        this.#noteDenied(error.message);
        return "denied";
      }
      if (error.status !== 404) return "unknown";
      this.#take(name, undefined);
    }
    return "known";
  }

  /** A cluster may have many: no more than this stays in memory. */
  #kept({ metadata: { name, uid, resourceVersion, annotations = {} } }: KubeObject): KubeObject {
    const ours = Object.entries(annotations).filter(([key]) => key.startsWith(this.#options.prefix));
    return {
      metadata: { name, uid, resourceVersion, ...(ours.length > 0 && { annotations: Object.fromEntries(ours) }) },
    };
  }

  #take(name: string, annotations: Annotations | undefined): void {
    if (isDeepStrictEqual(this.#annotations.get(name), annotations)) return;
    if (annotations) this.#annotations.set(name, annotations);
    else this.#annotations.delete(name);
    log.info("The annotations of a namespace have changed", { namespace: name });
    this.#options.onChange(name);
  }

  #noteDenied(error = "it is forbidden"): void {
    if (!this.#isDenied) {
      log.warn("Namespaces may not be read, so their annotations do not hold and the flags do", { error });
    }
    this.#isDenied = true;
  }

  #answered(): void {
    this.#isDenied = false;
    this.#settled();
  }

  #settled(): void {
    this.#isReady = true;
    this.#ready.resolve();
  }
}
