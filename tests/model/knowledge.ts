/** What each operator has been told by its watches, and when: what it knows, it must act on. */
import { ANNOTATIONS, NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import type { Thing } from "../support/fake_apiserver.ts";
import { accountOfArn } from "./accounts.ts";

type Annotations = Record<string, string>;

interface Known {
  /** By UID of a resource, since when it is known to be paused and not to be deleted; on the monotonic clock. */
  pausedSince: Map<string, number>;
  /** By namespace, the annotations that were brought, and when; the latest last. */
  namespaces: Map<string, { since: number; annotations: Annotations }[]>;
}

export class Knowledge {
  readonly #known = new Map<string, Known>();

  /** @param now on the monotonic clock */
  learn(operator: string, object: Thing, now: number): void {
    const known = this.#of(operator);
    const { name, uid, annotations = {}, deletionTimestamp } = object.metadata;
    if (object.kind === "Namespace") {
      const versions = known.namespaces.get(name) ?? [];
      known.namespaces.set(name, [...versions, { since: now, annotations }]);
    } else if (object.kind === "ProcessingJob") {
      const isPaused = annotations[ANNOTATIONS.paused] === "true" && deletionTimestamp === undefined;
      if (!isPaused) known.pausedSince.delete(uid);
      else if (!known.pausedSince.has(uid)) known.pausedSince.set(uid, now);
    }
  }

  /** Since when the operator has known that the resource is paused; undefined if it isn't, as far as it knows. */
  pausedSince(operator: string, uid: string): number | undefined {
    return this.#of(operator).pausedSince.get(uid);
  }

  /**
   * Whether a create in `account` was allowed by annotations of the namespace that the operator has known since `since`, or
   * that it has been told of later.
   */
  mayCreate(operator: string, { namespace, account, since }: { namespace: string; account: string; since: number }) {
    const versions = this.#of(operator).namespaces.get(namespace) ?? [];
    const inForce = versions.findLastIndex((version) => version.since <= since);
    // Before the first, nothing was known that could forbid anything.
    if (inForce === -1) return true;
    return versions.slice(inForce).some(({ annotations }) => allows(annotations, account));
  }

  #of(operator: string): Known {
    let known = this.#known.get(operator);
    if (known === undefined) this.#known.set(operator, known = { pausedSince: new Map(), namespaces: new Map() });
    return known;
  }
}

function allows(annotations: Annotations, account: string): boolean {
  const role = annotations[NAMESPACE_ANNOTATIONS.assumeRoleArn];
  const regions = annotations[NAMESPACE_ANNOTATIONS.allowedRegions];
  if (regions !== undefined && regions !== "*") return false;
  return role === undefined || accountOfArn(role) === account;
}
