import assert from "node:assert/strict";
import { humanDuration, rfc3339 } from "./time.ts";

Deno.test("rfc3339() has whole seconds, in UTC", () => {
  assert.equal(rfc3339(Date.parse("2026-03-04T05:06:07.999Z")), "2026-03-04T05:06:07Z");
});

const S = 1000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;
const durations: [number, string][] = [
  [-5, "0s"],
  [0, "0s"],
  [42_900, "42s"],
  [119 * S, "119s"],
  [2 * M, "2m"],
  [3 * M + 5 * S, "3m5s"],
  [10 * M + 5 * S, "10m"],
  [179 * M, "179m"],
  [3 * H + 7 * M, "3h7m"],
  [8 * H + 7 * M, "8h"],
  [47 * H, "47h"],
  [3 * D + 4 * H, "3d4h"],
  [8 * D + 4 * H, "8d"],
];
for (const [ms, text] of durations) {
  Deno.test(`humanDuration() prints ${ms} ms as ${text}`, () => assert.equal(humanDuration(ms), text));
}
