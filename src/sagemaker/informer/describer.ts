import type { Clock } from "../../runtime/clock.ts";
import { isFinal, type LookResult } from "../sighting.ts";
import { failureOf, isThrottled, type LaneCalls, type Sending } from "./calls.ts";
import type { Entry } from "./entry.ts";
import type { Followed } from "./followed.ts";
import { Routine } from "./routine.ts";

const MAX_IN_FLIGHT = 10;
/** A job that SageMaker does not show is looked for this often. */
const ABSENT_MS = 15_000;
/** After a failure: twice as long each time. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
const FAILING = 3;
/** The same for what a list has left out, for which nobody waits. */
const MAX_DETAILS_PAUSE_MS = 5 * 60_000;
/** What is due so soon is due now, so that many pauses don't cost a pass each. */
const SLACK_MS = 500;

const TURNS_OF = ["unlisted", "all"] as const;
export type TurnsOf = typeof TURNS_OF[number];

export interface DescriberOptions {
  clock: Clock;
  calls: LaneCalls;
  followed: Followed;
  /** How long to wait between two jobs that are described because it is their turn: of all, and of those that are not listed. */
  turnMs: (from: TurnsOf) => number;
  /** Takes in what a call has shown. */
  onResult: (entry: Entry, sending: Sending, result: LookResult) => void;
}

/**
 * Describes jobs one by one: first those that somebody must know about, then whose turn it is, then those that are due for another
 * try, and behind all of them those that have ended and of which a list has left out a part.
 */
export class Describer {
  readonly #options: DescriberOptions;
  readonly #urgent = new Set<Entry>();
  readonly #retries = new Set<Entry>();
  readonly #details = new Set<Entry>();
  readonly #later = new Map<Entry, { dueAt: number; tries: number }>();
  /** On the monotonic clock; nothing in `#later` is due before it. */
  #laterDueAt = Infinity;
  readonly #inFlight = new Map<Entry, Promise<void>>();
  readonly #lastTurnAt: Record<TurnsOf, number> = { unlisted: 0, all: 0 };
  #failures = 0;
  /** On the monotonic clock; nothing is sent before it. */
  #notBefore = -Infinity;
  readonly #routine: Routine;

  constructor(options: DescriberOptions) {
    this.#options = options;
    this.#routine = new Routine(options.clock, (signal) => this.#step(signal));
  }

  start(signal: AbortSignal): void {
    this.#routine.start(signal);
  }

  async settled(): Promise<void> {
    await this.#routine.settled();
    await Promise.all(this.#inFlight.values());
  }

  /** Several calls in a row have failed, so it isn't about one job. */
  get isFailing(): boolean {
    return this.#failures >= FAILING;
  }

  /** Somebody follows a job again: its turn comes after a whole wait. */
  restartTurns(): void {
    for (const from of TURNS_OF) this.#lastTurnAt[from] = this.#options.clock.monotonic();
  }

  /** Considers anew what is to be done, since what `turnMs` says has changed. */
  wake(): void {
    this.#routine.wake();
  }

  urge(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#urgent.add(entry);
    this.wake();
  }

  /** Whether what lists leave out of all jobs that have ended is likely to be known within that time. */
  canCompleteWithin(ms: number): boolean {
    return this.#options.calls.canDescribeWithin(this.#details.size, ms);
  }

  complete(entry: Entry): void {
    if (this.#later.has(entry)) return;
    this.#details.add(entry);
    this.wake();
  }

  /** SageMaker does not show the job, which may still come. */
  revisit(entry: Entry): void {
    this.#schedule(entry, false);
    this.wake();
  }

  drop(entry: Entry): void {
    for (const each of [this.#urgent, this.#retries, this.#details, this.#later]) each.delete(entry);
  }

  /** Starts what may start, and says when there may be more. */
  #step(signal: AbortSignal): number {
    const { clock } = this.#options;
    const now = clock.monotonic();
    if (now < this.#notBefore) return this.#notBefore - now;
    this.#collectDue(now);
    // Where calls fail one at a time is enough to see whether they go on to.
    const limit = this.#failures > 0 ? 1 : MAX_IN_FLIGHT;
    while (this.#inFlight.size < limit) {
      const next = this.#next(now);
      if (typeof next === "number") return Math.min(next, this.#laterDueAt - now);
      this.#send(next, signal);
    }
    // The next answer goes on.
    return Infinity;
  }

  /** The job to be described now, or in how many milliseconds there may be one. */
  #next(now: number): Entry | number {
    const { calls } = this.#options;
    const urgent = this.#first(this.#urgent);
    const retry = this.#first(this.#retries);
    const untilTurn = this.#untilTurn(now);
    if (urgent !== undefined || retry !== undefined || untilTurn === 0) {
      const wait = calls.describeWaitMs({ background: false });
      if (wait > 0) return wait;
      const entry = urgent ?? (untilTurn === 0 ? this.#takeTurn(now) : undefined) ?? retry;
      if (entry !== undefined) {
        this.#urgent.delete(entry);
        this.#retries.delete(entry);
        return entry;
      }
    }
    const detail = this.#first(this.#details);
    const wait = detail === undefined ? Infinity : calls.describeWaitMs({ background: true });
    if (detail === undefined || wait > 0) return Math.min(wait, this.#untilTurn(now));
    this.#details.delete(detail);
    return detail;
  }

  #untilTurn(now: number): number {
    if (this.#options.followed.size === 0) return Infinity;
    return Math.min(...TURNS_OF.map((from) => Math.max(0, this.#lastTurnAt[from] + this.#options.turnMs(from) - now)));
  }

  #first(entries: Set<Entry>): Entry | undefined {
    return entries.values().find((entry) => !this.#inFlight.has(entry));
  }

  /** The job that was described longest ago, unless another try of it is due at another time anyway. */
  #takeTurn(now: number): Entry | undefined {
    const { followed, turnMs } = this.#options;
    for (const from of TURNS_OF) {
      if (this.#lastTurnAt[from] + turnMs(from) > now) continue;
      this.#lastTurnAt[from] = now;
      const entry = followed.takeTurn(from, (entry) => !this.#inFlight.has(entry) && !this.#later.has(entry));
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #collectDue(now: number): void {
    if (this.#laterDueAt > now) return;
    this.#laterDueAt = Infinity;
    for (const [entry, { dueAt }] of this.#later) {
      if (dueAt > now + SLACK_MS) {
        this.#laterDueAt = Math.min(this.#laterDueAt, dueAt);
      } else {
        this.#later.get(entry)!.dueAt = Infinity;
        (isFinal(entry.sighting.job) ? this.#details : this.#retries).add(entry);
      }
    }
  }

  #send(entry: Entry, signal: AbortSignal): void {
    const call = this.#describe(entry, signal).finally(() => {
      this.#inFlight.delete(entry);
      this.wake();
    });
    this.#inFlight.set(entry, call);
  }

  async #describe(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock, calls, followed, onResult } = this.#options;
    const sending = { sent: clock.monotonic(), sentAt: clock.now() };
    let result: LookResult;
    try {
      result = { job: await calls.describe(entry.ref.name, signal) };
      this.#failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      result = { failure: failureOf(error) };
      if (isThrottled(error)) return this.#again(entry, sending, result);
      this.#failures++;
      this.#notBefore = clock.monotonic() + pause(this.#failures, MAX_PAUSE_MS);
    }
    followed.moveBack(entry);
    onResult(entry, sending, result);
    this.#schedule(entry, "failure" in result);
  }

  /** Nothing was wrong with this call but that there were too many. */
  #again(entry: Entry, sending: Sending, result: LookResult): void {
    this.#options.onResult(entry, sending, result);
    if (this.#isWanted(entry)) (isFinal(entry.sighting.job) ? this.#details : this.#urgent).add(entry);
  }

  /** Has the job described again, if that did not tell enough. */
  #schedule(entry: Entry, isFailed: boolean): void {
    const { job, absent } = entry.sighting;
    const isIncomplete = job?.isSummary === true;
    const tries = (this.#later.get(entry)?.tries ?? 0) + 1;
    this.drop(entry);
    if (!this.#isWanted(entry) || !(isFailed || isIncomplete || absent)) return;
    const longest = isIncomplete ? MAX_DETAILS_PAUSE_MS : MAX_PAUSE_MS;
    const dueAt = this.#options.clock.monotonic() + (isFailed || isIncomplete ? pause(tries, longest) : ABSENT_MS);
    this.#later.set(entry, { dueAt, tries });
    this.#laterDueAt = Math.min(this.#laterDueAt, dueAt);
  }

  #isWanted(entry: Entry): boolean {
    const { job } = entry.sighting;
    return job?.isSummary ? entry.wantsDetails : this.#options.followed.has(entry);
  }
}

function pause(failures: number, longestMs: number): number {
  return Math.min(longestMs, FIRST_PAUSE_MS * 2 ** (failures - 1));
}
