import { deepEqual, equal } from "node:assert/strict";
import { closingLines, readTestRun } from "./test_summary.ts";

const junit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.178">
    <testsuite name="./tools/a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="ok &amp; &lt;fine&gt;" classname="./tools/a_test.ts" time="0.001" line="1" col="6">
        </testcase>
        <testcase name="skip &#39;me&#39;" classname="./tools/a_test.ts" time="0.000" line="2" col="6">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./tools/a_test.ts" time="0.001" line="3" col="6">
            <failure message="Uncaught Error: &lt;skipped/&gt;">Error: &lt;skipped/&gt;
    at file:///a_test.ts:3:32</failure>
        </testcase>
    </testsuite>
</testsuites>
`;

Deno.test("readTestRun() takes counts from the summary and names from the report", () => {
  const output = "running 3 tests\n\nFAILED | 2 passed (1 step) | 1 failed (1 step) | 1 ignored (177ms)\n\n";
  deepEqual(readTestRun("unit", { exitCode: 1, output, junit }), {
    passed: 2,
    failed: 1,
    failures: ["unit: bad (./tools/a_test.ts)"],
    skipped: ["unit: skip 'me'"],
  });
});

Deno.test("readTestRun() believes the last summary, whatever its colour, and no test's output", () => {
  const output =
    "ok | 9 passed | 0 failed (1ms)\n\x1b[0m\x1b[32mok\x1b[0m | 3 passed | 0 failed \x1b[38m(5ms)\x1b[0m\n";
  const { passed, failed } = readTestRun("unit", { exitCode: 0, output, junit: "" });
  deepEqual([passed, failed], [3, 0]);
});

Deno.test("readTestRun() counts a module that fails to load, which the report leaves out", () => {
  const output = "FAILED | 2 passed | 2 failed (1ms)\n";
  deepEqual(readTestRun("unit", { exitCode: 1, output, junit }).failures, [
    "unit: bad (./tools/a_test.ts)",
    "unit: 1 outside of tests, see above",
  ]);
});

Deno.test("readTestRun() counts a run that crashed as a failure", () => {
  deepEqual(readTestRun("e2e", { exitCode: 139, output: "running 3 tests\n", junit: "" }), {
    passed: 0,
    failed: 1,
    failures: ["e2e: it didn't get to its end and ended with exit code 139"],
    skipped: [],
  });
  const output = "ok | 2 passed | 0 failed (1ms)\n";
  const { passed, failed, failures } = readTestRun("e2e", { exitCode: 1, output, junit: "" });
  deepEqual([passed, failed, failures], [2, 1, ["e2e: no test failed, but it ended with exit code 1"]]);
});

Deno.test("closingLines() lists what was skipped and what failed, and ends with the counts alone", () => {
  const none = { passed: 0, failed: 0, failures: [], skipped: [] };
  deepEqual(
    closingLines([
      { ...none, passed: 5, skipped: ["unit: a"] },
      { ...none, passed: 2, failed: 1, failures: ["e2e: b"] },
      { ...none, skipped: ["e2e with the compiled binary: no denort"] },
    ]),
    [
      "",
      "Skipped:",
      "  unit: a",
      "  e2e with the compiled binary: no denort",
      "",
      "Failed:",
      "  e2e: b",
      "",
      "7 passed, 1 failed",
    ],
  );
  equal(closingLines([{ ...none, passed: 1 }]).at(-1), "1 passed, 0 failed");
});
