import { AsyncLocalStorage } from "node:async_hooks";

/** The one place that reads time or sets timers, so that everything that waits can be tested with a fake one. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. For timestamps that people read. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For measuring how long something took. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds; the returned function cancels it. */
  setTimer(ms: number, callback: () => void): () => void;
}

/** Runs a function as if nothing had led to it: what a reconcile only scheduled has neither its log context nor its span. */
const outside = AsyncLocalStorage.snapshot();

/** The system's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(ms, callback) {
    const id = setTimeout(() => outside(callback), ms);
    return () => clearTimeout(id);
  },
};

/**
 * Waits for `ms` milliseconds.
 *
 * @throws the signal's reason as soon as `signal` is aborted
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/**
 * A signal that aborts when `parent` does or after `ms` milliseconds, whichever comes first. Dispose it (`using`) when the
 * guarded call has ended, so that neither the timer nor the listener outlives it.
 */
export function deadline(clock: Clock, ms: number, parent?: AbortSignal): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onAbort = () => controller.abort(parent?.reason);
  if (parent?.aborted) onAbort();
  parent?.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.setTimer(
    ms,
    () => controller.abort(new DOMException(`No answer within ${rounded(ms)}`, "TimeoutError")),
  );
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      cancel();
      parent?.removeEventListener("abort", onAbort);
    },
  };
}

/** A length of time for a message: what is left of a deadline has many digits. */
function rounded(ms: number): string {
  return ms < 100 ? `${Math.round(ms)} ms` : `${Number((ms / 1000).toFixed(1))} s`;
}

/**
 * Settles as `promise` does, or rejects with `signal`'s reason as soon as it is aborted: for work that heeds no signal, as the AWS
 * SDK's while it looks for credentials or reads a body. The work itself goes on, and nobody hears of it.
 */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
