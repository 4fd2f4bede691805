import type { Failure } from "../api/job.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Arrival } from "./arrivals.ts";
import { CallBudgets } from "./budget.ts";
import { BudgetLine } from "./budget_line.ts";
import { CallSlots, SLOT_WAIT_MS } from "./call_slots.ts";
import { Place } from "./gate_place.ts";
import { IdleMap } from "./idle_map.ts";
import {
  BUSY,
  type Call,
  effortOf,
  nameOf,
  placeOf,
  type Scope,
  scopeOf,
  verdictOn,
  waiting,
  waitingForTurn,
} from "./gate_rules.ts";
import { type Line, WaitingLines } from "./waiting_lines.ts";

export type { Call };

/** Those who are not next ask again after this long, give or take a fifth, should they not be released before. */
const SAFETY_MS = 5 * 60_000;
/** A shorter wait than this is not worth a word, or a write. */
const BRIEF_MS = 2_000;
/** Who waits without a word asks again after this long. */
const LONGEST_BRIEF_MS = 10_000;

export type Admission = { go: true } | {
  go: false;
  /** When to ask again, in milliseconds; the key is also released before that if its turn comes earlier. */
  waitMs: number;
  /** Why it waits: its own last failure, or that of those which it waits behind. */
  failure: Failure;
  /** It waits for a moment, or for others to end, with nothing wrong: nobody needs to be told. */
  isBrief: boolean;
};

export interface CallGateOptions {
  clock: Clock;
  /** Told of a key that should ask again now; must not ask before it returns. */
  onRelease: (key: string) => void;
  /** How fast each operation may be called; shared with those who call without a gate. @default {new CallBudgets()} */
  budgets?: CallBudgets;
  /** How many calls of one operation, in one region at one endpoint, may be under way. @default {Infinity} */
  mostUnderWay?: number;
  /** How many calls may be under way in all, of which those that hang take a part. @default {Infinity} */
  workers?: number;
  /** From 0 to below 1. @default {Math.random} */
  random?: () => number;
}

/** Who is in some line or has a call under way. */
interface Asker {
  arrival: Arrival;
  /** The names of the lines that it is in. */
  lines: Set<string>;
  /** Where it waits for the budget, or has a call under way. */
  place?: Place;
  /** What is shown while it waits for the budget; it stays the same, so that it is written once. */
  turn?: Failure;
  /** A person asked for the call under way. */
  isAskedFor?: boolean;
}

/**
 * Decides whether a call is sent now or later, so that a thousand resources whose calls fail for one reason cost little more than
 * one. A call goes at once unless it is known that calls like it fail; then its resource waits in a line:
 *
 * - no credentials, an outage: the line of the operation. It rests for a jittered, doubling pause (0.5 s to 30 s; a minute for
 *   credentials, five where a person must act), then tries one, then ever more at once, up to 8;
 * - role refused: the line of the operation and role. Others with that role are tried one by one as the budget allows, since a
 *   policy may refuse one and not the next. Each is tried again after a minute (a new role) or five (a person must act). A success
 *   releases the others. Other roles never wait for it;
 * - quota: the line of the quota that SageMaker names, else that of the instance type. Every 50 s who is next is tried, and if
 *   refused, one other. Success releases the rest, one at a time, in order. A refusal never holds back a smaller request;
 * - a request that is larger than the whole quota: a line of its own for those, in which each is
 *   tried every five minutes, one at a time, within the budget of retries;
 * - anything else that is to be tried again slowly: the resource by itself;
 * - throttled: the operation's `CallBudget`. It also bounds how many calls are under way at once, so that
 *   calls of one operation that hang leave room for those of the others.
 *
 * Calls that hang are bounded besides, whatever they are about: see `CallSlots`.
 *
 * In each of these tenants take turns, and of one tenant who came first goes first.
 *
 * The second and the fourth share a budget of retries for each operation, region and endpoint: 15 calls a minute. So failing calls
 * of one operation are, in any minute, those that were under way when the first failure arrived (at most as many as there are
 * workers), or 15, whichever is more; beyond that 2 for each instance type, and first calls with roles not seen refused.
 *
 * It keeps the keys that wait, and no timers. A key must `leave` when its resource is gone or needs no call any more.
 */
export class CallGate {
  readonly #clock: Clock;
  readonly #onRelease: (key: string) => void;
  readonly #budgets: CallBudgets;
  readonly #mostUnderWay: number;
  readonly #random: () => number;
  readonly #slots: CallSlots;
  readonly #lines: WaitingLines;
  /** By operation and site. */
  readonly #places: IdleMap<Place>;
  readonly #askers = new Map<string, Asker>();
  #arrived = 0;
  /** Keys to be released at the end of the method under way. */
  readonly #called = new Set<string>();

  constructor(
    {
      clock,
      onRelease,
      random = Math.random,
      budgets = new CallBudgets({ clock, random }),
      mostUnderWay = Infinity,
      workers = Infinity,
    }: CallGateOptions,
  ) {
    this.#slots = new CallSlots(workers);
    this.#clock = clock;
    this.#onRelease = onRelease;
    this.#budgets = budgets;
    this.#places = new IdleMap(clock);
    this.#mostUnderWay = mostUnderWay;
    this.#random = random;
    this.#lines = new WaitingLines((key) => this.#called.add(key), random);
  }

  /** How many keys wait or have a call under way. */
  get size(): number {
    return this.#askers.size + this.#slots.size;
  }

  /** How many operations at sites something is remembered of, and how many lines there are. */
  get places(): number {
    return this.#places.size + this.#lines.size;
  }

  /** Forgets the places where no key waits and that no call went to lately. */
  dropIdle(): void {
    this.#slots.dropIdle(this.#clock.monotonic());
    this.#places.dropIdle(({ line }) => !line.isIdle);
  }

  /**
   * Whether the call of `key` may be sent now. If so, `report` must be called with its outcome, or `leave`, on every way out. A key
   * has one call at a time: it no longer waits for any other.
   *
   * @param options.isAskedFor a person asks for the call: it doesn't wait for others like it that have failed. It keeps to the rate of
   * its operation, to its tenant's turn and, in an outage, to one call in ten seconds of all that were asked for
   */
  admit(key: string, call: Call, { isAskedFor = false }: { isAskedFor?: boolean } = {}): Admission {
    const now = this.#clock.monotonic();
    if (!this.#slots.mayBegin(key, call, now)) {
      return { go: false, waitMs: SLOT_WAIT_MS, failure: waiting(BUSY, "budget", call), isBrief: true };
    }
    const { place, lines, refusal } = this.#ask(key, call, isAskedFor, now);
    if (refusal) return refusal;
    // Counted from here on: of two that came at once, the one that is refused first need not have come first.
    const asker = this.#asker(key, call);
    for (const [, line] of lines) line.begin(key, now);
    asker.place = place;
    asker.isAskedFor = isAskedFor;
    place.line.begin(key, now);
    this.#slots.begin(key, call, now);
    this.#release(key);
    return { go: true };
  }

  #ask(
    key: string,
    call: Call,
    isAskedFor: boolean,
    now: number,
  ): { place: Place; lines: Line[]; refusal?: Admission | undefined } {
    const all = this.#lines.toPass(key, call);
    const lines = isAskedFor ? all.filter(([, line, scope]) => scope === "operation" && !line.mayBeProbed(now)) : all;
    const place = this.#place(call);
    this.#leaveAllBut(key, all.map(([name]) => name), place, now);
    // While an operation rests no other turn is of use, and what is shown stays the same.
    const resting = lines.find(([, line, scope]) => scope === "operation" && line.isResting(now));
    for (const [name, line, scope] of resting ? [resting] : lines) {
      const asker = this.#asker(key, call);
      asker.lines.add(name);
      const waitMs = line.ask(key, asker.arrival, now);
      if (waitMs === 0) continue;
      const { failure, own } = line.failureFor(key);
      // A pause of the operation is short: who is next elsewhere stays so. Other lines go on with those who can go.
      this.#leaveAllBut(key, scope === "operation" ? [...asker.lines] : [name], undefined, now);
      this.#settle(key, now);
      const why = own ? failure : waiting(failure, scope, call);
      return { place, lines, refusal: { go: false, waitMs: waitMs ?? this.#safetyMs(), failure: why, isBrief: false } };
    }
    const asker = this.#askers.get(key) ?? this.#newAsker(call);
    const turnMs = place.line.ask(key, asker.arrival, now);
    if (turnMs === 0) return { place, lines };
    asker.place = place;
    this.#askers.set(key, asker);
    const behind = place.line.failureFor(key);
    const isBrief = behind === undefined || turnMs < BRIEF_MS;
    const waitMs = isBrief ? Math.min(turnMs, LONGEST_BRIEF_MS) : Math.min(turnMs, this.#safetyMs());
    const failure = behind ? this.#turnOf(asker, behind, call, place) : waiting(BUSY, "budget", call);
    this.#settle(key, now);
    return { place, lines, refusal: { go: false, waitMs, failure, isBrief } };
  }

  /**
   * Takes in how the call of `key` ended that was admitted. Gives when to ask again, in milliseconds, where the key now waits
   * for its turn; nothing where it doesn't, be it that the call succeeded or that its failure is no matter of others.
   */
  report(key: string, call: Call, outcome: "ok" | Failure): number | undefined {
    const now = this.#clock.monotonic();
    const place = this.#place(call);
    this.#endSlot(key);
    place.line.ended(key, effortOf(outcome), now);
    const isOut = place.isOutAfter(outcome, this.#lines.get(nameOf("operation", "", call)) !== undefined);
    const scope = outcome === "ok" ? undefined : scopeOf(outcome, isOut);
    for (const [, line, of] of this.#lines.of(key, call)) {
      if (of === scope || !line.has(key)) continue;
      const verdict = verdictOn(of, outcome);
      line[verdict](key, now);
    }
    const waitMs = outcome === "ok" || scope === undefined ? undefined : this.#waitIn(scope, key, call, outcome, now);
    this.#settle(key, now);
    return waitMs;
  }

  /** What is to be shown of `key` while it waits for its turn at the rate that SageMaker accepts; `undefined` where it doesn't. */
  waitingFor(key: string, call: Call): Failure | undefined {
    const asker = this.#askers.get(key);
    const behind = asker?.place?.line.failureFor(key);
    return asker?.place && behind && this.#turnOf(asker, behind, call, asker.place);
  }

  #turnOf(asker: Asker, behind: Failure, call: Call, { line }: Place): Failure {
    return asker.turn ??= waitingForTurn(behind, call, line.budget.limitPerSecond ?? line.budget.perSecond);
  }

  /** Drops everything about `key`; whose turn comes by that is released. */
  leave(key: string): void {
    const isReleased = this.#endSlot(key);
    if (!this.#askers.has(key)) return isReleased ? this.#release(key) : undefined;
    const now = this.#clock.monotonic();
    this.#leaveAllBut(key, [], undefined, now);
    this.#settle(key, now);
  }

  #waitIn(scope: Scope | "budget", key: string, call: Call, outcome: Failure, now: number): number {
    const failure = { ...outcome, tenant: call.tenant ?? "" };
    const asker = this.#asker(key, call);
    if (scope === "budget") {
      asker.place = this.#place(call);
      return Math.min(asker.place.line.throttled(key, asker.arrival, failure, now), this.#safetyMs());
    }
    const [name, line] = this.#lines.make(scope, key, call, this.#place(call).retries, failure, now);
    asker.lines.add(name);
    const isFree = asker.isAskedFor === true;
    line.failed(key, asker.arrival, failure, now, { size: this.#lines.sizeOf(name, call), isFree });
    return line.ask(key, asker.arrival, now) ?? this.#safetyMs();
  }

  #leaveAllBut(key: string, names: string[], place: Place | undefined, now: number): void {
    const asker = this.#askers.get(key);
    if (asker === undefined) return;
    for (const name of asker.lines) if (!names.includes(name)) this.#leaveLine(key, asker, name, now);
    if (asker.place !== place) asker.place?.line.leave(key, now);
  }

  #leaveLine(key: string, asker: Asker, name: string, now: number): void {
    this.#lines.leave(key, name, now);
    asker.lines.delete(name);
  }

  /** Ends every public method: forgets `key` where it does not wait, and goes on with the others. */
  #settle(key: string, now: number): void {
    const asker = this.#askers.get(key);
    if (asker) {
      for (const name of asker.lines) if (!this.#lines.has(key, name)) this.#leaveLine(key, asker, name, now);
      if (asker.lines.size === 0 && !asker.place?.line.has(key)) this.#askers.delete(key);
    }
    this.#release(key);
  }

  /** The call of `key` hangs no longer; says whether that makes room for another. */
  #endSlot(key: string): boolean {
    const next = this.#slots.end(key, this.#clock.monotonic());
    if (next !== undefined) this.#called.add(next);
    return next !== undefined;
  }

  /** Releases those whose turn has come, all but `key`, who is just being told. */
  #release(key: string): void {
    const called = [...this.#called];
    this.#called.clear();
    for (const other of called) if (other !== key) this.#onRelease(other);
  }

  #safetyMs(): number {
    return SAFETY_MS * (0.8 + 0.4 * this.#random());
  }

  #asker(key: string, call: Call): Asker {
    let asker = this.#askers.get(key);
    if (asker === undefined) this.#askers.set(key, asker = this.#newAsker(call));
    return asker;
  }

  #newAsker({ createdAt, tenant = "" }: Call): Asker {
    return { arrival: { since: createdAt, number: this.#arrived++, tenant }, lines: new Set() };
  }

  #place(call: Call): Place {
    // Asked for each time, so that the budget lives for as long as its line.
    const budget = this.#budgets.of(call);
    return this.#places.of(placeOf(call), () => {
      return new Place(new BudgetLine(budget, this.#mostUnderWay, (key) => this.#called.add(key)));
    });
  }
}
