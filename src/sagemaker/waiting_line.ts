import type { Failure } from "../api/job.ts";
import { type Arrival, ByTurn } from "./arrivals.ts";
import type { RetryBudget } from "./retry_budget.ts";

/** Who has a turn and does not come for it within this time loses it: nobody behind may wait for what has gone. */
const COMES_WITHIN_MS = 30_000;
/** A call that was begun and never reported counts as over; all its attempts together take less. */
const ENDS_WITHIN_MS = 60_000;
/** Calls out of turn come so long after each other. */
const PROBE_AGAIN_MS = 10_000;

/** How a line is served. Times are milliseconds. */
export interface LineRule {
  /** How many may be under way at once after successes; it starts with one and grows by one with each. */
  width: number;
  /** This many failures in a row close the line. */
  strikes: number;
  /** Who came first is tried first. Otherwise who was refused least, so that each has its try. */
  inOrder: boolean;
  /** Tenants take turns; otherwise only the arrival counts. */
  isFair: boolean;
  /** Where there is one, all tries of a closed line, and all second tries, take their moment from it. */
  budget?: RetryBudget;
  /** How long nobody is tried once the line has closed, for the `closings`th time without much success in between. */
  restMs: (failure: Failure, closings: number) => number;
  /** How long the one who failed is not tried again. */
  againMs: (failure: Failure) => number;
}

interface Member {
  readonly key: string;
  readonly arrival: Arrival;
  /** How often refused since the line was last released. */
  failures: number;
  failedAt: number;
  notBefore: number;
  /** Its own last failure. */
  failure?: Failure;
  /** It did not come for its turn, and gets no other before it asks. */
  missed?: boolean;
}

interface Turn {
  at: number;
  expiresAt: number;
  paced: boolean;
  /** The line's epoch in which the call was begun; absent before that. */
  begunIn?: number;
}

/**
 * Those whose calls fail for a reason that they share. While it is closed one is tried now and then; success releases the rest
 * one after another, each by the success of one before it. The line has no timers: who has a turn is told when to come, or is
 * called. All moments are those of one monotonic clock.
 */
export class WaitingLine {
  readonly #rule: LineRule;
  readonly #call: (key: string) => void;
  readonly #members: ByTurn<Member>;
  readonly #turns = new Map<string, Turn>();
  /** Counts closings: a failure of what was begun before the last closes nothing. */
  #epoch = 0;
  #closings = 0;
  #failure: Failure;
  #restUntil = -Infinity;
  #released = false;
  #width = 1;
  #strikes = 0;
  /** When the first try since the last closing was begun. */
  #roundSince: number | undefined;
  /** The budget's moment for the next try, whoever's it is. */
  #slot: number | undefined;
  /** Requests smaller than this are not held back: a refusal says nothing about a smaller request. */
  #smallestRefused: number;
  /** The smallest request that was refused since the last closing. */
  #smallestOfRound = Infinity;
  #probedAt = -Infinity;

  /**
   * @param call told of each key that has got a turn, now or soon, since it last asked
   * @param size of the request that was refused; where size does not matter, 0
   */
  constructor(rule: LineRule, failure: Failure, now: number, call: (key: string) => void, size = 0) {
    this.#rule = rule;
    this.#members = new ByTurn(rule.isFair);
    this.#call = call;
    this.#failure = failure;
    this.#smallestRefused = size;
    this.#close(failure, now);
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Nobody has succeeded since the last failures. */
  get isClosed(): boolean {
    return !this.#released;
  }

  /** Whether the line is closed and no key is tried for a while. */
  isResting(now: number): boolean {
    return !this.#released && this.#restUntil > now;
  }

  /** Whether a call out of turn may find out if the line's reason has passed; it is then taken to be sent. */
  mayBeProbed(now: number): boolean {
    if (now - this.#probedAt < PROBE_AGAIN_MS) return false;
    this.#probedAt = now;
    return true;
  }

  /** Whether `key` waits here, or has its turn. */
  has(key: string): boolean {
    return this.#members.get(key) !== undefined;
  }

  /** Whether a request of that size has to wait here: one of `key`, if it waits here already, or any that `counts`. */
  holdsBack(key: string, size: number, counts: boolean): boolean {
    return size >= this.#smallestRefused && (counts || this.has(key));
  }

  /** Joins the line. Gives 0 if it is the turn of `key`, the time to it if that is known, and otherwise nothing. */
  ask(key: string, arrival: Arrival, now: number): number | undefined {
    delete this.#join(key, arrival).missed;
    this.#handOut(now);
    const turn = this.#turns.get(key);
    if (turn === undefined) return undefined;
    turn.expiresAt = Math.max(now, turn.at) + COMES_WITHIN_MS;
    return Math.max(0, turn.at - now);
  }

  /** The call of `key`, whose turn it is, is sent now. */
  begin(key: string, now: number): void {
    const turn = this.#turns.get(key);
    if (turn === undefined) return;
    turn.begunIn = this.#epoch;
    this.#members.served(key);
    turn.expiresAt = now + ENDS_WITHIN_MS;
    this.#roundSince ??= now;
    if (turn.paced) this.#slot = undefined;
  }

  /** What is to be said of `key`: its own last failure or, where it was never tried, that of the others. */
  failureFor(key: string): { failure: Failure; own: boolean } {
    const own = this.#members.get(key)?.failure;
    return { failure: own ?? this.#failure, own: own !== undefined };
  }

  /** The call of `key`, which had a turn, did not fail for this line's reason. */
  passed(key: string, now: number): void {
    this.#remove(key);
    this.#release();
    this.#handOut(now);
  }

  /**
   * The call of `key` failed for this line's reason; `size` as in the constructor. One that `isFree` is not charged to the budget, which
   * is for the tries of all.
   */
  failed(
    key: string,
    arrival: Arrival,
    failure: Failure,
    now: number,
    { size = 0, isFree = false }: { size?: number; isFree?: boolean } = {},
  ): void {
    const { inOrder, strikes, budget, againMs } = this.#rule;
    const turn = this.#turns.get(key);
    this.#turns.delete(key);
    const member = this.#join(key, arrival);
    member.failures++;
    member.failedAt = now;
    member.failure = failure;
    member.notBefore = now + againMs(failure);
    if (!turn?.paced && !isFree) budget?.charge(now);
    if (turn?.begunIn !== this.#epoch) this.#smallestRefused = Math.min(this.#smallestRefused, size);
    else {
      this.#strikes++;
      this.#width = 1;
      this.#smallestOfRound = Math.min(this.#smallestOfRound, size);
      // Nobody who comes later may go before one who waits in order; so a line never stays open with nobody to try.
      if (this.#strikes >= strikes || inOrder && !this.#isAnyoneDue(now)) this.#close(failure, now);
    }
    this.#handOut(now);
  }

  /** The call of `key` ended with what says nothing about this line: it keeps its turn. */
  undecided(key: string, now: number): void {
    const turn = this.#turns.get(key);
    if (turn === undefined) return;
    delete turn.begunIn;
    turn.expiresAt = now + COMES_WITHIN_MS;
  }

  /** `key` waits here no longer. */
  leave(key: string, now: number): void {
    this.#remove(key);
    this.#handOut(now);
  }

  #join(key: string, arrival: Arrival): Member {
    let member = this.#members.get(key);
    if (member === undefined) {
      member = { key, arrival, failures: 0, failedAt: -Infinity, notBefore: -Infinity };
      this.#members.add(member);
    }
    return member;
  }

  #remove(key: string): void {
    this.#members.delete(key);
    this.#turns.delete(key);
  }

  #close(failure: Failure, now: number): void {
    // The same text for as long as it means the same: each request has another id, and all who wait show it.
    if (failure.code !== this.#failure.code) this.#failure = failure;
    this.#restUntil = now + this.#rule.restMs(failure, this.#closings++);
    this.#epoch++;
    this.#released = false;
    this.#width = 1;
    this.#strikes = 0;
    this.#roundSince = undefined;
    if (this.#smallestOfRound === Infinity) return;
    const isMore = this.#smallestOfRound > this.#smallestRefused;
    this.#smallestRefused = this.#smallestOfRound;
    this.#smallestOfRound = Infinity;
    // Only requests that are larger were refused: the smaller ones need not wait.
    if (isMore) { for (const { key } of this.#members) this.#call(key); }
  }

  #release(): void {
    this.#strikes = 0;
    this.#closings = Math.max(0, this.#closings - 1);
    this.#width = Math.min(this.#width + 1, this.#rule.width);
    if (this.#released) return;
    this.#released = true;
    this.#restUntil = -Infinity;
    for (const member of this.#members) {
      // Whoever was refused a moment ago, while this one was not, is refused for its own sake.
      if (member.failedAt >= (this.#roundSince ?? Infinity)) continue;
      member.failures = 0;
      member.notBefore = -Infinity;
    }
  }

  /** Gives the free turns to those who are next. A turn that lies ahead is nobody's for certain until its time. */
  #handOut(now: number): void {
    const before = new Map<string, number>();
    for (const [key, { at, expiresAt, paced, begunIn }] of this.#turns) {
      before.set(key, at);
      const expired = expiresAt < now;
      const member = this.#members.get(key);
      if (expired && member) member.missed = true;
      const isAhead = begunIn === undefined && (at > now || paced && this.#slot === undefined);
      if (expired || isAhead) this.#turns.delete(key);
    }
    while (this.#turns.size < this.#width) {
      const next = this.#next(now);
      if (next === undefined) return;
      const turn = this.#turnOf(next, now);
      this.#turns.set(next.key, turn);
      if (turn.at < (before.get(next.key) ?? Infinity)) this.#call(next.key);
    }
  }

  #turnOf(member: Member, now: number): Turn {
    const paced = this.#isPaced(member);
    let at = this.#dueAt(member, now);
    // Only who is due takes a moment of the budget, so that no moment goes to one who comes much later.
    if (paced && at <= now) {
      this.#slot ??= this.#rule.budget!.reserve(now);
      at = Math.max(now, this.#slot);
    }
    return { at, expiresAt: at + COMES_WITHIN_MS, paced };
  }

  /** Who has no turn and is due first; of several, in the order of the rule. */
  #next(now: number): Member | undefined {
    const isPacedTurnFree = ![...this.#turns.values()].some(({ paced, begunIn }) => paced && begunIn === undefined);
    const byArrival = this.#rule.inOrder && this.#strikes === 0;
    const soonest = Math.max(now, this.#restUntil);
    let best: Member | undefined;
    for (const member of this.#members) {
      if (member.missed || this.#turns.has(member.key) || !isPacedTurnFree && this.#isPaced(member)) continue;
      // Nobody who came later is before one who is due at once and was not refused.
      if (member.notBefore <= soonest && (byArrival || member.failures === 0)) return member;
      const earlier = best && (this.#dueAt(member, now) - this.#dueAt(best, now) || member.failures - best.failures);
      if (earlier === undefined || earlier < 0) best = member;
    }
    return best;
  }

  #dueAt(member: Member, now: number): number {
    return Math.max(now, this.#restUntil, member.notBefore);
  }

  #isAnyoneDue(now: number): boolean {
    for (const member of this.#members) if (!member.missed && this.#dueAt(member, now) <= now) return true;
    return false;
  }

  #isPaced(member: Member): boolean {
    return this.#rule.budget !== undefined && (!this.#released || member.failures > 0);
  }
}
