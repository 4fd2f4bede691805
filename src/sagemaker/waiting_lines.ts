import type { Failure } from "../api/job.ts";
import { type Call, nameOf, ruleOf, type Scope, SCOPES } from "./gate_rules.ts";
import type { RetryBudget } from "./retry_budget.ts";
import { WaitingLine } from "./waiting_line.ts";

/** Name, line and whose it is. */
export type Line = [string, WaitingLine, Scope];

/** The lines in which somebody waits, by their names. */
export class WaitingLines {
  readonly #lines = new Map<string, WaitingLine>();
  readonly #call: (key: string) => void;
  readonly #random: () => number;

  constructor(call: (key: string) => void, random: () => number) {
    this.#call = call;
    this.#random = random;
  }

  get(name: string): WaitingLine | undefined {
    return this.#lines.get(name);
  }

  /** The lines that have to do with `call` of `key`, from the fewest to the most in them. */
  of(key: string, call: Call): Line[] {
    if (this.#lines.size === 0) return [];
    return SCOPES.flatMap((scope) => {
      const name = nameOf(scope, key, call);
      const line = this.#lines.get(name);
      return line ? [[name, line, scope] as Line] : [];
    });
  }

  /**
   * Those of them in which `call` needs a turn, that of the operation last. Of the role's and the quota's it is one alone: if two who
   * hold one turn each waited for the other's, nobody would go. A role that is refused is asked for first, whatever the quota: the
   * answer tells all the same.
   */
  toPass(key: string, call: Call): Line[] {
    const lines = this.of(key, call);
    const role = lines.find(([, , scope]) => scope === "role");
    const quota = lines.find(([, , scope]) => scope === "quota");
    if (role === undefined || quota === undefined) return lines;
    const other = role[1].isClosed ? quota : role;
    return lines.filter((line) => line !== other);
  }

  /** The line of that name, made if need be: closed because of `failure`. */
  make(name: string, scope: Scope, retries: RetryBudget, failure: Failure, now: number): WaitingLine {
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = new WaitingLine(ruleOf(scope, retries, this.#random), failure, now, this.#call);
      this.#lines.set(name, line);
    }
    return line;
  }

  /** Whether `key` waits in the line of that name, or has its turn. */
  has(key: string, name: string): boolean {
    return this.#lines.get(name)?.has(key) ?? false;
  }

  /** `key` is in the line of that name no longer, which goes where nobody is. */
  leave(key: string, name: string, now: number): void {
    const line = this.#lines.get(name);
    if (line?.has(key)) line.leave(key, now);
    if (line?.isEmpty) this.#lines.delete(name);
  }
}
