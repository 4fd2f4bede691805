import { getLogger } from "@logtape/logtape";
import { type Clock, deadline, sleep } from "../runtime/clock.ts";
import type { KubeClient } from "./client.ts";
import { Informer } from "./informer.ts";
import { type Lease, LEASE_MS, LeaseLock } from "./lease.ts";
import { Store } from "./store.ts";

const log = getLogger(["operator", "leader-election"]);

/** A leader that has not renewed its lease for so long stops: 5 s before the lease runs out for the others. */
export const RENEW_DEADLINE_MS = 10_000;
/** How often a leader renews, and the shortest wait after an attempt that failed. */
export const RETRY_MS = 2_000;
/** A wait after a failure is up to so much of itself longer, lest candidates keep step. As in client-go. */
const JITTER = 1.2;
/** For one attempt, so that a connection that has died leaves time for another. */
const ATTEMPT_MS = RENEW_DEADLINE_MS / 2;
const RELEASE_MS = 3_000;

/** Something was about to be written without a lease that is sure to last until the write has ended. */
export class NotLeaderError extends Error {
  override readonly name = "NotLeaderError";
}

type State =
  /** Another candidate leads, or it isn't known who does. */
  | { kind: "standby" }
  /** The work is running, and the lease is renewed. */
  | { kind: "leading" }
  /** The work has been told to end, because the lease could not be renewed. */
  | { kind: "lost" }
  /** The work has ended, and the lease may still be this candidate's. */
  | { kind: "releasing" }
  | { kind: "ended" };

export interface LeaderElectorOptions {
  /** Without a guard of its own: a lease is taken by whoever doesn't lead yet. */
  client: KubeClient;
  /** Of the Lease. */
  namespace: string;
  name: string;
  /** Differs from every other candidate's, also from this one's before a restart; `hostname_uuid` by custom. */
  identity: string;
  clock: Clock;
  random?: () => number;
}

/** Runs something in one of several processes at a time: in the one that holds a Lease. */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #random: () => number;
  readonly #lock: LeaseLock;
  #state: State = { kind: "standby" };
  #informer: Informer<Lease> | undefined;
  /** Why the last attempt to take or renew the lease has failed. */
  #problem: string | undefined;
  #wake = () => {};

  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#lock = new LeaseLock(options);
  }

  isLeader(): boolean {
    return this.remainingMs() > 0;
  }

  /** For how long it is sure that nobody else leads, in milliseconds; 0 while this candidate doesn't. */
  remainingMs(): number {
    if (this.#state.kind !== "leading") return 0;
    return Math.max(0, this.#lock.heldUntil - this.#options.clock.monotonic());
  }

  /**
   * To be called before each write.
   *
   * @param timeoutMs when the write will have ended at the latest
   * @throws {NotLeaderError} if the lease might not last so long
   */
  guard(timeoutMs: number): void {
    const left = this.remainingMs();
    if (left > timeoutMs) return;
    const why = left === 0 ? "this process is not the leader" : `the lease lasts ${Math.round(left)} ms only`;
    throw new NotLeaderError(`Cannot write: ${why}, and a write may take ${Math.round(timeoutMs)} ms`);
  }

  /** Why this candidate does not lead and could not if it had to; `undefined` while nothing stands in its way. */
  problem(): string | undefined {
    if (this.isLeader()) return undefined;
    const isUnseen = this.#lock.holder === undefined;
    return isUnseen ? this.#informer?.status().error ?? "the lease has not been seen yet" : this.#problem;
  }

  /**
   * Leads whenever the lease is to be had, until `signal` is aborted or the work ends by itself. Then gives the lease back.
   *
   * @param options.onLeading the work. Its signal is aborted when `signal` is, or when the leadership is lost; in that case
   * it is called again once the lease has been taken again. The lease is kept until it has returned
   * @throws what `onLeading` throws, unless it was told to end
   */
  async run(options: { signal: AbortSignal; onLeading: (signal: AbortSignal) => Promise<void> }): Promise<void> {
    const { signal, onLeading } = options;
    while (this.#state.kind !== "ended") this.#state = await this.#next(this.#state, signal, onLeading);
  }

  async #next(state: State, signal: AbortSignal, onLeading: (signal: AbortSignal) => Promise<void>): Promise<State> {
    switch (state.kind) {
      case "standby":
        return await this.#standBy(signal);
      case "leading":
        return await this.#lead(signal, onLeading);
      case "lost":
        return { kind: "standby" };
      case "releasing":
        await this.#release();
        return { kind: "ended" };
      case "ended":
        return state;
    }
  }

  /** Waits for the lease, and takes it. The Lease is watched meanwhile, so that one given back is noticed at once. */
  async #standBy(signal: AbortSignal): Promise<State> {
    const { client, clock } = this.#options;
    const { path, query } = this.#lock;
    const store = new Store<Lease>();
    const informer = new Informer<Lease>({ client, path, query, store, clock, random: this.#random });
    this.#informer = informer;
    const observe = () => {
      this.#lock.observe(store.get(store.keys()[0] ?? ""));
      this.#wake();
    };
    store.onChange(observe);
    const ended = new AbortController();
    const watching = informer.run(ended.signal);
    informer.synced.then(observe);
    try {
      return await this.#untilTaken(signal);
    } finally {
      ended.abort();
      await watching;
    }
  }

  async #untilTaken(signal: AbortSignal): Promise<State> {
    let announced: string | undefined;
    let then: State = { kind: "ended" };
    while (!signal.aborted) {
      const waitMs = this.#lock.freeInMs();
      if (waitMs !== 0) {
        const { holder } = this.#lock;
        if (holder && holder !== announced) log.info("Standing by", { ...this.#names(), holder });
        announced = holder;
        this.#problem = undefined;
        await this.#changeOrTimeout(waitMs ?? LEASE_MS, signal);
        continue;
      }
      // The answer to an attempt may get lost.
      then = { kind: "releasing" };
      const outcome = await this.#take(ATTEMPT_MS);
      if (outcome === "held") return { kind: "leading" };
      if (outcome === "failed") await this.#pause(RETRY_MS * (1 + JITTER * this.#random()), signal);
    }
    return then;
  }

  /** Runs the work and renews the lease for as long as the work takes, whoever ends it. */
  async #lead(signal: AbortSignal, onLeading: (signal: AbortSignal) => Promise<void>): Promise<State> {
    if (signal.aborted) return { kind: "releasing" };
    log.info("Leading", this.#names());
    const work = new AbortController();
    const workEnded = new AbortController();
    const onAbort = () => work.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const working = onLeading(work.signal).catch((error) => {
      if (error !== work.signal.reason) throw error;
    }).finally(() => workEnded.abort());
    // Seen below, but only after the renewing has ended.
    working.catch(() => {});
    try {
      const lost = await this.#renewUntil(workEnded.signal);
      if (lost !== undefined) {
        this.#state = { kind: "lost" };
        log.warn("Lost the leadership", { ...this.#names(), reason: lost });
        work.abort(new NotLeaderError(`Lost the leadership: ${lost}`));
      }
      await working;
      return lost === undefined ? { kind: "releasing" } : this.#state;
    } catch (error) {
      await this.#release();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Returns when the work has ended, or with the reason once the lease has not been renewed for too long. */
  async #renewUntil(ended: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#options;
    let sentAt = this.#lock.heldUntil - LEASE_MS;
    while (true) {
      const stopAt = this.#lock.heldUntil - LEASE_MS + RENEW_DEADLINE_MS;
      await this.#pause(Math.min(sentAt + RETRY_MS, stopAt) - clock.monotonic(), ended);
      if (ended.aborted) return undefined;
      sentAt = clock.monotonic();
      if (sentAt >= stopAt) return this.#problem ?? "the lease was not renewed in time";
      const outcome = await this.#take(Math.min(ATTEMPT_MS, stopAt - sentAt));
      if (outcome === "another") return `'${this.#lock.holder}' holds the lease`;
    }
  }

  /** One attempt to take or renew the lease. Nothing but its own deadline ends it, so that no write is left on its way. */
  async #take(timeoutMs: number): Promise<"held" | "another" | "failed"> {
    using limit = deadline(this.#options.clock, timeoutMs);
    try {
      const isMine = await this.#lock.take(limit.signal);
      this.#problem = undefined;
      return isMine ? "held" : "another";
    } catch (error) {
      const problem = String(error instanceof Error ? error.message : error);
      if (problem !== this.#problem) log.warn("Cannot take or renew the lease", { ...this.#names(), error: problem });
      this.#problem = problem;
      return "failed";
    }
  }

  async #release(): Promise<void> {
    this.#state = { kind: "releasing" };
    using limit = deadline(this.#options.clock, RELEASE_MS);
    try {
      if (await this.#lock.release(limit.signal)) log.info("Gave the lease back", this.#names());
    } catch (error) {
      log.warn("Cannot give the lease back, so others wait until it runs out", { ...this.#names(), error });
    }
  }

  async #changeOrTimeout(ms: number, signal: AbortSignal): Promise<void> {
    const change = new AbortController();
    const wake = () => change.abort();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    await this.#pause(ms, change.signal);
    signal.removeEventListener("abort", wake);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(this.#options.clock, ms, signal);
    } catch {
      // Whoever waits looks why it has ended.
    }
  }

  #names() {
    const { namespace, name, identity } = this.#options;
    return { lease: `${namespace}/${name}`, identity };
  }
}
