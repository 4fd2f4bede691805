import assert from "node:assert/strict";
import { blocksOf, plotsOf, withBlocks } from "./docs.ts";
import type { Outcome } from "./outcome.ts";
import { rowsOf } from "./rows.ts";

const OUTCOMES: Outcome[] = [100, 1_000, 10_000].map((n) => ({
  scenario: "scale",
  n,
  values: { awsCallsAMinute: 62, writesAMinute: n / 5, cpu: 1, memory: 70 + n / 500 },
}));

Deno.test("a block is replaced, and again by the next result", () => {
  const page = "# A page\n<!-- results -->\nold\n\nlines\n<!-- /results -->\nrest\n";
  const once = withBlocks(page, { results: "new $& line\n" });
  assert.equal(once, "# A page\n<!-- results -->\nnew $& line\n<!-- /results -->\nrest\n");
  assert.equal(withBlocks(once, { results: "old\n\nlines\n" }), page);
  assert.throws(() => withBlocks(page, { setting: "" }), /Cannot find '<!-- setting -->'/);
});

Deno.test("the tables hold every row, and say what was missed", () => {
  const { results, setting } = blocksOf({
    at: "2026-01-02T03:04:05Z",
    machine: {
      cpu: "a processor",
      cores: 2,
      memoryGiB: 8,
      kernel: "6.1",
      versions: { deno: "2.9.0", etcd: "3.7.3", apiserver: "1.36.3" },
      operator: ["sagemaker-operator 1.0.0"],
      commit: "abc",
    },
    options: { program: "main.ts", latencyMs: 20, windowMs: 60_000 },
    rows: rowsOf([{ scenario: "burst", n: 1_000, values: { created: 5, completed: 25 } }]),
    outcomes: [],
  });
  assert.match(results!, /^\| burst: all created in SageMaker \| 1,000 \| 5 s \| ≤ 4 s, missed \|$/m);
  assert.match(results!, /^\| burst of 20 s jobs: all Completed in status \| 1,000 \| 25 s \| ≤ 27 s \|$/m);
  assert.match(setting!, /2026-01-02: 2 cores of a processor/);
});

Deno.test("plots need several numbers of jobs", () => {
  assert.deepEqual(Object.keys(plotsOf(OUTCOMES)), ["calls-by-jobs", "memory-by-jobs", "cpu-by-jobs"]);
  assert.deepEqual(plotsOf(OUTCOMES.slice(0, 1)), {});
});
