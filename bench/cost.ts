import { growth } from "./statistics.ts";

/** `others` is what else runs on the machine: where that is much, the numbers are worth little. */
export const PROCESSES = ["operator", "apiserver", "etcd", "stand-in", "bench", "others"] as const;

type ProcessName = typeof PROCESSES[number];

/** What had been used and done at a moment, since the processes started. */
export interface Snapshot {
  /** Milliseconds on the monotonic clock. */
  at: number;
  cpu: Record<ProcessName, number>;
  awsCalls: Record<string, number>;
  writes: Record<string, number>;
}

/** What was used and done between two moments, and in how many seconds. */
export interface Cost {
  seconds: number;
  /** CPU seconds by process. */
  cpu: Partial<Record<ProcessName, number>>;
  awsCalls: Record<string, number>;
  writes: Record<string, number>;
}

export function costBetween(before: Snapshot, after: Snapshot): Cost {
  return {
    seconds: (after.at - before.at) / 1000,
    cpu: growth(before.cpu, after.cpu),
    awsCalls: growth(before.awsCalls, after.awsCalls),
    writes: growth(before.writes, after.writes),
  };
}
