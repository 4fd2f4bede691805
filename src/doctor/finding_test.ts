import assert from "node:assert/strict";
import { type Finding, findingLine, findingsJson } from "./finding.ts";

const GOOD: Finding = { check: "cluster", level: "ok", text: "All is well" };
const BAD: Finding = { check: "crd", level: "failure", text: "It is missing", mend: "install it" };

Deno.test("findingLine() is one line with a mark, and how to mend it", () => {
  const unsure: Finding = { ...GOOD, check: "logs", level: "warning" };
  assert.deepEqual([GOOD, unsure, BAD].map(findingLine), [
    "✓ cluster: All is well",
    "! logs: All is well",
    "✗ crd: It is missing. To mend it: install it",
  ]);
});

Deno.test("findingsJson() says whether all is well, and what was found", () => {
  assert.deepEqual(JSON.parse(findingsJson([GOOD])), { ok: true, checks: [GOOD] });
  assert.deepEqual(JSON.parse(findingsJson([GOOD, BAD])), { ok: false, checks: [GOOD, BAD] });
});
