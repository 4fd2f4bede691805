import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Failure } from "../api/job.ts";
import { classify } from "./errors.ts";
import type { Call } from "./gate.ts";
import { GateWorld, mostWithin } from "./gate_world.ts";
import { isOversized, readQuotaRefusal } from "./quota.ts";

const MINUTE = 60_000;
const CREATE = { operation: "CreateProcessingJob", region: "us-east-1", instanceType: "ml.m5.large" };
const TYPE_QUOTA = "ml.m5.large for processing job usage";

/** The service's refusal in its own words, as it is classified. */
function refusal(name: string, limit: number, used: number, requested: number, unit = "Instances"): Failure {
  const message =
    `The account-level service limit '${name}' is ${limit} ${unit}, with current utilization of ${used} ${unit} and ` +
    `a request delta of ${requested} ${unit}. Please use AWS Service Quotas to request an increase for this quota.`;
  const error = Object.assign(new Error(message), {
    name: "ResourceLimitExceeded",
    $metadata: { httpStatusCode: 400 },
  });
  return classify(error, { operation: "CreateProcessingJob", region: "us-east-1" }) as Failure;
}

/** A refusal in words that nothing is read from. */
const UNWORDED: Failure = {
  retry: "slowly",
  reason: "QuotaExceeded",
  code: "ResourceLimitExceeded",
  message: "ResourceLimitExceeded: Full",
};

/** Refuses what is over `limit` instances of a type, of which others use `used`. */
class InstanceQuota {
  constructor(readonly limit: number, public used: number, readonly isWorded = true) {}

  answer({ instances = 1 }: Call): "ok" | Failure {
    if (this.used + instances > this.limit) {
      return this.isWorded ? refusal(TYPE_QUOTA, this.limit, this.used, instances) : UNWORDED;
    }
    this.used += instances;
    return "ok";
  }
}

Deno.test("readQuotaRefusal() reads the quota, its limit and the request from SageMaker's words", () => {
  const text =
    "ResourceLimitExceeded: The account-level service limit 'Number of instances across all processing jobs' is 4 Instances, " +
    "with current utilization of 0 Instances and a request delta of 11 Instances. Please contact AWS support.";
  deepEqual(readQuotaRefusal(text), {
    name: "Number of instances across all processing jobs",
    unit: "Instances",
    limit: 4,
    used: 0,
    requested: 11,
  });
  equal(readQuotaRefusal("A resource cannot have more than 50 tags"), undefined);
});

Deno.test("a request that is larger than the whole quota waits for a person, and says what it needs", () => {
  const failure = refusal(TYPE_QUOTA, 4, 0, 11);
  equal(isOversized(failure), true);
  equal(failure.retry, "person");
  match(failure.message, /needs 11 Instances and the whole quota 'ml\.m5\.large for processing job usage' is 4/);
  equal(isOversized(refusal(TYPE_QUOTA, 4, 4, 1)), false);
});

for (const isWorded of [true, false]) {
  const words = isWorded ? "" : " of which the service does not say the size";
  for (const oversized of [3, 30]) {
    Deno.test(`${oversized} oversized requests${words} do not hold up eight ordinary ones once quota is free`, () => {
      const quota = new InstanceQuota(8, 8, isWorded);
      const world = new GateWorld({ service: (_key, call) => quota.answer(call) });
      for (let i = 0; i < oversized; i++) world.make(`huge-${i}`, { ...CREATE, tenant: "a", instances: 9 + i });
      world.advance(MINUTE);
      for (let i = 0; i < 8; i++) world.make(`small-${i}`, { ...CREATE, tenant: "b", instances: 1 });
      world.advance(5 * MINUTE);
      quota.used = 0;
      world.advance(3 * MINUTE);
      const created = world.arrived.filter(({ outcome }) => outcome === "ok");
      equal(created.length, 8);
      ok(created.at(-1)!.at - created[0]!.at <= 15_000, `${created.at(-1)!.at - created[0]!.at} ms`);
    });
  }
}

Deno.test("a refusal for instances holds back no smaller request, and a refused volume no other volume", () => {
  const service = (_key: string, { instances = 1, volumeGB = 1 }: Call) => {
    if (volumeGB > 1024) return refusal("Size of EBS volume for a processing job instance", 1024, 0, volumeGB, "GBs");
    return instances > 4 ? refusal(TYPE_QUOTA, 8, 4, instances) : "ok" as const;
  };
  const world = new GateWorld({ service });
  world.make("wide", { ...CREATE, instances: 5 });
  world.make("large", { ...CREATE, volumeGB: 1025 });
  world.advance(1_000);
  world.make("small", { ...CREATE, instances: 4 });
  world.make("medium", { ...CREATE, volumeGB: 1024 });
  world.advance(1_000);
  deepEqual(world.succeeded, ["small", "medium"]);
  // As large as one that was refused: it waits, and no call is made for it.
  world.make("as-wide", { ...CREATE, instances: 5 });
  world.advance(1_000);
  equal(world.arrived.some(({ key }) => key === "as-wide"), false);
});

Deno.test("gate tries an oversized request every five minutes, and its success releases those that wait for the same", () => {
  let limit = 4;
  const world = new GateWorld({
    service: (_key, { instances = 1 }) => instances > limit ? refusal(TYPE_QUOTA, limit, 0, instances) : "ok",
  });
  world.make("first", { ...CREATE, instances: 5 });
  world.advance(1_000);
  world.make("second", { ...CREATE, instances: 6 });
  world.advance(20 * MINUTE);
  const calls = (key: string) => world.arrived.filter((call) => call.key === key).length;
  ok(calls("first") >= 3 && calls("first") <= 6, `${calls("first")}`);
  ok(calls("second") >= 3 && calls("second") <= 6, `${calls("second")}`);
  limit = 6;
  world.advance(7 * MINUTE);
  deepEqual(world.succeeded.toSorted(), ["first", "second"]);
  equal(world.gate.size, 0);
});

Deno.test("gate keeps 1,000 resources of an instance type without quota below 60 calls a minute", () => {
  const world = new GateWorld({
    service: (_key, { instances = 1 }) => refusal(TYPE_QUOTA, 0, 0, instances),
    workers: 16,
  });
  for (let i = 0; i < 1000; i++) world.make(`pj-${i}`, { ...CREATE, instances: 1 + i % 3 });
  world.advance(10 * MINUTE);
  const most = mostWithin(MINUTE, world.failed);
  ok(most <= 60, `${most} failing calls in a minute`);
});

Deno.test("a resource that waits for quota speaks of the quota, not of the request that was refused", () => {
  const world = new GateWorld({ service: (_key, { instances = 1 }) => refusal(TYPE_QUOTA, 8, 8, instances) });
  world.make("first", { ...CREATE, tenant: "a", instances: 7 });
  world.advance(1_000);
  const second = { ...CREATE, tenant: "b", instances: 7, createdAt: world.now };
  const admission = world.gate.admit("second", second);
  ok(!admission.go);
  equal(
    admission.failure.message,
    "Waiting for the quota 'ml.m5.large for processing job usage', which is 8 Instances: requests that came earlier go first",
  );
});
