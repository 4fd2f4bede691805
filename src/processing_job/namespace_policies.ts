import { getLogger } from "@logtape/logtape";
import { type AllowedByFlags, type NamespacePolicy, readPolicy } from "./namespace_policy.ts";
export type { AllowedByFlags };

const log = getLogger(["operator", "namespaces"]);

const NONE: NamespacePolicy = { defaults: {} };

/** The policies of namespaces, each read once. */
export class NamespacePolicies {
  readonly #policies = new Map<string, NamespacePolicy>();
  readonly #listeners = new Set<(namespace: string) => void>();
  readonly #unknown: (namespace: string) => string | undefined;

  /** @param unknown why nothing is known of a namespace; `undefined` where it is known. By default all are. */
  constructor(unknown: (namespace: string) => string | undefined = () => undefined) {
    this.#unknown = unknown;
  }

  /** How many namespaces have a policy. */
  get size(): number {
    return this.#policies.size;
  }

  of(namespace: string): NamespacePolicy {
    const unknown = this.#unknown(namespace);
    return unknown === undefined ? this.#policies.get(namespace) ?? NONE : { ...NONE, unknown };
  }

  /** Takes in the annotations of a namespace; `undefined` for none. */
  changed(namespace: string, annotations: Readonly<Record<string, string>> | undefined): void {
    if (annotations === undefined) this.#policies.delete(namespace);
    else this.#policies.set(namespace, readPolicy(annotations));
    const { problem } = this.of(namespace);
    if (problem !== undefined) log.warn("No jobs are created in a namespace", { namespace, problem });
    for (const listener of this.#listeners) listener(namespace);
  }

  /** Calls `listener` with each namespace whose policy has changed; the returned function ends that. */
  onChange(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
