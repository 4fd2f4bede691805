import type { Failure } from "../../api/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { Routine } from "./routine.ts";
import type { Teller } from "./teller.ts";

export interface HealthOptions {
  clock: Clock;
  stalenessMs: number;
  followed: Followed;
  teller: Teller;
}

/**
 * Whether anything can be seen at one place at present. Keys aren't told of each look that fails, but once nothing has been seen
 * for `stalenessMs`, and again when it can be seen: nobody else would look then.
 */
export class Health {
  /** Why the last look failed; absent if it did not. */
  failure: Failure | undefined;
  readonly #options: HealthOptions;
  readonly #routine: Routine;
  /** On the monotonic clock. */
  #okAt: number;
  #isBlind = false;
  /** Some keys were told that their jobs can't be seen. */
  #hasBlind = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#okAt = options.clock.monotonic();
    this.#routine = new Routine(options.clock, () => this.#check());
  }

  start(signal: AbortSignal): void {
    this.#routine.start(signal);
  }

  /** A look has succeeded, or nobody has tried before. */
  ok(): void {
    const { clock, followed, teller } = this.#options;
    this.failure = undefined;
    this.#okAt = clock.monotonic();
    if (!this.#isBlind) return;
    this.#isBlind = false;
    // Who has not been told yet of what is over need not be.
    for (const entry of followed.filter((entry) => teller.takeBack(entry))) entry.isBlind = false;
  }

  failed(failure: Failure): void {
    this.failure = failure;
    if (!this.#isBlind) this.#routine.wake(this.#untilBlind());
  }

  /** This one job, last looked at `lookedAt`, could not be seen, though others may be. Says whether that is to be told. */
  loseSight(entry: Entry, lookedAt: number): boolean {
    const { clock, stalenessMs } = this.#options;
    if (entry.isBlind || clock.monotonic() - lookedAt < stalenessMs) return false;
    return entry.isBlind = this.#hasBlind = true;
  }

  /** This one job has been seen. Says whether that is to be told. */
  regainSight(entry: Entry): boolean {
    const wasBlind = entry.isBlind;
    entry.isBlind = false;
    return wasBlind && !this.#options.teller.takeBack(entry);
  }

  /** All jobs have been seen. */
  allOk(): void {
    this.ok();
    if (!this.#hasBlind) return;
    this.#hasBlind = false;
    const { followed, teller } = this.#options;
    teller.gradually(followed.filter((entry) => this.regainSight(entry)));
  }

  #untilBlind(): number {
    return Math.max(0, this.#okAt + this.#options.stalenessMs - this.#options.clock.monotonic());
  }

  #check(): number {
    if (this.failure === undefined || this.#isBlind) return Infinity;
    const wait = this.#untilBlind();
    if (wait > 0) return wait;
    const { followed, teller } = this.#options;
    const entries = followed.filter(({ isBlind }) => !isBlind);
    for (const entry of entries) entry.isBlind = true;
    this.#isBlind = this.#hasBlind = true;
    teller.gradually(entries);
    return Infinity;
  }
}
