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
/**
 * A watch that was not heard of for this long may have missed something. A healthy one is heard of every 26 s (`watch.ts`), and one
 * that is dead is replaced after 43 s.
 */
const SILENT_MS = 45_000;
/** A watch that is silent for this long is told by `/readyz`, as that of the resources is. */
const BLIND_MS = 2 * 60_000;

export type Annotations = Readonly<Record<string, string>>;

export interface NamespacesOptions {
  client: KubeClient;
  clock: Clock;
  /** Those to observe; none for all. */
  names: readonly string[];
  /** How the annotations begin that are kept. */
  prefix: string;
  /** Told of a namespace whose annotations have become known or have changed. */
  onChange: (name: string) => void;
}

/** What came of reading a Namespace: nothing if it is known now, else why not. */
type Outcome = { kind: "known" } | { kind: "missing" | "denied" | "unanswered"; problem: string };

interface Problem {
  text: string;
  /** Only a person can end it. */
  isDenied: boolean;
  /** On the monotonic clock. */
  since: number;
}

/**
 * The annotations of Namespaces: of all by a watch, or of some by name. A Namespace that was never read is unknown, which is not the same
 * as one without annotations: `unknown` says why, and nobody may act as if it allowed everything. What was read is kept while nothing can
 * be.
 */
export class Namespaces {
  readonly #options: NamespacesOptions;
  /** Of all that were read; `undefined` for one without annotations. */
  readonly #annotations = new Map<string, Annotations | undefined>();
  /** Why the last read failed: by name, or under "" for a watch of all. */
  readonly #problems = new Map<string, Problem>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #isWatching: boolean;
  #informer: Informer<KubeObject> | undefined;
  #isReady = false;

  constructor(options: NamespacesOptions) {
    this.#options = options;
    this.#isWatching = options.names.length === 0;
  }

  /** Resolves once the annotations are known, or it is known that they may not be read; never rejects. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** How many Namespaces are known. */
  get size(): number {
    return this.#annotations.size;
  }

  /** How it stands, for `/readyz`: a problem if jobs wait because a Namespace can't be read. */
  status(): string | { ok: string } {
    if (!this.#isReady) return "not read yet";
    const now = this.#options.clock.monotonic();
    for (const [name, { text, isDenied, since }] of this.#problems) {
      if (isDenied || now - since > BLIND_MS) return name === "" ? text : `namespace '${name}': ${text}`;
    }
    if (this.#isWatching && this.#silenceMs() > BLIND_MS) {
      return `nothing heard for ${Math.round(this.#silenceMs() / 1000)} s`;
    }
    const annotated = [...this.#annotations.values()].filter((annotations) => annotations !== undefined);
    return { ok: `${annotated.length} with annotations` };
  }

  /** The annotations of a namespace that begin with the prefix: the same object as long as they are the same. */
  get(name: string): Annotations | undefined {
    return this.#annotations.get(name);
  }

  /** Why nothing is known of a namespace, as the end of a sentence; `undefined` where its annotations, or that it has none, are known. */
  unknown(name: string): string | undefined {
    if (this.#annotations.has(name)) return undefined;
    return this.#problems.get(this.#isWatching ? "" : name)?.text ?? "it has not been read yet";
  }

  /**
   * Makes certain what a Namespace says at this moment. A watch that was heard of lately is certain; otherwise the Namespace is read once.
   *
   * @returns why it isn't certain, as `unknown`; `undefined` where it is
   * @throws the signal's reason
   */
  async confirm(name: string, signal: AbortSignal): Promise<string | undefined> {
    const isSeen = this.#isWatching && this.#annotations.has(name) && this.#silenceMs() <= SILENT_MS;
    if (isSeen) return undefined;
    const outcome = await this.#read(name, signal);
    return outcome.kind === "known" ? undefined : outcome.problem;
  }

  /** Runs until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { names } = this.#options;
    const observing = this.#isWatching ? this.#watchAll(signal) : this.#getEach(names, signal);
    await observing.catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  async #watchAll(signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const store = new Store<KubeObject>({ transform: (object) => this.#kept(object) });
    store.onChange((name) => {
      const namespace = store.get(name);
      if (namespace === undefined) this.#drop(name);
      else this.#take(name, namespace.metadata.annotations);
    });
    const informer = new Informer({ client, path: PATH, store, clock, isOptional: true });
    this.#informer = informer;
    const running = informer.run(signal);
    try {
      while (!signal.aborted) {
        const { state, error } = informer.status();
        if (state === "denied") this.#note("", { kind: "denied", problem: denied("Namespaces", error) });
        else if (informer.hasSynced()) this.#note("", { kind: "known" });
        if (state === "denied" || informer.hasSynced()) this.#settled();
        // What was read meanwhile, and is gone or is still to come, is read again where it matters.
        for (const name of this.#annotations.keys()) if (!store.get(name)) this.#drop(name);
        await Promise.race([
          ...(informer.hasSynced() ? [] : [informer.synced]),
          sleep(clock, this.#pauseMs(), signal),
        ]);
      }
    } finally {
      await running;
    }
  }

  async #getEach(names: readonly string[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (true) {
      const outcomes = await Promise.all(names.map((name) => this.#read(name, signal)));
      if (outcomes.every(({ kind }) => kind !== "unanswered")) this.#settled();
      await sleep(clock, this.#pauseMs(), signal);
    }
  }

  #pauseMs(): number {
    return this.#isReady ? GET_AGAIN_MS : FIRST_ANSWER_MS;
  }

  #silenceMs(): number {
    const { lastContact } = this.#informer?.status() ?? {};
    return lastContact === undefined ? Infinity : this.#options.clock.monotonic() - lastContact;
  }

  async #read(name: string, signal: AbortSignal): Promise<Outcome> {
    const outcome = await this.#tryRead(name, signal);
    // The watch of all has its own problems.
    if (!this.#isWatching) this.#note(name, outcome);
    return outcome;
  }

  async #tryRead(name: string, signal: AbortSignal): Promise<Outcome> {
    try {
      const namespace = await this.#fetch(name, signal);
      if (namespace === undefined) {
        this.#drop(name);
        return { kind: "missing", problem: "it does not exist" };
      }
      this.#take(name, this.#kept(namespace).metadata.annotations);
      return { kind: "known" };
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 403) return { kind: "denied", problem: denied("it", error.message) };
      return { kind: "unanswered", problem: error.message };
    }
  }

  /** A ClusterRole that lets all Namespaces be listed need not allow to get one. */
  async #fetch(name: string, signal: AbortSignal): Promise<KubeObject | undefined> {
    const { client } = this.#options;
    if (this.#isWatching) {
      const query = { fieldSelector: `metadata.name=${name}` };
      return (await client.list<KubeObject>(PATH, { query, signal })).items[0];
    }
    return await client.get<KubeObject>(`${PATH}/${name}`, { signal }).catch((error) => {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** A cluster may have many: no more than this stays in memory. */
  #kept({ metadata: { name, uid, resourceVersion, annotations = {} } }: KubeObject): KubeObject {
    const ours = Object.entries(annotations).filter(([key]) => key.startsWith(this.#options.prefix));
    return {
      metadata: { name, uid, resourceVersion, ...(ours.length > 0 && { annotations: Object.fromEntries(ours) }) },
    };
  }

  #take(name: string, annotations: Annotations | undefined): void {
    const isKnown = this.#annotations.has(name);
    if (isKnown && isDeepStrictEqual(this.#annotations.get(name), annotations)) return;
    this.#annotations.set(name, annotations);
    if (isKnown || annotations) log.info("The annotations of a namespace have changed", { namespace: name });
    this.#options.onChange(name);
  }

  #drop(name: string): void {
    if (this.#annotations.delete(name)) this.#options.onChange(name);
  }

  #note(name: string, outcome: Outcome): void {
    const known = this.#problems.get(name);
    if (outcome.kind === "known" || outcome.kind === "missing") {
      this.#problems.delete(name);
      return;
    }
    const { kind, problem: text } = outcome;
    const isDenied = kind === "denied";
    this.#problems.set(name, { text, isDenied, since: known?.since ?? this.#options.clock.monotonic() });
    if (!isDenied || known?.isDenied) return;
    const problem = { ...(name !== "" && { namespace: name }), problem: text };
    log.warn("A Namespace may not be read, so no jobs are created for resources that depend on it", problem);
  }

  #settled(): void {
    this.#isReady = true;
    this.#ready.resolve();
  }
}

function denied(what: string, error = "it is forbidden"): string {
  return `the operator may not read ${what} (${error}); grant that as the install manifests do, or run the operator with ` +
    "--no-namespace-annotations";
}
