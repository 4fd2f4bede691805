import assert from "node:assert/strict";
import { lineChart } from "./plot.ts";

const AXES = { title: "Calls & <jobs>", xTitle: "jobs", yTitle: "calls" };

Deno.test("a value stands where its logarithm says", () => {
  const svg = lineChart({ ...AXES, series: [{ name: "ours", points: [[100, 1], [1_000, 10], [10_000, 100]] }] });
  const all = (name: string) => [...svg.matchAll(new RegExp(`${name}="([\\d.]+)"`, "g"))].map(([, at]) => Number(at));
  const [left, middle, right] = all("cx") as [number, number, number];
  const [bottom, centre, top] = all("cy") as [number, number, number];
  assert.ok(Math.abs(middle - (left + right) / 2) < 0.2);
  assert.ok(Math.abs(centre - (top + bottom) / 2) < 0.2);
  assert.ok(left < right && top < bottom);
});

Deno.test("texts are escaped, and every series is named", () => {
  const points = [[1, 1]] as const;
  const svg = lineChart({ ...AXES, series: [{ name: "a<b", points }, { name: "other", points }] });
  assert.match(svg, /Calls &amp; &lt;jobs&gt;/);
  assert.match(svg, />a&lt;b</);
  assert.match(svg, />other</);
});

Deno.test("what a logarithmic axis has no place for is refused", () => {
  for (const points of [[[0, 1]], [[1, 0]], [[1, NaN]], []] as [number, number][][]) {
    assert.throws(() => lineChart({ ...AXES, series: [{ name: "ours", points }] }), /expected values above 0/);
  }
});
