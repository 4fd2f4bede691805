/**
 * A tenant whose endpoint hangs takes a quarter of the workers at most, however many resources, sites and namespaces it has. At 939be82
 * it takes all of them: three quarters for each operation at each site.
 */
import assert from "node:assert/strict";
import { GateWorld } from "../../src/sagemaker/gate_world.ts";

const WORKERS = 16;
const MINUTE = 60_000;
const CALL = { operation: "CreateProcessingJob", region: "us-west-2", instanceType: "ml.m5.large" };

/** Whose calls to a host that hangs are ended by their deadline after a minute. */
function startHanging(): GateWorld {
  return new GateWorld({
    service: () => "ok",
    workers: WORKERS,
    mostUnderWay: 12,
    latencyMs: ({ endpoint, region }) => endpoint?.includes("hangs") || region === "hangs" ? MINUTE : 20,
  });
}

/** The most calls to what hangs that were under way at once after `from`. */
function mostHanging(world: GateWorld, from = 0): number {
  const hanging = world.arrived.filter(({ call }) => call.endpoint?.includes("hangs") || call.region === "hangs");
  const counts = hanging.map(({ at }) => hanging.filter((other) => other.at <= at && other.at + MINUTE > at).length);
  return Math.max(...counts.filter((_, index) => hanging[index]!.at >= from));
}

Deno.test("calls to one endpoint of a spec that hang take a quarter of the workers, and others go at once", () => {
  const world = startHanging();
  const operations = ["CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"];
  for (let index = 0; index < 300; index++) {
    const operation = operations[index % operations.length]!;
    world.make(`bad-${index}`, {
      ...CALL,
      operation,
      endpoint: "https://hangs.example.com",
      tenant: `bad-${index % 3}`,
    });
  }
  world.advance(1_000);
  for (let index = 0; index < 50; index++) world.make(`good-${index}`, { ...CALL, tenant: "good" });
  world.advance(1_000);
  assert.equal(mostHanging(world), WORKERS / 4);
  assert.equal([...world.done].filter((key) => key.startsWith("good-")).length, 50);
  world.advance(10 * MINUTE);
  assert.equal(mostHanging(world), WORKERS / 4);
  assert.ok(world.arrived.filter(({ key }) => key.startsWith("bad-")).length >= 36, "they go on, four at a time");
  // Asked again every five seconds at most.
  assert.ok(world.wakeUps <= 300 * 12 * 12, `${world.wakeUps}`);
});

Deno.test("one tenant's calls to many endpoints that hang take a quarter of the workers together", () => {
  const world = startHanging();
  for (let index = 0; index < 100; index++) {
    world.make(`bad-${index}`, { ...CALL, endpoint: `https://hangs-${index}.example.com`, tenant: "bad" });
  }
  world.advance(1_000);
  world.make("good", { ...CALL, tenant: "good" });
  world.advance(1_000);
  assert.equal(mostHanging(world), WORKERS / 4);
  assert.ok(world.done.has("good"));
});

Deno.test("where a region of AWS begins to hang, its calls take a quarter of the workers from the next deadline on", () => {
  const world = startHanging();
  for (let index = 0; index < 200; index++) {
    world.make(`a-${index}`, { ...CALL, region: "hangs", tenant: `t-${index % 5}` });
  }
  world.advance(5 * MINUTE);
  assert.ok(mostHanging(world) <= 12);
  assert.equal(mostHanging(world, MINUTE + 2_000), WORKERS / 4);
  world.make("good", { ...CALL, tenant: "good" });
  world.advance(100);
  assert.ok(world.done.has("good"));
});

Deno.test("calls that end in time have three quarters of the workers, as before", () => {
  const world = startHanging();
  for (let index = 0; index < 1_000; index++) world.make(`a-${index}`, CALL);
  // Twelve at once, after the slow start.
  world.advance(1_000 / 12 * 20 + 300);
  assert.equal(world.done.size, 1_000);
});
