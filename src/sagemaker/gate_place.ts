import type { Failure } from "../api/job.ts";
import type { BudgetLine } from "./budget_line.ts";
import { isUnanswered } from "./gate_rules.ts";
import { RetryBudget } from "./retry_budget.ts";

/** So many failures in a row, with no answer in between, are an outage; fewer are blips. */
const OUTAGE = 5;

/** What the gate knows of one operation in one region at one endpoint. */
export class Place {
  readonly line: BudgetLine;
  readonly retries = new RetryBudget();
  #unanswered = 0;

  constructor(line: BudgetLine) {
    this.line = line;
  }

  /** Takes in how a call ended, and whether an outage is known; gives whether there is one. */
  isOutAfter(outcome: "ok" | Failure, isOut: boolean): boolean {
    if (outcome !== "ok" && isUnanswered(outcome)) return ++this.#unanswered >= OUTAGE || isOut;
    this.#unanswered = 0;
    return false;
  }
}
