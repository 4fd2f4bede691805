import { type Clock, sleep, systemClock } from "../../src/runtime/clock.ts";

/**
 * Repeats `check` until it doesn't throw, and gives its value. For what a test can only see by asking again.
 *
 * @param description what is waited for, for the error
 * @throws Error with the last failure as its cause, after `timeoutMs`
 */
export async function eventually<T>(
  description: string,
  check: () => T | Promise<T>,
  { timeoutMs = 15_000, intervalMs = 50, clock = systemClock }: {
    timeoutMs?: number;
    intervalMs?: number;
    clock?: Clock;
  } = {},
): Promise<T> {
  const start = clock.monotonic();
  while (true) {
    try {
      return await check();
    } catch (cause) {
      if (clock.monotonic() - start >= timeoutMs) {
        const last = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${description}: not so within ${timeoutMs} ms: ${last}`, { cause });
      }
    }
    await sleep(clock, intervalMs);
  }
}
