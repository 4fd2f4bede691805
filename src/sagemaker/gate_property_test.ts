import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Failure } from "../api/job.ts";
import type { Call } from "./gate.ts";
import { GateWorld, mostWithin } from "./gate_world.ts";

const MINUTE = 60_000;
/** Who was refused for want of quota is not tried again for so long. */
const REST = 51_000;
const DENIED: Failure = { reason: "AccessDenied", retry: "person", code: "AccessDeniedException", message: "Denied" };
const NO_QUOTA: Failure = { reason: "QuotaExceeded", retry: "slowly", code: "ResourceLimitExceeded", message: "Full" };
const THROTTLED: Failure = { reason: "Throttled", retry: "soon", code: "ThrottlingException", message: "Slow down" };
const DOWN: Failure = { reason: "ServiceUnavailable", retry: "soon", code: "InternalFailure", message: "Oops" };
const UNKNOWN: Failure = { reason: "UnknownError", retry: "slowly", code: "Strange", message: "Strange" };
/** Those of which a minute may hold only so many; a throttled or dead service has its own pauses. */
const BOUNDED = [DENIED, NO_QUOTA, UNKNOWN];

interface Phase {
  ms: number;
  deniedRoles: string[];
  /** Jobs that may start in this phase, by instance type; the others have no quota. */
  free: Record<string, number>;
  /** What all calls end with, whatever they are. */
  outage?: Failure | undefined;
}

interface Resource {
  atMs: number;
  operation: string;
  roleArn: string;
  instanceType: string;
  /** It fails with `UNKNOWN` for its own sake until the service heals. */
  odd: boolean;
  /** When it is deleted, after it was made. */
  removedMs?: number | undefined;
  /** When it is looked at for another reason. */
  touchedMs: number[];
}

const ROLES = ["role-a", "role-b", "role-c"];
const TYPES = ["ml.m5.large", "ml.p4d.24xlarge"];

const phase: fc.Arbitrary<Phase> = fc.record({
  ms: fc.integer({ min: 100, max: 5 * MINUTE }),
  deniedRoles: fc.subarray(ROLES),
  free: fc.record({ "ml.m5.large": fc.nat(40), "ml.p4d.24xlarge": fc.nat(3) }),
  outage: fc.option(fc.constantFrom(THROTTLED, DOWN), { freq: 4, nil: undefined }),
});
const resource: fc.Arbitrary<Resource> = fc.record({
  atMs: fc.integer({ min: 0, max: 4 * MINUTE }),
  operation: fc.constantFrom("CreateProcessingJob", "CreateProcessingJob", "StopProcessingJob"),
  roleArn: fc.constantFrom(...ROLES),
  instanceType: fc.constantFrom(...TYPES),
  odd: fc.boolean(),
  removedMs: fc.option(fc.integer({ min: 0, max: 5 * MINUTE }), { freq: 5, nil: undefined }),
  touchedMs: fc.array(fc.integer({ min: 0, max: 10 * MINUTE }), { maxLength: 3 }),
});
const resources = fc.array(resource, { minLength: 1, maxLength: 150, size: "max" });
const randoms = fc.constantFrom(() => 0, () => 0.5, () => 0.999);

/** A world in which the phases follow each other, and then everything succeeds. */
function makeWorld(
  phases: Phase[],
  all: Map<string, Resource>,
  random = () => 0.5,
): { world: GateWorld; healsAt: number } {
  const ends: { until: number; phase: Phase; free: Record<string, number> }[] = [];
  let until = 0;
  for (const phase of phases) ends.push({ until: until += phase.ms, phase, free: { ...phase.free } });
  const service = (key: string, call: Call, now: number): "ok" | Failure => {
    const current = ends.find((end) => now < end.until);
    if (current === undefined) return "ok";
    if (current.phase.outage) return current.phase.outage;
    if (current.phase.deniedRoles.includes(call.roleArn ?? "")) return DENIED;
    if (all.get(key)?.odd) return UNKNOWN;
    if (call.operation !== "CreateProcessingJob") return "ok";
    const free = current.free[call.instanceType ?? ""] ?? 0;
    if (free === 0) return NO_QUOTA;
    current.free[call.instanceType ?? ""] = free - 1;
    return "ok";
  };
  const world = new GateWorld({ service, random });
  for (const [key, { atMs, removedMs, touchedMs, ...call }] of all) {
    for (const ms of touchedMs) world.after(atMs + ms, () => world.wake(key));
    world.after(atMs, () => world.make(key, { ...call, region: "us-east-1" }));
    if (removedMs !== undefined) world.after(atMs + removedMs, () => world.remove(key));
  }
  return { world, healsAt: until };
}

function named(list: Resource[]): Map<string, Resource> {
  return new Map(list.map((resource, index) => [`pj-${index}`, resource]));
}

Deno.test("gate lets everyone go once the service heals, and keeps failing calls below 60 a minute until then", () => {
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 5 }), resources, randoms, (phases, list, random) => {
      const all = named(list);
      const { world, healsAt } = makeWorld(phases, all, random);
      world.advance(Math.max(healsAt, 10 * MINUTE));
      world.advance(15 * MINUTE);
      for (const [key, { removedMs }] of all) ok(world.done.has(key) || removedMs !== undefined, `${key} is stuck`);
      equal(world.gate.size, 0);
      const bounded = world.failed.filter(({ outcome }) => BOUNDED.includes(outcome as Failure));
      const most = mostWithin(MINUTE, bounded);
      ok(most <= 60, `${most} failing calls in a minute`);
    }),
    { numRuns: 150 },
  );
});

Deno.test("gate never holds up a resource whose own role and instance type are fine", () => {
  const harmless = phase.map((phase) => ({ ...phase, outage: undefined }));
  fc.assert(
    fc.property(fc.array(harmless, { maxLength: 4 }), resources, (phases, list) => {
      const all = named(list.map((resource, index) => {
        const good = { ...resource, roleArn: "role-good", instanceType: "", odd: false };
        return index % 3 === 0 ? good : resource;
      }));
      const endless = phases.map((phase) => ({ ...phase, free: { ...phase.free, "": Infinity } }));
      const { world } = makeWorld(endless, all);
      world.advance(10 * MINUTE);
      deepEqual([...world.waits.keys()].filter((key) => all.get(key)?.roleArn === "role-good"), []);
    }),
    { numRuns: 100 },
  );
});

Deno.test("gate serves who waits for quota in order of creation, with a try each minute at least", () => {
  const seconds = fc.array(
    fc.record({ ms: fc.integer({ min: 1, max: 5 * MINUTE }), free: fc.integer({ min: 1, max: 9 }) }),
  );
  const moments = fc.array(fc.integer({ min: 0, max: 10 * MINUTE }), { minLength: 1, maxLength: 60, size: "max" });
  fc.assert(
    fc.property(seconds, moments, fc.integer({ min: 1, max: 16 }), (frees, made, workers) => {
      let free = 0;
      const world = new GateWorld({ service: () => free > 0 ? (free--, "ok") : NO_QUOTA, workers });
      const call = { operation: "CreateProcessingJob", region: "us-east-1", instanceType: "ml.m5.large" };
      const keys = made.toSorted((a, b) => a - b).map((at, index) => {
        world.after(at, () => world.make(`pj-${index}`, call));
        return `pj-${index}`;
      });
      let at = 0;
      for (const each of frees) world.after(at += each.ms, () => void (free += each.free));
      world.advance(Math.max(at, 12 * MINUTE));
      const waitedAt = world.now;
      free += keys.length;
      world.advance(2 * MINUTE);
      equal(world.done.size, keys.length);

      const passed = new Set<string>();
      let lastRefused = false;
      const refusedAt = new Map<string, number>();
      for (const { at, key, outcome } of world.arrived) {
        const afterRefusal = lastRefused;
        lastRefused = outcome !== "ok";
        if (outcome !== "ok") {
          refusedAt.set(key, at);
          continue;
        }
        passed.add(key);
        // After a refusal one other has its try; what became free in between is its, and then of those after the refused, who
        // may ask for too much.
        const before = keys.slice(0, keys.indexOf(key)).filter((earlier) => !passed.has(earlier));
        const isRefused = (key: string) => at - (refusedAt.get(key) ?? -Infinity) <= REST;
        ok(afterRefusal || before.every(isRefused), `${key} goes at ${at} before ${before}`);
      }
      for (const [index, { at, outcome }] of world.arrived.entries()) {
        const next = world.arrived[index + 1]?.at ?? waitedAt;
        ok(outcome === "ok" || next - at <= MINUTE, `nobody is tried from ${at} to ${next}`);
      }
    }),
    { numRuns: 200 },
  );
});
