import assert from "node:assert/strict";
import { costText, quantity, tableText } from "./report.ts";
import type { Row } from "./rows.ts";

const ROWS: Row[] = [
  { id: "created/1000", title: "all created", n: 1000, unit: "s", measured: 3.75, wanted: 4, ok: true },
  { id: "awsCalls/1000", title: "AWS calls", n: 1000, unit: "", measured: 2500, wanted: 2150, ok: false },
  { id: "endP99/1000", title: "p99", n: 1000, unit: "s", measured: 2 },
];

Deno.test("the table tells what is wanted, and whether it is so", () => {
  assert.deepEqual(tableText(ROWS).split("\n"), [
    "             n     measured  wanted  ok",
    "all created  1000  3.8 s     ≤ 4 s   yes",
    "AWS calls    1000  2500      ≤ 2150  NO",
    "p99          1000  2 s",
    "",
  ]);
});

Deno.test("an earlier result stands beside it as a ratio, where it has the row", () => {
  const earlier = [{ ...ROWS[0]!, measured: 7.5 }, { ...ROWS[1]!, id: "awsCalls/10" }];
  const lines = tableText(ROWS, earlier).split("\n");
  assert.match(lines[0]!, /before +ratio$/);
  assert.match(lines[1]!, /7\.5 s +0\.50×$/);
  assert.match(lines[2]!, /NO$/);
});

Deno.test("numbers are as exact as they are of use", () => {
  const cases: [number, string, string][] = [
    [0.2844, "s", "0.28 s"],
    [14.26, "ms", "14.3 ms"],
    [2002.4, "", "2002"],
    [0, "", "0"],
    [5, "ms", "5 ms"],
  ];
  for (const [value, unit, text] of cases) assert.equal(quantity(value, unit), text);
});

Deno.test("what each process used is told of the scenarios that count it", () => {
  const cost = {
    seconds: 24.5,
    cpu: { operator: 3.5, etcd: 1 },
    awsCalls: { Create: 1000 },
    writes: { "POST jobs": 9 },
  };
  const text = costText([{ scenario: "cold", n: 1, values: {} }, { scenario: "burst", n: 1000, values: {}, cost }]);
  assert.match(text, /^burst +1000 +24\.5 +3\.50 +0\.00 +1\.00 +0\.00 +0\.00 +0\.00 +Create 1000 +POST jobs 9$/m);
  assert.doesNotMatch(text, /cold/);
});
