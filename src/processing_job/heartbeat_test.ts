import assert from "node:assert/strict";
import fc from "fast-check";
import { HeartbeatPhases, isHeartbeatDue, untilDue, untilHeartbeat } from "./heartbeat.ts";

const INTERVAL = 300_000;
const NOW = Date.parse("2026-01-01T00:00:00Z");
const phases = fc.double({ min: 0, max: 0.999, noNaN: true });

Deno.test("untilHeartbeat() leads from each heartbeat to the next, one interval later", () => {
  fc.assert(fc.property(phases, fc.nat(INTERVAL * 10), (phase, offset) => {
    const first = NOW + offset + untilHeartbeat(phase, NOW + offset, INTERVAL);
    assert.ok(Math.abs(untilHeartbeat(phase, first + 1, INTERVAL) - (INTERVAL - 1)) < 1);
  }));
});

Deno.test("untilHeartbeat() is more than nothing and at most an interval", () => {
  fc.assert(fc.property(phases, fc.nat(), (phase, offset) => {
    const ms = untilHeartbeat(phase, NOW + offset, INTERVAL);
    assert.ok(ms > 0 && ms <= INTERVAL);
  }));
});

Deno.test("1,000 resources have 200 heartbeats, give or take a few, in each minute of five", () => {
  const phases = new HeartbeatPhases();
  const inEach = new Array<number>(5).fill(0);
  for (let count = 0; count < 1_000; count++) {
    inEach[Math.floor(untilHeartbeat(phases.of(`team-a/job-${count}`), NOW, INTERVAL) / INTERVAL * 4.999)]!++;
  }
  for (const count of inEach) assert.ok(Math.abs(count - 200) <= 5, `${inEach}`);
});

Deno.test("a key keeps its phase until it is forgotten", () => {
  const phases = new HeartbeatPhases();
  const first = phases.of("a");
  assert.notEqual(phases.of("b"), first);
  assert.equal(phases.of("a"), first);
  phases.forget("a");
  assert.notEqual(phases.of("a"), first);
});

Deno.test("isHeartbeatDue() holds from half an interval after a write at the earliest, and from an interval after it at the latest", () => {
  fc.assert(fc.property(phases, fc.nat(INTERVAL * 10), (phase, offset) => {
    const checkedAt = NOW + offset;
    assert.equal(isHeartbeatDue(phase, checkedAt, checkedAt + INTERVAL / 2 - 1, INTERVAL), false);
    assert.equal(isHeartbeatDue(phase, checkedAt, checkedAt + INTERVAL, INTERVAL), true);
    const ms = untilDue(phase, checkedAt, checkedAt, INTERVAL);
    assert.equal(isHeartbeatDue(phase, checkedAt, checkedAt + Math.floor(ms) - 1, INTERVAL), false);
    assert.equal(isHeartbeatDue(phase, checkedAt, checkedAt + Math.ceil(ms), INTERVAL), true);
  }));
});

Deno.test("isHeartbeatDue() holds from the heartbeat on, and always after an interval", () => {
  const ms = untilDue(0.3, NOW, NOW, INTERVAL);
  assert.equal(isHeartbeatDue(0.3, NOW, NOW, INTERVAL), false);
  assert.equal(isHeartbeatDue(0.3, NOW, NOW + ms - 1, INTERVAL), false);
  assert.equal(isHeartbeatDue(0.3, NOW, NOW + ms, INTERVAL), true);
  assert.equal(isHeartbeatDue(0.3, NOW, NOW + INTERVAL, INTERVAL), true);
});
