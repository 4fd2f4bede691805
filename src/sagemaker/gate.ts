import type { Failure } from "../api/job.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Arrival } from "./arrivals.ts";
import {
  type Call,
  isUnanswered,
  nameOf,
  placeOf,
  ruleOf,
  type Scope,
  scopeOf,
  SCOPES,
  verdictOn,
  waiting,
} from "./gate_rules.ts";
import { RetryBudget } from "./retry_budget.ts";
import { WaitingLine } from "./waiting_line.ts";

export type { Call };

/** Those who are not next ask again after this long, give or take a fifth, should they not be released before. */
const SAFETY_MS = 5 * 60_000;
/** So many failures in a row, with no answer in between, are an outage; fewer are blips. */
const OUTAGE = 5;

export type Admission = { go: true } | {
  go: false;
  /** When to ask again, in milliseconds; the key is also released before that if its turn comes earlier. */
  waitMs: number;
  /** Why it waits: its own last failure, or that of those which it waits behind. */
  failure: Failure;
};

export interface CallGateOptions {
  clock: Clock;
  /** Told of a key that should ask again now; must not ask before it returns. */
  onRelease: (key: string) => void;
  /** From 0 to below 1. @default {Math.random} */
  random?: () => number;
}

/** One operation in one region at one endpoint. */
interface Place {
  budget: RetryBudget;
  /** Failures in a row without an answer. */
  outages: number;
}

/** Name, line and whose it is. */
type Line = [string, WaitingLine, Scope];

/**
 * Decides whether a call is sent now or later, so that a thousand resources whose calls fail for one reason cost little more than
 * one. A call goes at once unless it is known that calls like it fail; then its resource waits in a line:
 *
 * - throttled, no credentials, an outage: the line of the operation. It rests for a jittered, doubling pause (0.5 s to 30 s; a
 *   minute for credentials, five where a person must act), then tries one, then ever more at once, up to 8;
 * - role refused: the line of the operation and role. Others with that role are tried one by one as the budget allows, since a
 *   policy may refuse one and not the next. Each is tried again after a minute (a new role) or five (a person must act). A success
 *   releases the others. Other roles never wait for it;
 * - quota: the line of the operation and instance type, since quotas are by type. Every 50 s who came first is tried, and if
 *   refused, one other: the first may ask for more than there ever is. Success releases the rest, one at a time, in order;
 * - anything else that is to be tried again slowly: the resource by itself.
 *
 * The second and the fourth share a budget for each operation, region and endpoint: 15 calls a minute. So failing calls of
 * one operation are, in any minute, those that were under way when the first failure arrived (at most as many as there are
 * workers), or 15, whichever is more; beyond that 2 for each instance type, and first calls with roles not seen refused.
 *
 * It keeps the keys that wait, and no timers. A key must `leave` when its resource is gone or needs no call any more.
 */
export class CallGate {
  readonly #clock: Clock;
  readonly #onRelease: (key: string) => void;
  readonly #random: () => number;
  readonly #lines = new Map<string, WaitingLine>();
  readonly #places = new Map<string, Place>();
  readonly #arrivals = new Map<string, Arrival>();
  #arrived = 0;
  /** Keys to be released at the end of the method under way. */
  readonly #called = new Set<string>();

  constructor({ clock, onRelease, random = Math.random }: CallGateOptions) {
    this.#clock = clock;
    this.#onRelease = onRelease;
    this.#random = random;
  }

  /** How many keys wait or have a call under way. */
  get size(): number {
    return this.#arrivals.size;
  }

  /**
   * Whether the call of `key` may be sent now. If so, `report` must be called with its outcome, on every way out. A key has
   * one call at a time: it no longer waits for any other.
   */
  admit(key: string, call: Call): Admission {
    const now = this.#clock.monotonic();
    const lines = this.#linesToPass(key, call);
    this.#leaveAllBut(key, lines.map(([name]) => name), now);
    for (const [name, line, scope] of lines) {
      const waitMs = line.ask(key, this.#arrival(key, call), now);
      if (waitMs === 0) continue;
      const { failure, own } = line.failureFor(key);
      // A pause of the operation is short: who is next elsewhere stays so. Other lines go on with those who can go.
      if (scope !== "operation") this.#leaveAllBut(key, [name], now);
      this.#settle(key);
      return { go: false, waitMs: waitMs ?? this.#safetyMs(), failure: own ? failure : waiting(failure, scope, call) };
    }
    // Counted from here on: of two that came at once, the one that is refused first need not have come first.
    this.#arrival(key, call);
    for (const [, line] of lines) line.begin(key, now);
    this.#release(key);
    return { go: true };
  }

  /**
   * Takes in how the call of `key` ended that was admitted. Gives when to ask again, in milliseconds, where the key now waits
   * for its turn; nothing where it doesn't, be it that the call succeeded or that its failure is no matter of others.
   */
  report(key: string, call: Call, outcome: "ok" | Failure): number | undefined {
    const now = this.#clock.monotonic();
    const scope = this.#scopeOf(outcome, call);
    for (const [, line, of] of this.#linesOf(key, call)) {
      if (of === scope || !line.has(key)) continue;
      const verdict = verdictOn(of, outcome);
      line[verdict](key, now);
    }
    if (outcome === "ok" || scope === undefined) return this.#settle(key);

    const line = this.#line(scope, key, call, outcome, now);
    const arrival = this.#arrival(key, call);
    line.failed(key, arrival, outcome, now);
    const waitMs = line.ask(key, arrival, now) ?? this.#safetyMs();
    this.#settle(key);
    return waitMs;
  }

  /** Drops everything about `key`; whose turn comes by that is released. */
  leave(key: string): void {
    const now = this.#clock.monotonic();
    this.#leaveAllBut(key, [], now);
    this.#settle(key);
    for (const [name, { budget, outages }] of this.#places) {
      if (outages === 0 && budget.isUnused(now)) this.#places.delete(name);
    }
  }

  #leaveAllBut(key: string, names: string[], now: number): void {
    if (!this.#arrivals.has(key)) return;
    for (const [name, line] of this.#lines) {
      if (!names.includes(name) && line.has(key)) line.leave(key, now);
    }
  }

  /** Ends every public method: forgets `key` unless it waits, and goes on with the others. */
  #settle(key: string): undefined {
    let waits = false;
    for (const line of this.#lines.values()) waits ||= line.has(key);
    if (!waits) this.#arrivals.delete(key);
    this.#release(key);
  }

  /** Drops empty lines and releases those whose turn has come, all but `key`, who is just being told. */
  #release(key: string): void {
    for (const [name, line] of this.#lines) if (line.isEmpty) this.#lines.delete(name);
    const called = [...this.#called];
    this.#called.clear();
    for (const other of called) if (other !== key) this.#onRelease(other);
  }

  /** The line to wait in after `outcome`, if any. Counts outages. */
  #scopeOf(outcome: "ok" | Failure, call: Call): Scope | undefined {
    if (outcome !== "ok" && isUnanswered(outcome)) {
      const isOutage = ++this.#place(call).outages >= OUTAGE || this.#lines.has(nameOf("operation", "", call));
      return scopeOf(outcome, isOutage);
    }
    const place = this.#places.get(placeOf(call));
    if (place) place.outages = 0;
    return outcome === "ok" ? undefined : scopeOf(outcome, false);
  }

  #linesOf(key: string, call: Call): Line[] {
    if (this.#lines.size === 0) return [];
    return SCOPES.flatMap((scope) => {
      const name = nameOf(scope, key, call);
      const line = this.#lines.get(name);
      return line ? [[name, line, scope] as Line] : [];
    });
  }

  /**
   * The lines in which `call` needs a turn, that of the operation last. Of the role's and the quota's it is one alone: if two who
   * hold one turn each waited for the other's, nobody would go. A role that is refused is asked for first, whatever the quota: the
   * answer tells all the same.
   */
  #linesToPass(key: string, call: Call): Line[] {
    const lines = this.#linesOf(key, call);
    const role = lines.find(([, , scope]) => scope === "role");
    const quota = lines.find(([, , scope]) => scope === "quota");
    if (role === undefined || quota === undefined) return lines;
    const other = role[1].isClosed ? quota : role;
    return lines.filter((line) => line !== other);
  }

  #line(scope: Scope, key: string, call: Call, failure: Failure, now: number): WaitingLine {
    const name = nameOf(scope, key, call);
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = new WaitingLine(
        ruleOf(scope, this.#place(call).budget, this.#random),
        failure,
        now,
        (key) => this.#called.add(key),
      );
      this.#lines.set(name, line);
    }
    return line;
  }

  #safetyMs(): number {
    return SAFETY_MS * (0.8 + 0.4 * this.#random());
  }

  #arrival(key: string, { createdAt }: Call): Arrival {
    let arrival = this.#arrivals.get(key);
    if (arrival === undefined) {
      arrival = { since: createdAt, number: this.#arrived++ };
      this.#arrivals.set(key, arrival);
    }
    return arrival;
  }

  #place(call: Call): Place {
    const name = placeOf(call);
    let place = this.#places.get(name);
    if (place === undefined) {
      place = { budget: new RetryBudget(), outages: 0 };
      this.#places.set(name, place);
    }
    return place;
  }
}
