/**
 * A tenant has 30 resources that ask for more than the quota grants. At 939be82 they keep another tenant's one-instance job out for as long as
 * they exist, and all tests of this file fail. The gate alone, on a clock of its own.
 */
import assert from "node:assert/strict";
import type { Failure } from "../../src/api/job.ts";
import type { Call } from "../../src/sagemaker/gate.ts";
import { GateWorld } from "../../src/sagemaker/gate_world.ts";
import { readQuotaRefusal } from "../../src/sagemaker/quota.ts";

const CREATE = { operation: "CreateProcessingJob", region: "us-east-1", instanceType: "ml.m5.large" };
const LIMIT = 4;
const SECOND = 1_000;

/** Refuses what is over the quota, of which `used` instances are in use, in SageMaker's words or in others. */
function refusal(used: number, requested: number, isWorded: boolean): Failure {
  const text =
    `The account-level service limit 'ml.m5.large for processing job usage' is ${LIMIT} Instances, with current ` +
    `utilization of ${used} Instances and a request delta of ${requested} Instances.`;
  const quota = isWorded ? readQuotaRefusal(text) : undefined;
  return {
    retry: "slowly",
    reason: "QuotaExceeded",
    code: "ResourceLimitExceeded",
    message: isWorded ? text : "Full",
    ...(quota && { quota }),
  };
}

function createdWithin(world: GateWorld, key: string, seconds: number): number | undefined {
  const start = world.now;
  while (!world.done.has(key) && world.now - start < seconds * SECOND) world.advance(100);
  return world.done.has(key) ? (world.now - start) / SECOND : undefined;
}

for (const isWorded of [true, false]) {
  const how = isWorded ? "in SageMaker's words" : "in other words";
  Deno.test(`30 requests for more than the quota, refused ${how}: another tenant's one-instance job is created within 15 s`, () => {
    const service = (_: string, { instances = 1 }: Call) =>
      instances > LIMIT ? refusal(0, instances, isWorded) : "ok" as const;
    const world = new GateWorld({ service });
    for (let index = 0; index < 30; index++) {
      world.make(`a/${index}`, { ...CREATE, tenant: "a", instances: LIMIT + 1 + index });
    }
    for (const minutes of [0, 1, 10]) {
      world.advance(minutes * 60 * SECOND);
      world.make(`b/${minutes}`, { ...CREATE, tenant: "b", instances: 1 });
      const seconds = createdWithin(world, `b/${minutes}`, 15);
      assert.ok(seconds !== undefined, `not created after ${minutes} minutes`);
    }
  });
}

Deno.test("a used quota that is free again: tries go round the tenants, so the one of another tenant is among the first", () => {
  let used = LIMIT;
  const service = (_: string, { instances = 1 }: Call) => {
    if (used + instances > LIMIT) return refusal(used, instances, true);
    used += instances;
    return "ok" as const;
  };
  const world = new GateWorld({ service });
  for (let index = 0; index < 30; index++) world.make(`a/${index}`, { ...CREATE, tenant: "a", instances: 1 });
  world.advance(SECOND);
  world.make("b/0", { ...CREATE, tenant: "b", instances: 1 });
  world.advance(60 * SECOND);
  used = LIMIT - 2;
  world.advance(120 * SECOND);
  assert.equal(world.done.size, 2);
  assert.ok(world.done.has("b/0"), `${[...world.done]}`);
});
