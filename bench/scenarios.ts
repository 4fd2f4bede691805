import type { Scenario } from "./outcome.ts";
import { account } from "./scenarios/account.ts";
import { burst } from "./scenarios/burst.ts";
import { cold } from "./scenarios/cold.ts";
import { deletion } from "./scenarios/delete.ts";
import { ends } from "./scenarios/ends.ts";
import { finished } from "./scenarios/finished.ts";
import { LISTS } from "./scenarios/lists.ts";
import { single } from "./scenarios/single.ts";
import { scale, steady } from "./scenarios/steady.ts";

/** What can be measured, in the order in which it is. A scenario may have several parts, each with a world of its own. */
export const SCENARIOS = {
  account: {
    run: account,
    summary: "120 resources at once in an account as AWS gives it: quotas, late lists, 2,000 old jobs",
  },
  lists: {
    run: LISTS,
    summary: "Jobs that end at random moments, with the lists, quotas and old jobs of several accounts",
  },
  cold: { run: cold, summary: "From the start of the process to the first create" },
  single: { run: single, summary: "One resource at a time, 100 of them" },
  burst: { run: burst, summary: "1,000 resources at once, with jobs of 20 s" },
  ends: { run: ends, summary: "1,000 jobs that end at random moments" },
  steady: { run: steady, summary: "Nothing, then 1,000 running jobs: calls, writes, CPU, memory" },
  delete: { run: deletion, summary: "1,000 running jobs whose resources are deleted" },
  scale: { run: scale, summary: "The same as steady, in steps of 100, 1,000 and 10,000" },
  finished: { run: finished, summary: "10,000 finished resources that an operator finds as it starts" },
} satisfies Record<string, { run: Scenario | Scenario[]; summary: string }>;

export type ScenarioName = keyof typeof SCENARIOS;
