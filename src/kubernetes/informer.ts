import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../runtime/clock.ts";
import { Backoff } from "./backoff.ts";
import type { KubeClient, Query } from "./client.ts";
import { KubeError } from "./errors.ts";
import { isTooLarge } from "./errors.ts";
import {
  anotherHistory,
  cannotStream,
  endedAtOnce,
  type Fault,
  faultOf,
  type InformerStatus,
  REPORTED,
} from "./informer_faults.ts";
import { compareResourceVersions, type KubeObject } from "./objects.ts";
import type { Relist, Store } from "./store.ts";
import { endsInitialEvents, isInterruption, watch, WATCH_TIMES, type WatchEvent } from "./watch.ts";
export type { InformerStatus };

const log = getLogger(["operator", "informer"]);

/** Each page is in memory twice, as text and as objects. */
const PAGE_SIZE = 250;
/** A page that has more bytes than is read of an answer is asked for anew, with so many times fewer objects. */
const PAGE_SHRINKS_BY = 5;
const LIST_TIMEOUT_MS = 30_000;
/** How long a watch may stay open that begins with a list. */
const STREAM_SECONDS = 290;
/** A watch that ends sooner is a failure however it ended: it may do so for ever (kubernetes/kubernetes#104171). */
const SHORT_MS = 1000;
/** How often to look whether a missing resource type has been installed. */
const MISSING_RETRY_MS = 5000;
/** The API server answers 429 for a moment while it starts. What lasts longer is worth a warning. */
const THROTTLED_MS = 30_000;

/** Where the informer is in its cycle. */
type State<T> =
  /** Nothing is known, or what is known can't be trusted. */
  | { kind: "empty" }
  /** Some pages of a list have come, or none yet; for an API server that can't stream it. */
  | { kind: "listing"; relist: Relist<T>; continue: string | undefined; pageSize: number }
  /** Everything up to this version is known. */
  | { kind: "watching"; resourceVersion: string }
  /** Nothing is open until the time is over. */
  | { kind: "waiting"; ms: number; then: State<T> };

/**
 * Keeps a store equal to what the API server has under one path: by a watch that begins with all there is, or by a paged list,
 * then by watches, each from where the last one ended.
 *
 * It resumes at the last resourceVersion only after an ordinary end, a cut, silence or a 429. After everything else (410, no
 * answer, a 5xx) it lists again, because the API server that comes back may have another history: a watch from a version that
 * is still to come stays silent for ever, without an error.
 */
export class Informer<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #path: string;
  readonly #query: Query | undefined;
  readonly #missing: string | undefined;
  readonly #isOptional: boolean;
  readonly #store: Store<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backoff: Backoff;
  readonly #firstList = Promise.withResolvers<void>();
  readonly #firstOutcome = Promise.withResolvers<void>();
  #synced = false;
  #canStream = true;
  #status: InformerStatus = { state: "starting" };
  /** The failure that was logged last, until all is well again; each is logged once, not at every attempt. */
  #logged: string | undefined;
  /** When the first of the latest 429s in a row came; on the monotonic clock. */
  #throttledSince: number | undefined;

  /**
   * @param options.query what list and watch have in common, as `labelSelector`
   * @param options.isOptional its owner goes on without it, and tells of a refusal itself
   * @param options.missing what to tell while the API server doesn't know the resource type
   */
  constructor(
    options: {
      client: KubeClient;
      path: string;
      store: Store<T>;
      clock: Clock;
      query?: Query;
      missing?: string;
      isOptional?: boolean;
      random?: () => number;
    },
  ) {
    this.#missing = options.missing;
    this.#isOptional = options.isOptional ?? false;
    this.#client = options.client;
    this.#path = options.path;
    this.#query = options.query;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#backoff = new Backoff(this.#clock, this.#random);
  }

  /** Resolves when the store holds a first complete list; never rejects. */
  get synced(): Promise<void> {
    return this.#firstList.promise;
  }

  /** Resolves when the first list is complete or has failed; never rejects. */
  get settled(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  hasSynced(): boolean {
    return this.#synced;
  }

  status(): InformerStatus {
    return this.#status;
  }

  /** Runs until `signal` is aborted, whatever the API server does; opens nothing afterwards. */
  async run(signal: AbortSignal): Promise<void> {
    let state: State<T> = { kind: "empty" };
    while (!signal.aborted) {
      try {
        state = await this.#step(state, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async #step(state: State<T>, signal: AbortSignal): Promise<State<T>> {
    switch (state.kind) {
      case "empty":
        if (this.#canStream) return await this.#watch(undefined, signal);
        return { kind: "listing", relist: this.#store.relist(this), continue: undefined, pageSize: PAGE_SIZE };
      case "listing":
        return await this.#listPage(state, signal);
      case "watching":
        return await this.#watch(state.resourceVersion, signal);
      case "waiting":
        await sleep(this.#clock, state.ms, signal);
        return state.then;
    }
  }

  async #listPage(state: State<T> & { kind: "listing" }, signal: AbortSignal): Promise<State<T>> {
    const query = { ...this.#query, limit: state.pageSize, continue: state.continue };
    let page;
    try {
      page = await this.#client.list<T>(this.#path, { query, timeoutMs: LIST_TIMEOUT_MS, signal });
    } catch (error) {
      if (!isTooLarge(error) || state.pageSize === 1) return this.#recover(error, state);
      this.#contact("listing");
      return { ...state, pageSize: Math.ceil(state.pageSize / PAGE_SHRINKS_BY) };
    }
    this.#contact("listing");
    for (const object of page.items) state.relist.add(object);
    if (page.metadata.continue) return { ...state, continue: page.metadata.continue };
    this.#complete(state.relist);
    return { kind: "watching", resourceVersion: page.metadata.resourceVersion };
  }

  /** @param from the version up to which everything is known, if there is one */
  async #watch(from: string | undefined, signal: AbortSignal): Promise<State<T>> {
    const started = this.#clock.monotonic();
    const isShort = () => this.#clock.monotonic() - started < SHORT_MS;
    const relist = from === undefined ? this.#store.relist(this) : undefined;
    let seen = from;
    let open = false;
    const events = watch<T>(this.#client, this.#path, {
      resourceVersion: from,
      query: this.#query,
      ...WATCH_TIMES,
      // Streaming a long list takes its time, and a watch that ends before the list's end has to begin again.
      timeoutSeconds: Math.round((relist ? STREAM_SECONDS : WATCH_TIMES.timeoutSeconds) * (0.9 + 0.2 * this.#random())),
      clock: this.#clock,
      signal,
      onContact: () => {
        open = true;
        this.#contact(seen === undefined ? "listing" : "watching");
      },
    });
    try {
      for await (const event of events) {
        if (relist && seen === undefined) seen = this.#collect(event, relist);
        else seen = this.#follow(event, seen!);
      }
      if (isShort() || seen === undefined) throw endedAtOnce(this.#path);
    } catch (error) {
      if (from === undefined && cannotStream(error)) {
        this.#canStream = false;
        return { kind: "empty" };
      }
      const isCut = open && seen !== undefined && isInterruption(error);
      if (!isCut) return this.#recover(error, knownUpTo(seen));
      if (isShort()) return this.#recover(error, knownUpTo(seen), { resume: true });
    }
    return knownUpTo(seen);
  }

  /** Takes one of the events that stand for a list; gives the list's version once it is complete. */
  #collect(event: WatchEvent<T>, relist: Relist<T>): string | undefined {
    if (event.type === "DELETED") relist.remove(event.object);
    else if (event.type !== "BOOKMARK") relist.add(event.object);
    else if (endsInitialEvents(event)) {
      this.#complete(relist);
      this.#contact("watching");
      return event.object.metadata.resourceVersion;
    }
    return undefined;
  }

  /** Takes an event of what happened after the version `seen`; gives the version up to which everything is known now. */
  #follow(event: WatchEvent<T>, seen: string): string {
    const { resourceVersion } = event.object.metadata;
    const isBehind = compareResourceVersions(resourceVersion, seen) < 0;
    if (event.type === "BOOKMARK" && isBehind) throw anotherHistory(this.#path);
    if (event.type === "DELETED") this.#store.remove(event.object);
    else if (event.type !== "BOOKMARK") this.#store.apply(event.object, this);
    this.#allWell();
    return isBehind ? seen : resourceVersion;
  }

  #complete(relist: Relist<T>): void {
    relist.commit();
    this.#allWell();
    this.#synced = true;
    this.#firstList.resolve();
    this.#firstOutcome.resolve();
  }

  /** The one place that says what follows a failure. */
  #recover(error: unknown, state: State<T>, { resume } = { resume: false }): State<T> {
    if (!(error instanceof KubeError)) throw error;
    const fault = faultOf(error);
    const wait = fault === "missing" ? MISSING_RETRY_MS : this.#backoff.next();
    const ms = Math.max(wait, error.retryAfterMs ?? 0);
    const text = fault === "missing" && this.#missing !== undefined ? this.#missing : error.message;
    this.#status = { ...this.#status, state: REPORTED[fault], error: text };
    this.#firstOutcome.resolve();
    if (this.#logged !== text && !this.#isExpected(fault)) {
      this.#logged = text;
      log.warn("Cannot observe the cluster, trying again", { path: this.#path, error: text, retryInMs: ms });
    }
    const then: State<T> = resume || fault === "throttled" ? state : { kind: "empty" };
    return { kind: "waiting", ms, then };
  }

  /** Whether a failure is no reason for a warning, or not yet. */
  #isExpected(fault: Fault): boolean {
    if (fault !== "throttled") return this.#isOptional && REPORTED[fault] === "denied";
    const now = this.#clock.monotonic();
    this.#throttledSince ??= now;
    return now - this.#throttledSince < THROTTLED_MS;
  }

  #contact(state: "listing" | "watching"): void {
    this.#status = { state, lastContact: this.#clock.monotonic() };
    this.#throttledSince = undefined;
  }

  #allWell(): void {
    if (this.#logged === undefined) return;
    this.#logged = undefined;
    log.info("Observing the cluster again", { path: this.#path });
  }
}

function knownUpTo<T>(resourceVersion: string | undefined): State<T> {
  return resourceVersion === undefined ? { kind: "empty" } : { kind: "watching", resourceVersion };
}
