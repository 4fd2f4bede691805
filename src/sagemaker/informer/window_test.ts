import assert from "node:assert/strict";
import fc from "fast-check";
import { ChangeWindow } from "./window.ts";

const WALL = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

/** A window whose next poll isn't a long one. */
function seasoned(ahead: number): ChangeWindow {
  const window = new ChangeWindow(WALL, 0);
  window.observe(ahead + 900, 1_000);
  window.close(window.open(0, 1_000), 1_000);
  return window;
}

Deno.test("ChangeWindow begins a quarter of an hour before our own time, since their clock may be behind", () => {
  assert.equal(new ChangeWindow(WALL, 500).open(500, 500).strictlySince, WALL - 15 * MINUTE);
});

Deno.test("ChangeWindow: a poll reaches back behind every change after its anchor, whatever the clocks say", () => {
  const change = fc.record({ at: fc.nat(600_000), latency: fc.nat(5_000) });
  const offset = fc.integer({ min: -15 * MINUTE, max: 15 * MINUTE });
  fc.assert(fc.property(offset, fc.array(change), fc.nat(600_000), fc.nat(600_000), (offset, changes, anchor, wait) => {
    const window = new ChangeWindow(WALL, 0);
    for (const { at, latency } of changes) window.observe(WALL + offset + at, at + latency);
    const poll = window.open(anchor, 600_000 + wait);
    assert.ok(poll.strictlySince <= WALL + offset + anchor);
    assert.ok(poll.since <= poll.strictlySince - 3_000);
  }));
});

Deno.test("ChangeWindow takes the tightest bound that it has seen, and lets it loosen slowly", () => {
  const window = seasoned(WALL);
  window.observe(WALL + 1_000, 5_000);
  window.observe(WALL + 5_990, 6_000);
  assert.equal(window.open(6_000, 6_000).strictlySince, WALL + 5_990);
  const hour = 3_600_000;
  assert.equal(window.open(hour, 6_000 + hour).strictlySince, WALL + hour - 10 - 3_600);
});

Deno.test("ChangeWindow goes back three seconds, and half a minute every ten seconds, or as often where that is too much", () => {
  const window = new ChangeWindow(WALL, 0);
  const back = (now: number, isTooLong = false) => {
    const poll = window.open(now, now);
    window.close(poll, now, { isTooLong });
    return poll.strictlySince - poll.since;
  };
  assert.deepEqual([0, 1, 9, 10, 11].map((second) => back(second * 1_000)), [30_000, 3_000, 3_000, 30_000, 3_000]);
  assert.equal(back(20_000, true), 30_000);
  assert.deepEqual([back(49_000), back(50_000)], [3_000, 30_000]);
});

Deno.test("ChangeWindow goes back twice as far as news was late, for five minutes", () => {
  const window = seasoned(WALL);
  const poll = window.open(2_000, 2_000);
  window.observeNews(poll.strictlySince - 10_000, poll, 2_000);
  window.observeNews(poll.strictlySince - 4_000, poll, 3_000);
  window.observeNews(poll.strictlySince + 4_000, poll, 3_000);
  assert.equal(window.overlapMs(3_000), 20_000);
  assert.equal(window.overlapMs(2_000 + 5 * MINUTE), 20_000);
  assert.equal(window.overlapMs(2_001 + 5 * MINUTE), 3_000);
  window.observeNews(poll.strictlySince - 50_000, poll, 4_000);
  assert.equal(window.overlapMs(4_000), 60_000);
});

Deno.test("ChangeWindow learns that their clock was set back from a change that no list has shown", () => {
  const window = seasoned(WALL);
  // Changed after 10 s of our clock, and stamped two minutes too early.
  window.correct(WALL - 2 * MINUTE + 10_500, 10_000, 20_000);
  assert.equal(window.open(20_000, 20_000).strictlySince, WALL - 2 * MINUTE + 20_500);
  window.correct(WALL + 30_000, 20_000, 20_000);
  assert.equal(window.open(20_000, 20_000).strictlySince, WALL - 2 * MINUTE + 20_500);
});
