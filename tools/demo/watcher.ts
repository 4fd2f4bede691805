import { API_VERSION, PLURAL } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import type { KubeClient } from "../../src/kubernetes/client.ts";
import { Informer } from "../../src/kubernetes/informer.ts";
import { Store } from "../../src/kubernetes/store.ts";
import { systemClock } from "../../src/runtime/clock.ts";

/** Watches the resources of a namespace and tells each change of a status word. */
export class StatusWatcher {
  readonly #namespace: string;
  readonly #store = new Store<ProcessingJob>();
  readonly #words = new Map<string, string>();
  readonly #informer: Informer<ProcessingJob>;
  #waiters: (() => void)[] = [];

  /** @param options.onWord told of each change; the word is empty once the resource is gone */
  constructor({ kube, namespace, onWord }: {
    kube: KubeClient;
    namespace: string;
    onWord: (name: string, word: string, resource: ProcessingJob | undefined) => void;
  }) {
    this.#namespace = namespace;
    const path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
    this.#informer = new Informer({ client: kube, path, store: this.#store, clock: systemClock });
    this.#store.onChange((key) => {
      const resource = this.#store.get(key);
      const name = key.slice(namespace.length + 1);
      const word = resource?.status?.processingJobStatus ?? "";
      if (this.#words.get(key) !== word) onWord(name, word, resource);
      this.#words.set(key, word);
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }

  /**
   * Waits until the resource's word is one of `words`; an empty one means gone.
   *
   * @throws {Error} if that takes longer than a minute
   */
  async until(name: string, words: string[], signal: AbortSignal): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(60_000)]);
    const timedOut = Promise.withResolvers<never>();
    limit.addEventListener("abort", () => timedOut.reject(limit.reason), { once: true });
    const word = () => this.#words.get(`${this.#namespace}/${name}`) ?? "";
    try {
      while (!words.includes(word())) {
        const changed = new Promise<void>((resolve) => this.#waiters.push(resolve));
        await Promise.race([changed, timedOut.promise]);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new Error(`Cannot go on: '${name}' is '${word()}' after a minute, not '${words.join("' or '")}'`, {
        cause: error,
      });
    }
  }
}
