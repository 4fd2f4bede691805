import { deepEqual, equal } from "node:assert/strict";
import { Registry } from "./metrics_registry.ts";

function lines(registry: Registry): string[] {
  return registry.expose().split("\n");
}

Deno.test("expose() writes each metric with its help, its type and its samples", () => {
  const registry = new Registry();
  const calls = registry.counter<"code">("calls_total", "Calls", [{ code: "OK" }]);
  registry.read("gauge", "depth", "Depth", () => 3);
  registry.read("gauge", "jobs", "Jobs", () => [{ labels: { status: "a" }, value: 0.5 }]);
  calls.inc({ code: "Other" });
  calls.inc({ code: "Other" }, 2);
  deepEqual(lines(registry), [
    "# HELP calls_total Calls",
    "# TYPE calls_total counter",
    'calls_total{code="OK"} 0',
    'calls_total{code="Other"} 3',
    "# HELP depth Depth",
    "# TYPE depth gauge",
    "depth 3",
    "# HELP jobs Jobs",
    "# TYPE jobs gauge",
    'jobs{status="a"} 0.5',
    "",
  ]);
});

Deno.test("expose() counts an observation in its bucket and in all larger ones", () => {
  const registry = new Registry();
  const seconds = registry.histogram<"op">("seconds", "Seconds", { bounds: [0.5, 1], initial: [{ op: "a" }] });
  for (const value of [0.5, 0.75, 3, NaN]) seconds.observe({ op: "a" }, value);
  deepEqual(lines(registry).slice(2, -1), [
    'seconds_bucket{op="a",le="0.5"} 1',
    'seconds_bucket{op="a",le="1"} 2',
    'seconds_bucket{op="a",le="+Inf"} 3',
    'seconds_sum{op="a"} 4.25',
    'seconds_count{op="a"} 3',
  ]);
});

Deno.test("expose() escapes what would end a line or a label", () => {
  const registry = new Registry();
  registry.counter<"text">("odd_total", "a\\b\nc", [{ text: 'a"b\\c\nd' }]);
  deepEqual(lines(registry), [
    "# HELP odd_total a\\\\b\\nc",
    "# TYPE odd_total counter",
    'odd_total{text="a\\"b\\\\c\\nd"} 0',
    "",
  ]);
});

Deno.test("expose() writes no sample where there is no value, and infinities in Prometheus's words", () => {
  const registry = new Registry();
  registry.read("gauge", "none", "None", () => undefined);
  registry.read("gauge", "ends", "Ends", () => [{ value: Infinity }, { value: -Infinity }]);
  equal(
    registry.expose(),
    "# HELP none None\n# TYPE none gauge\n# HELP ends Ends\n# TYPE ends gauge\nends +Inf\nends -Inf\n",
  );
});
