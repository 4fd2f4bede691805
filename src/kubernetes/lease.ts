import type { Clock } from "../runtime/clock.ts";
import { type KubeClient, KubeError } from "./client.ts";
import type { KubeObject } from "./objects.ts";

/** How long a lease lasts for whoever watches it, in milliseconds. Equal to client-go's, so that any of its tools can read it. */
export const LEASE_MS = 15_000;

/** `coordination.k8s.io/v1` Lease, as far as leader election uses it. */
export interface Lease extends KubeObject {
  spec: {
    /** Empty or absent: the last leader has given it back. */
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/**
 * What one candidate knows of a Lease, and its writes to it. The rules are those of client-go's
 * `tools/leaderelection`: nobody's clock is compared with another's; a lease that somebody holds has run out when this
 * candidate has seen no change of it for as long as it lasts.
 *
 * Every write names the resourceVersion that was seen, so of two candidates who take the same lease one gets a conflict.
 */
export class LeaseLock {
  /** Of the collection; with `query` it holds this one Lease at most. */
  readonly path: string;
  readonly query: { fieldSelector: string };
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #identity: string;
  #lease: Lease | undefined;
  /** On the monotonic clock; absent while nothing has been seen. */
  #freeAt: number | undefined;
  #heldUntil = -Infinity;

  constructor(options: { client: KubeClient; namespace: string; name: string; identity: string; clock: Clock }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#name = options.name;
    this.#identity = options.identity;
    this.path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    // Also what lets RBAC grant list and watch for this one name.
    this.query = { fieldSelector: `metadata.name=${options.name}` };
  }

  /** Who holds the lease; empty if nobody does, absent if that isn't known. */
  get holder(): string | undefined {
    if (this.#freeAt === undefined) return undefined;
    return this.#lease?.spec.holderIdentity ?? "";
  }

  /** Until when nobody else can have the lease, on the monotonic clock; in the past unless this candidate holds it. */
  get heldUntil(): number {
    return this.#heldUntil;
  }

  /** How long until this candidate may take the lease, in milliseconds: 0 if it may now, absent while nothing has been seen. */
  freeInMs(): number | undefined {
    return this.#freeAt === undefined ? undefined : Math.max(0, this.#freeAt - this.#clock.monotonic());
  }

  /** Takes in what the API server has: the Lease, or `undefined` if there is none. */
  observe(lease: Lease | undefined): void {
    const now = this.#clock.monotonic();
    if (lease === undefined) {
      this.#freeAt ??= now;
      // Whoever holds one that was deleted may not know yet.
      const isSurelyMine = this.#isMine() && now < this.#heldUntil;
      if (this.#lease !== undefined && !isSurelyMine) this.#freeAt = now + LEASE_MS;
    } else if (!this.#isHeldByAnother(lease)) {
      this.#freeAt = now;
    } else if (this.#lease === undefined || recordOf(lease) !== recordOf(this.#lease)) {
      this.#freeAt = now + (lease.spec.leaseDurationSeconds ?? LEASE_MS / 1000) * 1000;
    }
    this.#lease = lease;
  }

  /**
   * Takes the lease, or renews it. When it turns out to have been changed since it was seen, it is read and, if that leaves
   * it free, tried once more.
   *
   * @returns whether this candidate holds it now; if not, another does
   * @throws {KubeError} the API server refused or did not answer, so that it isn't known who holds it
   */
  async take(signal: AbortSignal): Promise<boolean> {
    const sentAt = this.#clock.monotonic();
    try {
      await this.#write(this.#record(), signal);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      await this.#read(signal);
      if (this.freeInMs()! > 0) return false;
      await this.#write(this.#record(), signal);
    }
    // The others count from when they see it, which is later.
    this.#heldUntil = sentAt + LEASE_MS;
    return true;
  }

  /**
   * Gives the lease back if this candidate holds it: whoever waits for it need not wait until it runs out.
   *
   * @returns whether it held it
   * @throws {KubeError} the API server refused or did not answer
   */
  async release(signal: AbortSignal): Promise<boolean> {
    // An answer may have been lost, so only the API server knows whether there is anything to give back.
    await this.#read(signal);
    if (!this.#isMine()) return false;
    const now = microTime(this.#clock.now());
    await this.#write({ holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now }, signal);
    return true;
  }

  #isMine(): boolean {
    return this.holder === this.#identity;
  }

  #isHeldByAnother({ spec: { holderIdentity = "" } }: Lease): boolean {
    return holderIdentity !== "" && holderIdentity !== this.#identity;
  }

  /** The Lease's content with this candidate as its holder from now on. */
  #record(): Lease["spec"] {
    const now = microTime(this.#clock.now());
    const { acquireTime = now, leaseTransitions = 0 } = this.#lease?.spec ?? {};
    const isMine = this.#isMine();
    return {
      holderIdentity: this.#identity,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: isMine ? acquireTime : now,
      renewTime: now,
      leaseTransitions: isMine || this.#lease === undefined ? leaseTransitions : leaseTransitions + 1,
    };
  }

  async #write(spec: Lease["spec"], signal: AbortSignal): Promise<void> {
    if (this.#lease === undefined) {
      const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: this.#name }, spec };
      return this.observe(await this.#client.create<Lease>(this.path, body, { signal }));
    }
    const { uid, resourceVersion } = this.#lease.metadata;
    const body = { metadata: { uid, resourceVersion }, spec };
    this.observe(await this.#client.patch<Lease>(`${this.path}/${this.#name}`, body, { type: "merge", signal }));
  }

  /** A list, because the permission for it is needed to watch anyway. */
  async #read(signal: AbortSignal): Promise<void> {
    const { items } = await this.#client.list<Lease>(this.path, { query: this.query, signal });
    this.observe(items[0]);
  }
}

/** Whether a write failed because the Lease has been changed, made or deleted since it was seen. */
function isOutdated(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 409 || error.status === 404);
}

/** What counts as a sign of life of the holder; a label that somebody else puts on the Lease doesn't. */
function recordOf({ metadata: { uid }, spec }: Lease): string {
  return JSON.stringify([uid, spec.holderIdentity, spec.renewTime, spec.acquireTime, spec.leaseTransitions]);
}

/** `metav1.MicroTime`: RFC 3339 with exactly six digits of a second. `ms` is milliseconds since the epoch. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000Z");
}
