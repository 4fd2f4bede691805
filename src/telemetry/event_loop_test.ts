import { deepEqual, equal } from "node:assert/strict";
import type { Clock } from "../runtime/clock.ts";
import { EventLoop } from "./event_loop.ts";

/** Time passes while the loop is blocked; timers fire when it turns, however late that is. */
class BlockingClock implements Clock {
  readonly timers = new Set<{ due: number; callback: () => void }>();
  #time = 0;

  now = () => this.#time;
  monotonic = () => this.#time;

  setTimer(ms: number, callback: () => void): () => void {
    const timer = { due: this.#time + ms, callback };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  block(ms: number): void {
    this.#time += ms;
  }

  turn(): void {
    for (const timer of [...this.timers].filter(({ due }) => due <= this.#time)) {
      this.timers.delete(timer);
      timer.callback();
    }
  }

  /** Lets the loop turn at leisure. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.block(100);
      this.turn();
    }
  }
}

function setUp() {
  const clock = new BlockingClock();
  const stopping = new AbortController();
  return { clock, stopping, loop: new EventLoop({ clock, signal: stopping.signal }) };
}

Deno.test("the lag is how late the latest turn of the last minute or two was", () => {
  const { clock, loop } = setUp();
  clock.pass(10_000);
  equal(loop.lagMs(), 0);
  clock.block(5_000);
  clock.turn();
  equal(loop.lagMs(), 4_000);
  clock.pass(60_000);
  equal(loop.lagMs(), 4_000);
  clock.pass(120_000);
  equal(loop.lagMs(), 0);
});

Deno.test("check() tells of the lag, and fails while no timer fires", () => {
  const { clock, loop } = setUp();
  clock.block(1_250);
  clock.turn();
  deepEqual(loop.check(), { ok: "turns are up to 250 ms late" });
  clock.block(21_000);
  equal(loop.check(), "no timer has fired for 21 s");
  clock.turn();
  deepEqual(loop.check(), { ok: "turns are up to 20000 ms late" });
});

Deno.test("no timer is left once the signal is aborted", () => {
  const { clock, stopping } = setUp();
  clock.pass(3_000);
  equal(clock.timers.size, 1);
  stopping.abort();
  equal(clock.timers.size, 0);
  new EventLoop({ clock, signal: stopping.signal });
  equal(clock.timers.size, 0);
});
