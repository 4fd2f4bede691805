import assert from "node:assert/strict";
import type { Attempt } from "../api/processing_job.ts";
import { pauseText, resumesAt } from "./resumption.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");

/** Attempts that `suspend` has ended so many seconds ago. */
function attempts(...secondsAgo: number[]): Attempt[] {
  return secondsAgo.map((seconds, index) => ({
    number: index + 1,
    name: `job-${index}`,
    status: "Stopped",
    reason: "Suspended",
    endTime: new Date(NOW - seconds * 1000).toISOString(),
  }));
}

function pauseSeconds(given: Attempt[]): number {
  return ((resumesAt(given, NOW) ?? NOW) - NOW) / 1000;
}

Deno.test("the first three resumptions within an hour have no pause; from then on it doubles up to five minutes", () => {
  const counts = Array.from({ length: 20 }, (_, index) => index + 1);
  const pauses = counts.map((count) => pauseSeconds(attempts(...Array(count).fill(0))));
  assert.deepEqual(pauses.slice(0, 9), [0, 0, 0, 10, 20, 40, 80, 160, 300]);
  assert.deepEqual(new Set(pauses.slice(9)), new Set([300]));
});

Deno.test("the pause is one between attempts, and attempts of an hour ago don't count", () => {
  assert.equal(pauseSeconds(attempts(90, 60, 30, 4)), 6);
  assert.equal(pauseSeconds(attempts(90, 60, 30, 15)), 0);
  assert.equal(pauseSeconds(attempts(3_601, 60, 30, 0)), 0);
});

Deno.test("a clock of SageMaker's that is ahead, and an attempt without times, make no pause longer", () => {
  assert.equal(pauseSeconds(attempts(0, 0, 0, -3_600)), 10);
  const undated = attempts(0, 0, 0, 0).map(({ endTime: _, ...rest }) => rest);
  assert.equal(pauseSeconds(undated), 10);
});

Deno.test("attempts that failed and were retried don't count", () => {
  const failed = attempts(0, 0, 0, 0, 0).map((each) => ({ ...each, reason: "CapacityError" }));
  assert.equal(pauseSeconds(failed), 0);
  assert.equal(pauseSeconds([...failed, ...attempts(0, 0, 0)]), 0);
});

Deno.test("the text says when the next attempt begins", () => {
  assert.match(
    pauseText({ attemptCount: 5 }, NOW),
    /more than 3 attempts within an hour, so attempt 5 begins at 2026-01-01T12:00:00Z$/,
  );
});
