import assert from "node:assert/strict";
import { growth, residentMiB, summary } from "./memory.ts";

/** A life of 400 s, one sample each second. */
function life(mibAt: (second: number) => number) {
  return Array.from({ length: 400 }, (_, second) => ({ at: second * 1_000, mib: mibAt(second) }));
}

Deno.test("growth() finds memory that rises steadily, and nothing else", () => {
  const steady = life((second) => 100 + second);
  assert.match(growth(steady) ?? "", /^memory grows: at least 120 MiB in the first half of .+, 310 in the second$/);
  const sawtooth = (second: number) => 50 * (second % 120) / 120;
  assert.match(growth(life((second) => 100 + second / 5 + sawtooth(second))) ?? "", /^memory grows/);
  assert.equal(growth(life((second) => 100 + sawtooth(second))), undefined);
  assert.equal(growth(life((second) => 100 + second / 20)), undefined, "within the bound");
  assert.equal(growth(life((second) => second < 20 ? 50 + second : 100)), undefined, "only at the start");
  assert.equal(growth(steady.slice(0, 240)), undefined, "too short to tell");
  assert.equal(growth([]), undefined);
});

Deno.test("summary() tells the least, the middle and the most", () => {
  assert.equal(summary(life((second) => 100 + second)), "min 100 median 300 max 499 MiB");
  assert.equal(summary([]), "no samples");
});

Deno.test("residentMiB() reads the memory of a process", async () => {
  const mib = await residentMiB(Deno.pid);
  if (Deno.build.os === "linux") assert.ok(mib !== undefined && mib > 10 && mib < 100_000, `${mib}`);
  assert.equal(await residentMiB(0), undefined);
});
