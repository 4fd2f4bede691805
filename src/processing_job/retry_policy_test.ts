import assert from "node:assert/strict";
import { makeJob, makeProcessingJob, MINIMAL_SPEC } from "../../tests/support/builders.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { backoffMs, causeOf, mayRetry, retryAfterMs } from "./retry_policy.ts";

const CREATED = Date.parse("2026-01-01T00:00:00Z");

function resource(retryPolicy?: NonNullable<ProcessingJobSpec["retryPolicy"]>) {
  return makeProcessingJob({ spec: { ...MINIMAL_SPEC, ...(retryPolicy && { retryPolicy }) } });
}

const causes: [string, string | undefined, string | undefined][] = [
  ["Failed", "CapacityError: Unable to provision requested ML compute capacity.", "CapacityError"],
  ["Failed", "Unable to provision requested ML compute capacity. Please retry.", "CapacityError"],
  ["Failed", "ClientError: Unable to provision requested ML compute capacity", "CapacityError"],
  ["Failed", "InternalServerError: Unable to provision requested ML compute capacity", "CapacityError"],
  ["Failed", "InsufficientInstanceCapacity: none of ml.p4d.24xlarge", "CapacityError"],
  ["Failed", "CapacityError: InsufficientInstanceCapacity", "CapacityError"],
  ["Failed", "ClientError: InsufficientInstanceCapacity", "CapacityError"],
  ["Failed", "InsufficientCapacityError", "CapacityError"],
  ["Failed", "AlgorithmError: Unable to provision requested ML compute capacity", "AlgorithmError"],
  ["Failed", "ClientError: my words: Unable to provision requested ML compute capacity", undefined],
  ["Failed", "Unable to provision a cluster", undefined],
  ["Failed", "InternalServerError: We encountered an internal error. Please try again.", "InternalServerError"],
  ["Failed", "We encountered an internal error. Please try again.", "InternalServerError"],
  ["Failed", "ServiceFault: try again", "ServiceFault"],
  ["Failed", "ResourceLimitExceeded: the account-level service limit", "ResourceLimit"],
  ["Failed", "AlgorithmError: See job logs for more information, exit code: 1", "AlgorithmError"],
  ["Failed", "AlgorithmError: CapacityError: InternalServerError", "AlgorithmError"],
  ["Failed", "ClientError: Data download failed: CapacityError", undefined],
  ["Failed", "CapacityErrors are no words of SageMaker's", undefined],
  ["Failed", undefined, undefined],
  ["Stopped", undefined, "Stopped"],
  ["Stopped", "CapacityError: none", "Stopped"],
  ["Completed", "CapacityError: none", undefined],
];
for (const [status, failureReason, cause] of causes) {
  Deno.test(`causeOf() takes ${status} for '${failureReason}' for ${cause}`, () => {
    assert.equal(causeOf({ status, ...(failureReason !== undefined && { failureReason }) }), cause);
  });
}

Deno.test("causeOf() goes by nothing that the user's own code may have written", () => {
  assert.equal(causeOf(makeJob("Failed", { exitMessage: "CapacityError: none" })), undefined);
});

Deno.test("backoffMs() grows by the rate with each attempt that counts, up to a day", () => {
  const growing = resource({ backoffSeconds: 10, backoffRate: 3 });
  assert.deepEqual([1, 2, 3].map((counted) => backoffMs(growing, counted)), [10_000, 30_000, 90_000]);
  assert.equal(backoffMs(growing, 10), 86_400_000);
  assert.deepEqual([1, 2].map((counted) => backoffMs(resource({}), counted)), [30_000, 60_000]);
});

const capacity = makeJob("Failed", { failureReason: "CapacityError: none" });
const retries: [string, Parameters<typeof retryAfterMs>, number | undefined][] = [
  ["nothing without a policy", [resource(), capacity, 1, CREATED], undefined],
  [
    "nothing with a policy that names one attempt",
    [resource({ retryOn: ["CapacityError"] }), capacity, 1, CREATED],
    undefined,
  ],
  ["a lack of capacity", [resource({ maxAttempts: 2 }), capacity, 1, CREATED], 30_000],
  ["nothing after the last attempt", [resource({ maxAttempts: 2 }), capacity, 2, CREATED], undefined],
  [
    "nothing that is not asked for",
    [resource({ maxAttempts: 2, retryOn: ["ServiceFault"] }), capacity, 1, CREATED],
    undefined,
  ],
  ["no stop, unless that is asked for", [resource({ maxAttempts: 2 }), makeJob("Stopped"), 1, CREATED], undefined],
  [
    "a stop that is asked for",
    [resource({ maxAttempts: 2, retryOn: ["Stopped"] }), makeJob("Stopped"), 1, CREATED],
    30_000,
  ],
  ["nothing that would begin after the expiry", [
    resource({ maxAttempts: 2, expireAfterSeconds: 60 }),
    capacity,
    1,
    CREATED + 30_000,
  ], undefined],
  ["what begins just before the expiry", [
    resource({ maxAttempts: 2, expireAfterSeconds: 60 }),
    capacity,
    1,
    CREATED + 29_999,
  ], 30_000],
];
for (const [what, given, expected] of retries) {
  Deno.test(`retryAfterMs() retries ${what}`, () => assert.equal(retryAfterMs(...given), expected));
}

Deno.test("mayRetry() counts the time anew from when a suspension has ended", () => {
  const expiring = resource({ maxAttempts: 3, expireAfterSeconds: 60 });
  const at = CREATED + 3_600_000;
  assert.equal(mayRetry(expiring, 2, at), false);
  const suspended = {
    type: "Suspended" as const,
    status: "False" as const,
    reason: "Resumed" as const,
    message: "",
    lastTransitionTime: new Date(at - 59_000).toISOString(),
    observedGeneration: 1,
  };
  assert.equal(mayRetry({ ...expiring, status: { conditions: [suspended] } }, 2, at), true);
});
