import assert from "node:assert/strict";
import fc from "fast-check";
import { growth, median, percentile, sum } from "./statistics.ts";

Deno.test("percentiles are values of the list, by the nearest rank", () => {
  const cases: [number[], number, number][] = [
    [[5], 0.5, 5],
    [[3, 1, 2], 0.5, 2],
    [[4, 3, 2, 1], 0.5, 2],
    [[4, 3, 2, 1], 0, 1],
    [[4, 3, 2, 1], 1, 4],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.99, 99],
    [[], 0.5, NaN],
  ];
  for (const [values, share, wanted] of cases) assert.equal(percentile(values, share), wanted, `${values} ${share}`);
});

Deno.test("half of the values are not above the median, and half not below", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
    const middle = median(values);
    assert.ok(values.filter((value) => value <= middle).length * 2 >= values.length);
    assert.ok(values.filter((value) => value >= middle).length * 2 >= values.length);
  }));
});

Deno.test("sum of nothing is 0", () => {
  assert.equal(sum([]), 0);
  assert.equal(sum(new Map([["a", 1], ["b", 2]]).values()), 3);
});

Deno.test("growth is told of the counts that have grown", () => {
  assert.deepEqual(growth({ create: 1, list: 2 }, { create: 3, list: 2, describe: 1 }), { create: 2, describe: 1 });
});
