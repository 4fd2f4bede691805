import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { exponentialBackoff } from "./rate_limiter.ts";

const baseMs = 500;
const maxMs = 300_000;

Deno.test("when() doubles from the base to the maximum", () => {
  const limiter = exponentialBackoff({ baseMs, maxMs, random: () => 1 - Number.EPSILON });
  const waits = Array.from({ length: 12 }, () => Math.round(limiter.when("a")));
  deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000, 300000]);
});

Deno.test("when() stays between half of the full wait and the full wait, whatever the random number", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2000 }),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    (failures, random) => {
      const limiter = exponentialBackoff({ baseMs, maxMs, random: () => random });
      for (let i = 0; i < failures; i++) limiter.when("a");
      const wait = limiter.when("a");
      const full = Math.min(maxMs, baseMs * 2 ** failures);
      ok(wait >= full / 2 && wait <= full, `${wait} is not within [${full / 2}, ${full}]`);
      equal(limiter.retries("a"), failures + 1);
    },
  ));
});

Deno.test("when() spreads keys that fail together", () => {
  const limiter = exponentialBackoff({ baseMs, maxMs });
  const waits = new Set(Array.from({ length: 50 }, (_, i) => limiter.when(`key-${i}`)));
  ok(waits.size > 40);
});

Deno.test("forget() starts one key again and leaves the others", () => {
  const limiter = exponentialBackoff({ baseMs, maxMs, random: () => 0 });
  for (let i = 0; i < 3; i++) {
    limiter.when("a");
    limiter.when("b");
  }
  limiter.forget("a");
  equal(limiter.retries("a"), 0);
  equal(limiter.when("a"), 250);
  equal(limiter.retries("b"), 3);
  equal(limiter.when("b"), 2000);
});
