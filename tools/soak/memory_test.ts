import assert from "node:assert/strict";
import { growth, heapSlope, leastSquares, residentMiB, summary } from "./memory.ts";

/** A life of so many minutes, one sample each second. */
function life(heapMibAt: (second: number) => number, minutes = 60) {
  return Array.from({ length: minutes * 60 }, (_, second) => {
    return { at: 1_000_000 + second * 1_000, mib: 100 + second, heapMib: heapMibAt(second) };
  });
}

/** Garbage of up to 5 MiB, collected every 100 s. */
const sawtooth = (second: number) => 5 * (second % 100) / 100;
/** What garbage collections leave differs a little from one to the next. */
const uneven = (second: number) => 0.2 * Math.sin(Math.floor(second / 100) * 2.4);

Deno.test("leastSquares() finds the line through points on one, and how far off it may be where they are not", () => {
  assert.deepEqual(leastSquares([0, 1, 2, 5].map((x) => ({ x, y: 3 - 2 * x }))), { slope: -2, error: 0 });
  const { slope, error } = leastSquares([{ x: 0, y: 0 }, { x: 1, y: 2 }, { x: 2, y: 1 }]);
  assert.equal(slope, 0.5);
  // By hand: residuals -0.5, 1, -0.5, so 1.5 over one degree of freedom, over a spread of 2.
  assert.ok(Math.abs(error - Math.sqrt(0.75)) < 1e-12, `${error}`);
  assert.throws(() => leastSquares([{ x: 0, y: 0 }, { x: 1, y: 1 }]), RangeError);
  assert.throws(() => leastSquares([{ x: 1, y: 0 }, { x: 1, y: 1 }, { x: 1, y: 2 }]), RangeError);
});

Deno.test("heapSlope() of a series that leaks 8 MiB an hour is that, whatever the garbage", () => {
  const leaking = life((second) => 20 + 8 * second / 3_600 + sawtooth(second) + uneven(second));
  const { slope, error } = heapSlope(leaking)!;
  assert.ok(Math.abs(slope - 8) < 0.5, `${slope}`);
  assert.ok(error < 0.3, `${error}`);
});

Deno.test("growth() accuses a series that leaks", () => {
  assert.match(
    growth(life((second) => 20 + 8 * second / 3_600 + sawtooth(second) + uneven(second))) ?? "",
    /^the live heap of the last process grows by [78]\.\d\d ± 0\.\d\d MiB an hour, and may by 1$/,
  );
  assert.match(growth(life((second) => 20 + 1.5 * second / 3_600 + uneven(second), 10 * 60)) ?? "", /grows by 1\.\d\d/);
});

Deno.test("growth() accuses no series that is flat, however large", () => {
  for (const mib of [20, 400]) {
    assert.equal(growth(life((second) => mib + sawtooth(second) + uneven(second))), undefined);
    assert.equal(growth(life((second) => mib + sawtooth(second) + uneven(second), 24 * 60)), undefined);
  }
  const within = life((second) => 20 + 0.8 * second / 3_600 + sawtooth(second), 10 * 60);
  assert.equal(growth(within), undefined, "within the bound");
  const filling = life((second) => 20 + 10 * Math.min(1, second / 600) + sawtooth(second));
  assert.equal(growth(filling), undefined, "only while it warms up");
});

Deno.test("growth() says nothing of a life that is too short, or of a process that did not tell its heap", () => {
  assert.equal(growth(life((second) => 20 + second, 24)), undefined);
  assert.equal(growth(life((second) => 20 + second).map(({ at, mib }) => ({ at, mib }))), undefined);
  assert.equal(growth([]), undefined);
});

Deno.test("summary() tells the least, the middle and the most", () => {
  assert.equal(summary(life(() => 1, 7).slice(0, 400)), "min 100 median 300 max 499 MiB");
  assert.equal(summary([]), "no samples");
});

Deno.test("residentMiB() reads the memory of a process", async () => {
  const mib = await residentMiB(Deno.pid);
  if (Deno.build.os === "linux") assert.ok(mib !== undefined && mib > 10 && mib < 100_000, `${mib}`);
  assert.equal(await residentMiB(0), undefined);
});
