import assert from "node:assert/strict";
import { type Clock, deadline, sleep, systemClock } from "../../src/runtime/clock.ts";
import { valueOf } from "../support/exposition.ts";

const METRIC = "sagemaker_operator_heap_used_bytes";
const EVERY_MS = 100;
/** Each look is itself work that leads to collections, so many of them fall into this time. */
const WINDOW_MS = 15_000;
const REQUEST_MS = 60_000;

/** The most that the live heap may grow, in bytes, whatever the operator does meanwhile. */
export const MOST_GROWTH = 300_000;

/**
 * The live heap of an operator, in bytes: the least that its heap used over 15 s. Where each collection of its V8 takes all
 * garbage (`deno task compile --measured`), that is what a collection leaves, to within some ten kilobytes.
 */
export async function liveHeap(metricsUrl: string, clock: Clock = systemClock): Promise<number> {
  const end = clock.monotonic() + WINDOW_MS;
  let least = Infinity;
  while (clock.monotonic() < end) {
    least = Math.min(least, await heapUsed(metricsUrl, clock));
    await sleep(clock, EVERY_MS);
  }
  return least;
}

async function heapUsed(metricsUrl: string, clock: Clock): Promise<number> {
  using limit = deadline(clock, REQUEST_MS);
  const response = await fetch(`${metricsUrl}/metrics`, { signal: limit.signal });
  const bytes = valueOf(await response.text(), METRIC);
  if (bytes === undefined) throw new Error(`'${metricsUrl}/metrics' has no '${METRIC}'`);
  return bytes;
}

/** Fails if the live heap has grown by more than `most`, and prints what it was. */
export function assertFlat(what: string, before: number, after: number, most = MOST_GROWTH): void {
  const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} KB`;
  const text = `live heap over ${what}: ${kb(before)}, then ${kb(after)}, so ${kb(after - before)} more`;
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  assert.ok(after - before <= most, `${text}; at most ${kb(most)} are allowed`);
}
