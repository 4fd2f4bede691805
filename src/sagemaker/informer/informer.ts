import { type Job, type JobRef, SageMakerError, type Sighting, type Site, siteKey } from "../../api/job.ts";
import { Entry } from "./entry.ts";
import { IdleMap } from "../idle_map.ts";
import { type FollowOptions, Lane, type LaneOptions } from "./lane.ts";
import type { LookResult } from "../sighting.ts";

export interface JobInformerOptions extends LaneOptions {
  /** Told of a key when polls brought news of its job; whoever looks or records knows already. */
  onChange: (key: string) => void;
}

/**
 * SageMaker's jobs as something that can be watched: follows each job until it ends, and tells of news. What that costs does not
 * grow with how many jobs there are, as long as one list a second shows them: see `Lists`. What lists miss for whatever reason
 * Describes find.
 *
 * A key is a resource's; it stands for one job at a time. A job that has ended is kept until it is forgotten.
 */
export class JobInformer {
  readonly #options: JobInformerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #lanes: IdleMap<Lane>;
  /** Of lanes that were dropped, whose last calls have not ended yet. */
  readonly #ending = new Set<Promise<void>>();
  #running: AbortSignal | undefined;

  constructor(options: JobInformerOptions) {
    this.#options = options;
    this.#lanes = new IdleMap(options.clock);
  }

  /** How many keys and sites something is remembered of. */
  get size(): number {
    return this.#entries.size + this.#lanes.size;
  }

  /** Ends the polls of sites that no key stands for a job of any more. */
  dropIdle(): void {
    for (const lane of this.#lanes.dropIdle((lane) => lane.size > 0)) {
      lane.stop();
      const ending = lane.settled().finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
    }
  }

  /**
   * Looks at the job from now on until it ends or is forgotten. If it is followed already this changes `details` alone.
   */
  watch(key: string, ref: JobRef, options: FollowOptions): void {
    const entry = this.#entry(key, ref);
    this.#lane(ref).follow(entry, options);
  }

  /** Drops everything about `key`. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#lane(entry.ref).forget(entry);
  }

  /** What is known of the job that `ref` names; `undefined` if nothing is. */
  get(key: string, ref: JobRef): Sighting | undefined {
    const entry = this.#entries.get(key);
    return entry && isSame(entry.ref, ref) ? this.#lane(ref).sighting(entry) : undefined;
  }

  /**
   * Looks at the job now. A failed look is part of what is known, so it is not thrown.
   *
   * @throws `signal`'s reason once it is aborted
   */
  async look(key: string, ref: JobRef, signal?: AbortSignal): Promise<Sighting> {
    const { clock, sageMakerFor } = this.#options;
    const entry = this.#entry(key, ref);
    const sending = { sent: clock.monotonic(), sentAt: clock.now() };
    let result: LookResult;
    try {
      result = { job: await sageMakerFor(ref).describe(ref.name, signal) };
    } catch (error) {
      if (!(error instanceof SageMakerError)) throw error;
      result = { failure: error.failure };
    }
    this.#lane(ref).take(entry, sending, result);
    return entry.sighting;
  }

  /** Takes in what a create answered. `sentAt` is when it was sent, in milliseconds since the epoch. */
  record(key: string, ref: JobRef, job: Job, sentAt: number): Sighting {
    const entry = this.#entry(key, ref);
    this.#lane(ref).takeCreated(entry, job, sentAt);
    return entry.sighting;
  }

  /**
   * How long ago, in milliseconds, that job was looked at last that nobody has looked at longest, plus how far SageMaker's lists
   * are known to be behind: what happened before has been seen. `undefined` while no job is followed.
   */
  oldestLookMs(): number | undefined {
    const looks = [...this.#lanes.values()].map((lane) => lane.oldestLookMs()).filter((ms) => ms !== undefined);
    return looks.reduce<number | undefined>((oldest, ms) => Math.max(oldest ?? 0, ms), undefined);
  }

  /** Polls until `signal` is aborted; calls under way have ended when this returns. */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = signal;
    for (const lane of this.#lanes.values()) lane.start();
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (const lane of this.#lanes.values()) lane.stop();
    await Promise.all([...[...this.#lanes.values()].map((lane) => lane.settled()), ...this.#ending]);
  }

  #entry(key: string, ref: JobRef): Entry {
    const known = this.#entries.get(key);
    if (known && isSame(known.ref, ref)) return known;
    this.forget(key);
    const entry = new Entry(key, ref);
    this.#entries.set(key, entry);
    this.#lane(ref).add();
    return entry;
  }

  #lane({ region, endpoint, account }: Site): Lane {
    const site = { region, endpoint, account };
    return this.#lanes.of(siteKey(site), () => {
      const { onChange } = this.#options;
      // A key that was forgotten, or stands for another job by now, is told of nothing.
      const tell = (entry: Entry) => this.#entries.get(entry.key) === entry && onChange(entry.key);
      const lane = new Lane(site, tell, this.#options);
      if (this.#running && !this.#running.aborted) lane.start();
      return lane;
    });
  }
}

function isSame(a: JobRef, b: JobRef): boolean {
  return a.name === b.name && siteKey(a) === siteKey(b);
}
