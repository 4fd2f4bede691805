/** Says how long a key that failed waits before it is tried again. */
export interface RateLimiter {
  /** Counts one more failure of `key`; gives the milliseconds to wait before the next try. */
  when(key: string): number;
  /** Ends the count of `key`: its next failure waits as if it were the first. */
  forget(key: string): void;
  /** How many failures of `key` were counted since it was last forgotten. */
  retries(key: string): number;
}

/**
 * Exponential backoff for each key: `baseMs`, doubling with each failure, never above `maxMs`.
 *
 * The wait has equal jitter: half of it is fixed, half random. Keys that fail together (SageMaker throttles them all at
 * once) so spread out, while none comes back at once, as full jitter would let some do.
 *
 * @param options.random gives numbers in [0, 1); another one makes tests repeatable
 */
export function exponentialBackoff(
  { baseMs, maxMs, random = Math.random }: { baseMs: number; maxMs: number; random?: () => number },
): RateLimiter {
  const failures = new Map<string, number>();
  return {
    when(key) {
      const retries = failures.get(key) ?? 0;
      failures.set(key, retries + 1);
      const full = Math.min(maxMs, baseMs * 2 ** retries);
      return full / 2 + random() * full / 2;
    },
    forget: (key) => void failures.delete(key),
    retries: (key) => failures.get(key) ?? 0,
  };
}
