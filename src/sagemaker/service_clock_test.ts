import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeClock } from "../runtime/fake_clock.ts";
import { placeOf, ServiceClock } from "./service_clock.ts";

const PLACE = placeOf({ region: "us-west-2" });

Deno.test("ServiceClock knows nothing of a place that has not answered", () => {
  const service = new ServiceClock(new FakeClock());
  service.note(PLACE, Date.UTC(2026, 0, 1));
  assert.equal(service.now(placeOf({ region: "eu-west-1" })), undefined);
});

Deno.test("ServiceClock makes nothing of an answer without a date", () => {
  const service = new ServiceClock(new FakeClock());
  service.note(PLACE, NaN);
  assert.equal(service.now(PLACE), undefined);
});

Deno.test("ServiceClock is never ahead of SageMaker's clock, and at most a second and the way behind", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ afterMs: fc.nat(3_000), wayMs: fc.nat(500) }), { minLength: 1, maxLength: 30 }),
    fc.integer({ min: -300_000, max: 300_000 }),
    async (answers, aheadMs) => {
      const clock = new FakeClock(Date.UTC(2026, 0, 1));
      const service = new ServiceClock(clock);
      for (const { afterMs, wayMs } of answers) {
        await clock.advance(afterMs);
        const date = Math.floor((clock.now() + aheadMs) / 1000) * 1000;
        await clock.advance(wayMs);
        service.note(PLACE, date);
        const behindMs = clock.now() + aheadMs - service.now(PLACE)!;
        assert.ok(behindMs >= 0 && behindMs < 1_000 + wayMs, `${behindMs} ms behind`);
      }
    },
  ));
});

Deno.test("ServiceClock forgets what it heard long ago", async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const service = new ServiceClock(clock);
  service.note(PLACE, clock.now() + 60_000);
  for (let minute = 0; minute < 25; minute++) {
    await clock.advance(60_000);
    service.note(PLACE, clock.now());
  }
  assert.equal(service.now(PLACE), clock.now());
});

Deno.test("dropIdle() forgets the offsets of 15,000 invented regions once no call has gone there for 10 minutes", async () => {
  const clock = new FakeClock();
  const service = new ServiceClock(clock);
  for (let i = 0; i < 15_000; i++) service.note(placeOf({ region: `invented-${i}` }), clock.now());
  service.note(PLACE, clock.now());
  await clock.advance(5 * 60_000);
  service.note(PLACE, clock.now());
  await clock.advance(5 * 60_000);
  service.dropIdle();
  assert.equal(service.size, 1);
  assert.notEqual(service.now(PLACE), undefined);
});
