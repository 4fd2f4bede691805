import assert from "node:assert/strict";
import { parseDuration } from "./duration.ts";

Deno.test("parseDuration() takes what Go's time.ParseDuration takes", () => {
  const table: [string, number][] = [
    ["0", 0],
    ["0s", 0],
    ["500ms", 500],
    ["5s", 5000],
    ["2m", 120_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    [".5s", 500],
    ["1.s", 1000],
    ["1m1m", 120_000],
    ["250us", 0.25],
    ["250µs", 0.25],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration() refuses everything else and names the value", () => {
  for (const text of ["", "5", "s", ".s", "-5s", "+5s", " 5s", "5 s", "5d", "5S", "1h-30m", "1e3s", "١s"]) {
    assert.throws(
      () => parseDuration(text),
      { name: "SyntaxError", message: new RegExp(`'${RegExp.escape(text)}'`) },
      text,
    );
  }
});
