import type { Failure } from "../api/job.ts";
import { type Call, nameOf, placeOf, ruleOf, type Scope, SCOPES } from "./gate_rules.ts";
import { countsAgainst, type QuotaKey, quotaOf, sizeIn } from "./quota.ts";
import type { RetryBudget } from "./retry_budget.ts";
import { WaitingLine } from "./waiting_line.ts";

/** Name, line and whose it is. */
export type Line = [string, WaitingLine, Scope];

/** The line of one quota, and the one of the requests that are larger than that quota. */
type QuotaScope = "oversized" | "quota";

/** The lines in which calls wait, by their names. */
export class WaitingLines {
  readonly #lines = new Map<string, WaitingLine>();
  /** By operation and site, the quotas that have a line there, by the line's name. */
  readonly #quotas = new Map<string, Map<string, { scope: QuotaScope; quota: QuotaKey }>>();
  readonly #call: (key: string) => void;
  readonly #random: () => number;

  constructor(call: (key: string) => void, random: () => number) {
    this.#call = call;
    this.#random = random;
  }

  /** How many lines there are, and how many sites with a line of a quota. */
  get size(): number {
    return this.#lines.size + this.#quotas.size;
  }

  get(name: string): WaitingLine | undefined {
    return this.#lines.get(name);
  }

  /** The lines that have to do with `call` of `key`, from the fewest to the most in them. */
  of(key: string, call: Call): Line[] {
    if (this.#lines.size === 0) return [];
    return SCOPES.flatMap((scope) => {
      if (isQuotaScope(scope)) return this.#quotaLines(scope, key, call);
      const name = nameOf(scope, key, call);
      const line = this.#lines.get(name);
      return line ? [[name, line, scope] as Line] : [];
    });
  }

  /**
   * Those of them in which `call` needs a turn, that of the operation last. Of a role's and of the quotas' it is one alone: acquiring
   * two could deadlock. A role that is refused is asked for first, whatever the quota: the answer tells all the same.
   */
  toPass(key: string, call: Call): Line[] {
    const lines = this.of(key, call);
    const role = lines.find(([, , scope]) => scope === "role");
    const quotas = lines.filter(([, , scope]) => isQuotaScope(scope));
    const quota = quotas.find(([, line]) => line.isClosed) ?? quotas[0];
    const alone = role?.[1].isClosed ? role : quota ?? role;
    return lines.filter((line) => line === alone || !(line === role || quotas.includes(line)));
  }

  /** The line to wait in after `failure` of `call`, with its name, made if need be: closed because of that. */
  make(
    scope: Scope,
    key: string,
    call: Call,
    retries: RetryBudget,
    failure: Failure,
    now: number,
  ): [string, WaitingLine] {
    const quota = isQuotaScope(scope) ? quotaOf(failure, call) : undefined;
    const name = nameOf(scope, key, call, quota);
    let line = this.#lines.get(name);
    if (line === undefined) {
      const size = quota && sizeOrAny(quota, call);
      line = new WaitingLine(ruleOf(scope, retries, this.#random), failure, now, this.#call, size);
      this.#lines.set(name, line);
      if (quota && isQuotaScope(scope)) this.#addQuota(name, call, { scope, quota });
    }
    return [name, line];
  }

  /** How much `call` asks for of what the line of that name is about; 0 where that is no matter of size. */
  sizeOf(name: string, call: Call): number {
    const quota = this.#quotas.get(placeOf(call))?.get(name)?.quota;
    return quota ? sizeOrAny(quota, call) : 0;
  }

  /** Whether `key` waits in the line of that name, or has its turn. */
  has(key: string, name: string): boolean {
    return this.#lines.get(name)?.has(key) ?? false;
  }

  /** Removes `key` from the line of that name, and the line once it is empty. */
  leave(key: string, name: string, now: number): void {
    const line = this.#lines.get(name);
    if (line?.has(key)) line.leave(key, now);
    if (!line?.isEmpty) return;
    this.#lines.delete(name);
    for (const [place, quotas] of this.#quotas) {
      if (quotas.delete(name) && quotas.size === 0) this.#quotas.delete(place);
    }
  }

  /** A quota's line holds back those that it has refused, and requests of its kind that are at least as large as one it refused. */
  #quotaLines(scope: QuotaScope, key: string, call: Call): Line[] {
    const found: Line[] = [];
    for (const [name, of] of this.#quotas.get(placeOf(call)) ?? []) {
      if (of.scope !== scope) continue;
      const line = this.#lines.get(name)!;
      if (line.holdsBack(key, sizeOrAny(of.quota, call), countsAgainst(of.quota, call))) {
        found.push([name, line, scope]);
      }
    }
    return found;
  }

  #addQuota(name: string, call: Call, quota: { scope: QuotaScope; quota: QuotaKey }): void {
    const place = placeOf(call);
    const quotas = this.#quotas.get(place) ?? new Map();
    this.#quotas.set(place, quotas.set(name, quota));
  }
}

function isQuotaScope(scope: Scope): scope is QuotaScope {
  return scope === "quota" || scope === "oversized";
}

function sizeOrAny(quota: QuotaKey, call: Call): number {
  return sizeIn(quota, call) ?? Infinity;
}
