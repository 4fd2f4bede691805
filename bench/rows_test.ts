import assert from "node:assert/strict";
import type { Outcome } from "./outcome.ts";
import { rowsOf } from "./rows.ts";

const step = (n: number, awsCallsAMinute: number, memory: number): Outcome => ({
  scenario: "scale",
  n,
  values: { awsCallsAMinute, memory },
});

Deno.test("a row is ok where what was measured is at most what is wanted", () => {
  for (const [measured, ok] of [[0.29, true], [0.3, true], [0.31, false]] as const) {
    const [row] = rowsOf([{ scenario: "cold", n: 1, values: { startToCreate: measured } }]);
    assert.deepEqual(row, {
      id: "startToCreate/1",
      title: "start to first create",
      n: 1,
      unit: "s",
      measured,
      wanted: 0.3,
      ok,
    });
  }
});

Deno.test("a bound is for its number of resources only", () => {
  const [few, many] = rowsOf([100, 1_000].map((n) => ({ scenario: "burst", n, values: { created: 100 } })));
  assert.equal(few?.wanted, undefined);
  assert.equal(few?.ok, undefined);
  assert.equal(many?.ok, false);
});

Deno.test("steps of one scenario tell what a job costs", () => {
  const rows = rowsOf([step(100, 60, 70), step(1_000, 66, 72), step(10_000, 75, 89.4)]);
  const row = (id: string) => rows.find((row) => row.id === id)?.measured.toFixed(3);
  assert.equal(row("callsRatio/10000"), "1.250");
  assert.equal(row("memoryAJob/10000"), (19.4 * 1024 / 9_900).toFixed(3));
});

Deno.test("one step alone tells nothing of that", () => {
  assert.deepEqual(rowsOf([step(100, 60, 70)]).map(({ id }) => id), ["awsCallsAMinute/100", "memory/100"]);
});

Deno.test("what two scenarios measure is told once", () => {
  const steady = { scenario: "steady", n: 1_000, values: { memory: 75 } };
  const rows = rowsOf([steady, step(1_000, 66, 99)]);
  assert.deepEqual(rows.map(({ id, measured }) => [id, measured]), [["awsCallsAMinute/1000", 66], ["memory/1000", 75]]);
});

Deno.test("steps of the same size with different settings have rows and bounds of their own", () => {
  const step = (setting: string, seenP50: number) => ({
    scenario: "lists",
    n: 200,
    setting,
    values: { seenP50 },
    wanted: { seenP50: 2.5 },
  });
  const rows = rowsOf([step("late", 2), step("narrow", 3)]);
  assert.deepEqual(rows.map(({ id, title, wanted, ok }) => [id, title, wanted, ok]), [
    ["seenP50/late/200", "late: job ends → status says so, p50", 2.5, true],
    ["seenP50/narrow/200", "narrow: job ends → status says so, p50", 2.5, false],
  ]);
});
