/** Tenants share what the gate gives out: however many resources one has, another's first does not wait for them. */
import { deepEqual, equal, ok } from "node:assert/strict";
import type { Failure } from "../api/job.ts";
import { GateWorld, throttle } from "./gate_world.ts";

const CROWD = 5_000;
const CREATE = {
  operation: "CreateProcessingJob",
  region: "us-east-1",
  instanceType: "ml.m5.large",
  roleArn: "arn:aws:iam::1:role/jobs",
};
const DENIED: Failure = { reason: "AccessDenied", retry: "person", code: "AccessDeniedException", message: "Denied" };
const NO_QUOTA: Failure = { reason: "QuotaExceeded", retry: "slowly", code: "ResourceLimitExceeded", message: "Full" };
const NO_CREDENTIALS: Failure = { ...DENIED, reason: "CredentialsUnavailable" };

function make(world: GateWorld, tenant: string, count: number): string[] {
  const keys = Array.from({ length: count }, (_, index) => `${tenant}/${index}`);
  for (const key of keys) world.make(key, { ...CREATE, tenant });
  return keys;
}

/** Milliseconds until `key` is done. */
function msUntilDone(world: GateWorld, key: string, atMost = 60_000): number {
  const start = world.now;
  while (!world.done.has(key) && world.now - start < atMost) world.advance(20);
  return world.now - start;
}

for (const perSecond of [2, 5, 50]) {
  Deno.test(`at ${perSecond} calls a second, 5,000 of one tenant delay another's first by no more than two turns`, () => {
    const world: GateWorld = new GateWorld({ service: throttle(perSecond, () => world.now), mostUnderWay: 12 });
    make(world, "crowd", CROWD);
    world.advance(30_000);
    ok(world.done.size < CROWD);
    const waited: number[] = [];
    for (let index = 0; index < 10; index++) {
      const [first] = make(world, `small-${index}`, 1);
      waited.push(msUntilDone(world, first!));
      world.advance(1_500);
    }
    // One turn of the crowd's, its own, and what the budget is below the service's rate.
    const longest = Math.max(...waited);
    ok(longest <= Math.max(500, 3_000 / perSecond + 100), `${waited} ms`);
  });
}

Deno.test("a throttled operation is shared out evenly, and of one tenant who came first goes first", () => {
  const world: GateWorld = new GateWorld({ service: throttle(5, () => world.now), mostUnderWay: 12 });
  const crowd = make(world, "crowd", 1_000);
  world.advance(20_000);
  const before = world.succeeded.length;
  const [b, c] = [make(world, "b", 100), make(world, "c", 100)];
  world.advance(60_000);
  const after = world.succeeded.slice(before);
  const of = (tenant: string) => after.filter((key) => key.startsWith(tenant));
  for (const tenant of ["crowd", "b", "c"]) {
    const part = of(`${tenant}/`).length / after.length;
    ok(part > 0.28 && part < 0.39, `${part} of ${after.length} calls are for '${tenant}'`);
  }
  deepEqual([of("b/"), of("c/")], [b.slice(0, of("b/").length), c.slice(0, of("c/").length)]);
  while (world.done.size < 1_200) world.advance(10_000);
  ok(crowd.every((key) => world.done.has(key)));
  ok(world.wakeUps < 8 * 1_200, `${world.wakeUps} wake-ups`);
  equal(world.gate.size, 0);
});

Deno.test("after an outage another tenant's first goes with the first of 5,000 that waited", () => {
  let answer: "ok" | Failure = NO_CREDENTIALS;
  const world = new GateWorld({ service: () => answer, latencyMs: () => 200 });
  make(world, "crowd", CROWD);
  world.advance(30_000);
  const [first] = make(world, "small", 1);
  answer = "ok";
  while (world.succeeded.length === 0) world.advance(100);
  ok(msUntilDone(world, first!) <= 1_000);
  ok(world.done.size < 50, `${world.done.size} went before it`);
});

Deno.test("of those whose shared role is refused, another tenant's first is tried next", () => {
  const world = new GateWorld({ service: (key) => key.startsWith("crowd") ? DENIED : "ok" });
  make(world, "crowd", CROWD);
  world.advance(5 * 60_000);
  const [first] = make(world, "small", 1);
  // The budget of tries is one in four seconds.
  const ms = msUntilDone(world, first!);
  ok(ms <= 12_000, `${ms} ms`);
});

Deno.test("tenants that wait for quota take turns, and of one tenant who came first goes first", () => {
  let free = 0;
  const world = new GateWorld({ service: () => free-- > 0 ? "ok" : (free = 0, NO_QUOTA), workers: 1 });
  const crowd = make(world, "crowd", 20);
  world.advance(1_000);
  const small = make(world, "small", 2);
  free = 100;
  world.advance(3 * 60_000);
  deepEqual(world.succeeded.filter((key) => key.startsWith("crowd/")), crowd);
  deepEqual(world.succeeded.slice(0, 5).filter((key) => key.startsWith("small/")), small);
});
