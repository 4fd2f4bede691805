/**
 * The status shows a URL of the AWS console, which people open. A resource that was stored before the CRD had a pattern for
 * `spec.region` may have anything there. Fails at 939be82.
 */
import assert from "node:assert/strict";
import { statusOf } from "../../src/processing_job/status.ts";
import { cloudWatchLogUrl } from "../../src/sagemaker/region.ts";
import { makeProcessingJob, MINIMAL_SPEC } from "../support/builders.ts";

const REGIONS = [
  "evil.example/",
  "evil.example#",
  "evil.example?a=",
  "user@evil.example/",
  "us-west-2.evil.example\\",
  "x",
];

Deno.test("a status has no console URL for what is no region, and all else that it has", () => {
  for (const region of [...REGIONS, "us-west-2"]) {
    const resource = makeProcessingJob({ spec: { ...MINIMAL_SPEC, region } });
    const view = {
      word: "InProgress",
      reason: "InProgress",
      message: "",
      jobName: "job-1",
      cloudWatchLogUrl: cloudWatchLogUrl(region, "job-1"),
    } as const;
    const status = statusOf(resource, view, 0);
    assert.equal(status.sageMakerProcessingJobName, "job-1");
    if (region === "us-west-2") {
      assert.match(status.cloudWatchLogUrl!, /^https:\/\/us-west-2\.console\.aws\.amazon\.com\//);
    } else assert.ok(!("cloudWatchLogUrl" in status), region);
  }
});
