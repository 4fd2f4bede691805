import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../runtime/clock.ts";
import { type KubeClient, KubeError } from "./client.ts";
import type { KubeObject } from "./objects.ts";

const log = getLogger(["operator", "namespaces"]);

const PATH = "/api/v1/namespaces";
/** How long until it is read again that could not be. */
const READ_AGAIN_MS = 5_000;

export interface ClusterUidOptions {
  client: KubeClient;
  clock: Clock;
  /** Whether the operator watches all namespaces. */
  isClusterWide: boolean;
  /** The namespace that the operator runs in. */
  own: string;
}

/**
 * A UID that tells this cluster from others: that of the Namespace `kube-system`, which each cluster has and keeps, where the operator
 * watches all namespaces and may list them; else that of the operator's own namespace, which its Role lets it get. Which one it is depends
 * on the installation alone, so that it doesn't change when permissions do.
 */
export class ClusterUid {
  readonly #options: ClusterUidOptions;
  readonly #answered = Promise.withResolvers<void>();
  #uid: string | undefined;
  #isDenied = false;

  constructor(options: ClusterUidOptions) {
    this.#options = options;
  }

  /** Undefined until it was read. */
  get uid(): string | undefined {
    return this.#uid;
  }

  /** Resolves once the apiserver has given it, or has refused to; never rejects. */
  get answered(): Promise<void> {
    return this.#answered.promise;
  }

  /** Reads it, again and again until that succeeds or `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!await this.#read(signal)) await sleep(this.#options.clock, READ_AGAIN_MS, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #read(signal: AbortSignal): Promise<boolean> {
    const { client, isClusterWide, own } = this.#options;
    const namespace = isClusterWide ? "kube-system" : own;
    try {
      const { metadata: { uid } } = isClusterWide
        ? await listed(client, namespace, signal)
        : await client.get<KubeObject>(`${PATH}/${namespace}`, { signal });
      log.info("External ids are the UID of a Namespace, a slash, and the resource's namespace", { namespace, uid });
      this.#uid = uid;
      this.#answered.resolve();
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 403 || error.status === 404) this.#denied(namespace, error);
      return false;
    }
  }

  #denied(namespace: string, error: KubeError): void {
    this.#answered.resolve();
    if (this.#isDenied) return;
    this.#isDenied = true;
    log.warn("A Namespace may not be read whose UID external ids begin with, so no role is assumed", {
      namespace,
      error,
    });
  }
}

/** A ClusterRole that lets all Namespaces be listed need not allow to get one. */
async function listed(client: KubeClient, name: string, signal: AbortSignal): Promise<KubeObject> {
  const { items: [found] } = await client.list<KubeObject>(PATH, {
    query: { fieldSelector: `metadata.name=${name}` },
    signal,
  });
  if (found === undefined) {
    throw new KubeError(`The cluster has no Namespace '${name}'`, { status: 404, reason: "NotFound" });
  }
  return found;
}
