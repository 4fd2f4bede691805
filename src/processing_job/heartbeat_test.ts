import assert from "node:assert/strict";
import fc from "fast-check";
import { isHeartbeatDue, untilHeartbeat } from "./heartbeat.ts";

const INTERVAL = 300_000;
const NOW = Date.parse("2026-01-01T00:00:00Z");
const uids = fc.array(fc.uuid(), { minLength: 1, maxLength: 20 });

Deno.test("untilHeartbeat() leads from each heartbeat to the next, one interval later", () => {
  fc.assert(fc.property(fc.uuid(), fc.nat(INTERVAL * 10), (uid, offset) => {
    const first = NOW + offset + untilHeartbeat(uid, NOW + offset, INTERVAL);
    assert.ok(Math.abs(untilHeartbeat(uid, first + 1, INTERVAL) - (INTERVAL - 1)) < 1);
  }));
});

Deno.test("untilHeartbeat() is more than nothing and at most an interval", () => {
  fc.assert(fc.property(uids, fc.nat(), (all, offset) => {
    for (const uid of all) {
      const ms = untilHeartbeat(uid, NOW + offset, INTERVAL);
      assert.ok(ms > 0 && ms <= INTERVAL);
    }
  }));
});

Deno.test("untilHeartbeat() spreads 1,000 resources over the interval", () => {
  const inEach = new Array<number>(10).fill(0);
  for (let count = 0; count < 1_000; count++) {
    inEach[Math.floor(untilHeartbeat(crypto.randomUUID(), NOW, INTERVAL) / INTERVAL * 9.999)]!++;
  }
  // 100 is the mean and 9.5 the deviation of each; eight of them are out of any run's reach.
  for (const count of inEach) assert.ok(count > 24 && count < 176, `${inEach}`);
});

Deno.test("isHeartbeatDue() holds from the heartbeat on, and always after an interval", () => {
  const uid = "00000000-0000-4000-8000-000000000001";
  const ms = untilHeartbeat(uid, NOW, INTERVAL);
  assert.equal(isHeartbeatDue(uid, NOW, NOW, INTERVAL), false);
  assert.equal(isHeartbeatDue(uid, NOW, NOW + ms - 1, INTERVAL), false);
  assert.equal(isHeartbeatDue(uid, NOW, NOW + ms, INTERVAL), true);
  assert.equal(isHeartbeatDue(uid, NOW, NOW + INTERVAL, INTERVAL), true);
});
