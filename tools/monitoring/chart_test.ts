import { doesNotMatch, equal, match } from "node:assert/strict";
import { type Chart, drawCharts } from "./chart.ts";

const chart: Chart = {
  title: "A & B",
  unit: "s",
  stacked: true,
  series: [{ name: "a", points: [[0, 1], [10, 1]] }, { name: "b", points: [[10, 3]] }],
};

Deno.test("drawCharts() lays stacked series upon each other, and scales to their sum", () => {
  const svg = drawCharts([chart], { columns: 1, times: [0, 10] });
  match(svg, />A &amp; B</);
  match(svg, />5 s</);
  // 1 of 5 from the bottom of the plot at 140, then 1 + 3.
  match(svg, /M56 118L386 118"/);
  match(svg, /M56 118L386 52"/);
});

Deno.test("drawCharts() leaves out of a stack what is always 0, and shows bytes as MiB", () => {
  const none = { name: "none", points: [[0, 0], [10, 0]] as [number, number][] };
  doesNotMatch(drawCharts([{ ...chart, series: [none] }], { columns: 1, times: [0, 10] }), />none</);
  const memory = { name: "memory", points: [[0, 3 * 2 ** 20]] as [number, number][] };
  match(drawCharts([{ ...chart, unit: "bytes", series: [memory] }], { columns: 1, times: [0, 10] }), />5 MiB</);
});

Deno.test("drawCharts() draws an empty chart, and ends a row where it should", () => {
  const empty = { ...chart, series: [] };
  const svg = drawCharts([empty, empty, empty], { columns: 2, times: [0, 10] });
  match(svg, /width="800" height="400"/);
  equal(svg.match(/<g transform/g)?.length, 3);
  match(svg, /translate\(0 200\)/);
});
