import assert from "node:assert/strict";
import { humanDuration, parseRfc3339, rfc3339 } from "./time.ts";

Deno.test("rfc3339() has whole seconds, in UTC", () => {
  assert.equal(rfc3339(Date.parse("2026-03-04T05:06:07.999Z")), "2026-03-04T05:06:07Z");
});

const times: [string, number | undefined][] = [
  ["2026-03-04T05:06:07Z", Date.UTC(2026, 2, 4, 5, 6, 7)],
  ["2026-03-04T05:06:07.250Z", Date.UTC(2026, 2, 4, 5, 6, 7, 250)],
  ["2026-03-04T05:06:07+01:00", Date.UTC(2026, 2, 4, 4, 6, 7)],
  ["", undefined],
  ["1", undefined],
  ["yesterday", undefined],
  ["2026-03-04", undefined],
  ["2026-03-04T05:06:07", undefined],
  ["2026-02-30T05:06:07Z", undefined],
  ["2026-13-01T05:06:07Z", undefined],
];
for (const [text, expected] of times) {
  Deno.test(`parseRfc3339() takes '${text}' for ${expected}`, () => assert.equal(parseRfc3339(text), expected));
}

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
