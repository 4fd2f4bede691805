import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { FakeClock } from "../runtime/fake_clock.ts";
import { watchMemory } from "./memory.ts";

Deno.test("watchMemory() tells once that the limit is close, and again after there was memory to spare", async () => {
  const records: LogRecord[] = [];
  await configure({
    sinks: { records: (record) => void records.push(record) },
    loggers: [{ category: ["operator"], lowestLevel: "info", sinks: ["records"] }, {
      category: ["logtape", "meta"],
      lowestLevel: "error",
      sinks: [],
    }],
  });
  const clock = new FakeClock();
  const stopping = new AbortController();
  let used = 100;
  const details = () => ({ resources: 7 });
  watchMemory({ limitBytes: 1_000, usedBytes: () => used, details, clock, signal: stopping.signal });
  const told: number[] = [];
  for (const next of [790, 800, 990, 750, 900, 690, 800]) {
    used = next;
    await clock.advance(5_000);
    told.push(records.length);
  }
  stopping.abort();
  await clock.advance(60_000);
  await reset();
  assert.deepEqual(told, [0, 1, 1, 1, 1, 1, 2]);
  assert.deepEqual(records[0]!.properties, { usedBytes: 800, limitBytes: 1_000, resources: 7 });
});
