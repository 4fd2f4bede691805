import { getLogger } from "@logtape/logtape";
import { type Failure, type Job, type JobRef, SageMakerError, type Sighting } from "../api/job.ts";
import type { Clock } from "../runtime/clock.ts";
import type { SageMakerFor } from "./client.ts";
import { isFinal, isNews, type LookResult, nextSighting } from "./sighting.ts";

export interface JobInformerOptions {
  sageMakerFor: SageMakerFor;
  clock: Clock;
  /** How often each job is looked at, in milliseconds. */
  pollIntervalMs: number;
  /** Told when a poll brought news of a key; whoever looks or records knows already. */
  onChange: (key: string) => void;
  /** From 0 to below 1; spreads the first looks. @default {Math.random} */
  random?: () => number;
}

/** Calls under way at once in one region, so that a region that does not answer takes nothing from the others. */
const MAX_IN_FLIGHT = 10;
/** The longest pause after failures. */
const MAX_BACKOFF_MS = 60_000;

const log = getLogger(["operator", "sagemaker-informer"]);

/** What is known of one job, and when it is looked at next. */
interface Entry {
  readonly key: string;
  readonly ref: JobRef;
  sighting: Sighting;
  /** On the monotonic clock; what was sent before says nothing new. */
  asOf: number;
  /** On the monotonic clock; absent while nobody follows the job or it has ended. */
  dueAt?: number;
  inFlight: boolean;
  failures: number;
}

/** The calls to one region at one endpoint. */
interface Lane {
  inFlight: number;
  throttles: number;
  /** On the monotonic clock; no poll before it. */
  notBefore: number;
}

/**
 * SageMaker's jobs as something that can be watched: looks at each followed job every `pollIntervalMs` and tells of news.
 * A key is a resource's; it stands for one job at a time. A job that has ended is kept but not looked at again.
 */
export class JobInformer {
  readonly #options: JobInformerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #lanes = new Map<string, Lane>();
  #running: AbortSignal | undefined;
  #cancelTimer: (() => void) | undefined;
  readonly #polls = new Set<Promise<void>>();

  constructor(options: JobInformerOptions) {
    this.#options = options;
  }

  /** Looks at the job from now on until it ends or is forgotten. Changes nothing if it is followed already. */
  watch(key: string, ref: JobRef): void {
    const entry = this.#entry(key, ref);
    if (entry.dueAt !== undefined || isFinal(entry.sighting.job)) return;
    const { pollIntervalMs, random = Math.random } = this.#options;
    // A job just seen waits a whole interval, one that nobody has seen a part of one, so that many spread over it.
    const wait = entry.sighting.seenAt === undefined ? pollIntervalMs * random() : pollIntervalMs;
    this.#schedule(entry, wait);
    this.#pump();
  }

  /** Drops everything about `key`. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  /** What is known of the job that `ref` names; `undefined` if nothing is. */
  get(key: string, ref: JobRef): Sighting | undefined {
    const entry = this.#entries.get(key);
    return entry && isSame(entry.ref, ref) ? entry.sighting : undefined;
  }

  /**
   * Looks at the job now. A failed look is part of what is known, so it is not thrown.
   *
   * @throws `signal`'s reason once it is aborted
   */
  async look(key: string, ref: JobRef, signal?: AbortSignal): Promise<Sighting> {
    const entry = this.#entry(key, ref);
    await this.#look(entry, signal);
    return entry.sighting;
  }

  /** Takes in what a create or a stop answered. `sentAt` is when it was sent, in milliseconds since the epoch. */
  record(key: string, ref: JobRef, job: Job, sentAt: number): Sighting {
    const entry = this.#entry(key, ref);
    // A look that is still on its way was sent before this was known, so it must not win.
    this.#apply(entry, this.#options.clock.monotonic(), sentAt, { job });
    return entry.sighting;
  }

  /** Polls until `signal` is aborted; calls under way have ended when this returns. */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = signal;
    this.#pump();
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    this.#cancelTimer?.();
    await Promise.allSettled(this.#polls);
  }

  #entry(key: string, ref: JobRef): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined || !isSame(entry.ref, ref)) {
      entry = { key, ref, sighting: {}, asOf: -Infinity, inFlight: false, failures: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #schedule(entry: Entry, ms: number): void {
    entry.dueAt = this.#options.clock.monotonic() + ms;
  }

  /** Starts what is due as far as the lanes allow, then sets the one timer to the next that isn't. */
  #pump(): void {
    if (this.#running === undefined || this.#running.aborted) return;
    const { clock } = this.#options;
    const now = clock.monotonic();
    const due: Entry[] = [];
    let next = Infinity;
    for (const entry of this.#entries.values()) {
      if (entry.dueAt === undefined || entry.inFlight) continue;
      const dueAt = Math.max(entry.dueAt, this.#lane(entry.ref).notBefore);
      if (dueAt <= now) due.push(entry);
      else next = Math.min(next, dueAt);
    }
    due.sort((a, b) => a.dueAt! - b.dueAt!);
    for (const entry of due) {
      // What finds its lane full is found again when the lane's next answer comes. A throttled lane is tried one by one.
      const { inFlight, throttles } = this.#lane(entry.ref);
      if (inFlight < (throttles > 0 ? 1 : MAX_IN_FLIGHT)) this.#poll(entry, this.#running);
    }
    this.#cancelTimer?.();
    this.#cancelTimer = next === Infinity ? undefined : clock.setTimer(next - now, () => this.#pump());
  }

  #poll(entry: Entry, signal: AbortSignal): void {
    const lane = this.#lane(entry.ref);
    entry.inFlight = true;
    lane.inFlight++;
    const poll = this.#look(entry, signal).then((news) => {
      // A key that was forgotten, or stands for another job by now, is told of nothing.
      if (news && this.#entries.get(entry.key) === entry) this.#options.onChange(entry.key);
    }).catch((error) => {
      if (!signal.aborted) log.error("Cannot look at the processing job", { job: entry.ref.name, error });
    }).finally(() => {
      entry.inFlight = false;
      lane.inFlight--;
      this.#polls.delete(poll);
      this.#pump();
    });
    this.#polls.add(poll);
  }

  /** Whether the look brought news. */
  async #look(entry: Entry, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock, sageMakerFor } = this.#options;
    const { ref } = entry;
    const [sent, sentAt] = [clock.monotonic(), clock.now()];
    let result: LookResult;
    try {
      result = { job: await sageMakerFor(ref.region, ref.endpoint).describe(ref.name, signal) };
    } catch (error) {
      // Also what isn't SageMaker's must not be asked for again at once.
      this.#backOff(entry, error instanceof SageMakerError ? error.failure : undefined);
      if (!(error instanceof SageMakerError)) throw error;
      result = { failure: error.failure };
    }
    if (!("failure" in result)) this.#backOff(entry);
    return this.#apply(entry, sent, sentAt, result);
  }

  /** Sets the pauses of the job and, where SageMaker throttles, of everything in its region. */
  #backOff(entry: Entry, failure?: Failure): void {
    const { clock, pollIntervalMs } = this.#options;
    const lane = this.#lane(entry.ref);
    entry.failures = failure ? entry.failures + 1 : 0;
    if (failure?.reason === "Throttled") {
      // Calls that were under way together are throttled together: that counts once.
      if (clock.monotonic() >= lane.notBefore) lane.throttles++;
      lane.notBefore = clock.monotonic() + backoff(pollIntervalMs, lane.throttles);
    } else if (!failure) {
      lane.throttles = 0;
    }
    if (entry.dueAt !== undefined) this.#schedule(entry, backoff(pollIntervalMs, entry.failures));
  }

  #apply(entry: Entry, sent: number, sentAt: number, result: LookResult): boolean {
    if (sent < entry.asOf) return false;
    const before = entry.sighting;
    entry.asOf = sent;
    entry.sighting = nextSighting(before, sentAt, result);
    if (isFinal(entry.sighting.job)) delete entry.dueAt;
    return isNews(before, entry.sighting);
  }

  #lane({ region, endpoint = "" }: JobRef): Lane {
    const name = `${region} ${endpoint}`;
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { inFlight: 0, throttles: 0, notBefore: -Infinity };
      this.#lanes.set(name, lane);
    }
    return lane;
  }
}

function isSame(a: JobRef, b: JobRef): boolean {
  return a.name === b.name && a.region === b.region && a.endpoint === b.endpoint;
}

function backoff(intervalMs: number, failures: number): number {
  return failures === 0 ? intervalMs : Math.max(intervalMs, Math.min(MAX_BACKOFF_MS, intervalMs * 2 ** failures));
}
