import assert from "node:assert/strict";
import { makeJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import type { Job } from "../api/job.ts";
import type { ProcessingClusterConfig } from "../api/spec_generated.ts";
import { billableInstanceSeconds } from "./billable.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const PREFERENCES = [{ instanceType: "ml.a", instanceCount: 2 }, { instanceType: "ml.b", instanceCount: 4 }];

Deno.test("billable seconds are instances times whole seconds from start to end", () => {
  const table: [cluster: Partial<ProcessingClusterConfig>, job: Partial<Job>, expected: number | undefined][] = [
    [{ instanceType: "ml.a" }, ran(60_000), 60],
    [{ instanceType: "ml.a", instanceCount: 3 }, ran(60_000), 180],
    [{ instanceType: "ml.a", instanceCount: 3 }, ran(60_001), 183],
    [{ instanceType: "ml.a" }, ran(0), 0],
    [{ instanceType: "ml.a" }, ran(-5_000), 0],
    [{ instanceType: "ml.a" }, { endTime: START }, undefined],
    [{ instanceType: "ml.a" }, { startTime: START }, undefined],
    [{ instancePreferences: PREFERENCES }, { ...ran(10_000), selectedInstanceType: "ml.b" }, 40],
    [
      { instancePreferences: PREFERENCES },
      { ...ran(10_000), selectedInstanceType: "ml.b", selectedInstanceCount: 5 },
      50,
    ],
    [{ instancePreferences: [{ instanceType: "ml.a" }], instanceCount: 7 }, {
      ...ran(10_000),
      selectedInstanceType: "ml.a",
    }, 70],
  ];
  for (const [cluster, job, expected] of table) {
    const spec = { ...MINIMAL_SPEC, processingResources: { clusterConfig: { volumeSizeInGB: 5, ...cluster } } };
    assert.equal(billableInstanceSeconds(makeJob("Completed", job), spec), expected);
  }
});

function ran(ms: number): Partial<Job> {
  return { startTime: START, endTime: START + ms };
}
