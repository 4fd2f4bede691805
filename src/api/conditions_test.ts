import assert from "node:assert/strict";
import { type Condition, MAX_CONDITIONS, mergeConditions } from "./conditions.ts";

const [BEFORE, NOW] = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"];

function condition(type: string, status = "True"): Condition {
  const rest = { reason: "InProgress", message: "", lastTransitionTime: BEFORE, observedGeneration: 1 };
  return { type, status, ...rest } as Condition;
}

Deno.test("mergeConditions() keeps conditions of other controllers as they are, and drops our own that no longer hold", () => {
  const foreign = { ...condition("Admitted", "False"), reason: "QuotaReserved" } as unknown as Condition;
  const ours = { ...condition("Ready"), lastTransitionTime: undefined } as unknown as Omit<
    Condition,
    "lastTransitionTime"
  >;
  const merged = mergeConditions([foreign, condition("Created"), condition("Ready")], [ours], NOW);
  assert.deepEqual(merged, [condition("Ready"), foreign]);
});

Deno.test("mergeConditions() states its own conditions even if others leave too little room in the list", () => {
  const foreign = Array.from({ length: MAX_CONDITIONS }, (_, index) => condition(`example.com/other-${index}`));
  const merged = mergeConditions(foreign, [condition("Ready")], NOW);
  assert.equal(merged.length, MAX_CONDITIONS);
  assert.deepEqual(merged[0], { ...condition("Ready"), lastTransitionTime: NOW });
});
