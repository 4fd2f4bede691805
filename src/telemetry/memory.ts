import { getLogger } from "@logtape/logtape";
import type { Clock } from "../runtime/clock.ts";

const EVERY_MS = 5_000;
/** What is left then is what a list of large resources and a burst of jobs take. */
const CLOSE = 0.8;
/** Below that the memory is no longer close to its limit, and is told again when it is. */
const CLEAR = 0.7;

const log = getLogger(["operator", "memory"]);

export interface MemoryOptions {
  /** What the process may take, in bytes; beyond it the kernel kills it. */
  limitBytes: number;
  /** What the process takes, in bytes. */
  usedBytes: () => number;
  /** What is told along, as how many resources are known. */
  details: () => Record<string, unknown>;
  clock: Clock;
  signal: AbortSignal;
}

/** Logs, until `signal` is aborted, that the process has come close to its limit: once, and again only after it had memory to spare. */
export function watchMemory({ limitBytes, usedBytes, details, clock, signal }: MemoryOptions): void {
  if (signal.aborted) return;
  let isTold = false;
  const look = () => {
    const used = usedBytes();
    if (!isTold && used >= CLOSE * limitBytes) {
      isTold = true;
      log.warn(
        "The memory is close to its limit, at which the operator is killed: raise the limit, or delete resources",
        {
          usedBytes: used,
          limitBytes,
          ...details(),
        },
      );
    } else if (used < CLEAR * limitBytes) isTold = false;
  };
  let cancel = () => {};
  const next = () =>
    cancel = clock.setTimer(EVERY_MS, () => {
      look();
      next();
    });
  look();
  next();
  signal.addEventListener("abort", () => cancel(), { once: true });
}
