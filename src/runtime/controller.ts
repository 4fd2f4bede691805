import { getLogger, withContext } from "@logtape/logtape";
import { type Clock, deadline } from "./clock.ts";
import type { WorkQueue } from "./workqueue.ts";

const log = getLogger(["operator", "controller"]);

/** How long work in flight may go on after a stop, and then how long it may take to end once it is aborted: 10 s in all. */
const DRAIN_MS = 9_000;
const UNWIND_MS = 1_000;

/**
 * What a reconcile asks for: nothing more until something changes, another look in `ms` milliseconds, or one after the
 * backoff of the queue, though nothing is wrong (what it went by was out of date). `gone` means that there is no such resource, so
 * that a look which an earlier reconcile has asked for is cancelled. `isWaiting` means that nothing was tried, so the backoff of earlier
 * failures stays as it is.
 */
export type Result =
  | { kind: "done" }
  | { kind: "gone" }
  | { kind: "after"; ms: number; isWaiting?: true }
  | { kind: "back-off" };

/** A reconcile's error that trying again can't mend: it is logged and counted, and the key waits for the next change. */
export class TerminalError extends Error {
  override name = "TerminalError";
}

/** How a reconcile ended, in the words of controller-runtime's metrics; `terminal` is ours. */
export type Outcome = "success" | "requeue" | "requeue_after" | "error" | "terminal";

/** What a reconcile is given beside its key. */
export interface ReconcileContext {
  /** Aborted when the operator stops and the work in flight has had its time. */
  signal: AbortSignal;
  /** Names this run in logs. */
  reconcileId: string;
}

/** What `runController` needs. */
export interface ControllerOptions {
  queue: WorkQueue;
  /** How many reconciles may run at once. */
  workers: number;
  /**
   * Makes the world agree with what the key's resource asks for. Level-based: it is told which resource to look at, never
   * what has changed. An error is tried again with backoff, or after its `retryAfterMs` if it has one; a `TerminalError` isn't.
   */
  reconcile(key: string, context: ReconcileContext): Promise<Result>;
  clock: Clock;
  /** Ends the controller when aborted. */
  signal: AbortSignal;
  /** Told of each reconcile's end and how long it took. */
  onResult?(outcome: Outcome, seconds: number): void;
}

/**
 * Hands the queue's keys to `workers` reconciles at a time until `signal` is aborted. Then it takes no more keys, lets the
 * reconciles in flight end for 9 s, aborts the rest, and returns 1 s later at the latest.
 */
export async function runController(options: ControllerOptions): Promise<void> {
  const { queue, clock, signal } = options;
  const inFlight = new AbortController();
  const workers = Promise.all(Array.from({ length: options.workers }, () => work(options, inFlight.signal)));
  await Promise.race([workers, aborted(signal)]);
  if (await drain(queue, clock, DRAIN_MS)) return void await workers;
  log.warn("Aborting the reconciles that are still running");
  inFlight.abort(new DOMException("The operator is stopping", "AbortError"));
  if (await drain(queue, clock, UNWIND_MS)) return void await workers;
  log.warn("Stopped while reconciles were still running");
}

async function work(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const { queue, clock } = options;
  for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
    const started = clock.monotonic();
    let outcome: Outcome;
    try {
      outcome = await reconcileOnce(options, key, signal);
    } finally {
      queue.done(key);
    }
    options.onResult?.(outcome, (clock.monotonic() - started) / 1000);
  }
}

type Ending = Result | { kind: "error" | "terminal"; error: unknown };

/** The whole retry policy: what becomes of a key after a reconcile. */
async function reconcileOnce(options: ControllerOptions, key: string, signal: AbortSignal): Promise<Outcome> {
  const { queue } = options;
  const reconcileId = crypto.randomUUID().slice(0, 8);
  // Whatever is logged meanwhile, however deep, carries the id.
  const ending: Ending = await withContext({ reconcileId }, () => endingOf(options, key, { signal, reconcileId }));
  switch (ending.kind) {
    case "error": {
      const { error } = ending;
      const retryInMs = Math.round(requeueFailed(queue, key, error));
      log.warn("Reconcile failed and will be tried again", { key, reconcileId, error, retryInMs });
      return "error";
    }
    case "terminal":
      queue.forget(key);
      log.error("Reconcile failed for good", { key, reconcileId, error: ending.error });
      return "terminal";
    case "after":
      // The count is forgotten first: a reconcile that asks to be called again has succeeded.
      if (!ending.isWaiting) queue.forget(key);
      queue.addAfter(key, ending.ms);
      return "requeue_after";
    case "back-off":
      queue.addRateLimited(key);
      return "requeue";
    case "gone":
      queue.forget(key);
      // An earlier reconcile may have asked to be called in years, for a long time to live.
      queue.cancelDelay(key);
      return "success";
    case "done":
      queue.forget(key);
      return "success";
  }
}

async function endingOf({ reconcile }: ControllerOptions, key: string, context: ReconcileContext): Promise<Ending> {
  try {
    return await reconcile(key, context);
  } catch (error) {
    return { kind: error instanceof TerminalError ? "terminal" : "error", error };
  }
}

/** Adds a key whose reconcile failed, when its error says so or else when the backoff does; gives the milliseconds. */
function requeueFailed(queue: WorkQueue, key: string, error: unknown): number {
  const { retryAfterMs } = (error ?? {}) as { retryAfterMs?: unknown };
  if (typeof retryAfterMs !== "number" || !(retryAfterMs > 0)) return queue.addRateLimited(key);
  queue.addAfter(key, retryAfterMs);
  return retryAfterMs;
}

/** Shuts the queue down and waits up to `ms` for the keys in processing; gives whether all of them ended. */
async function drain(queue: WorkQueue, clock: Clock, ms: number): Promise<boolean> {
  using limit = deadline(clock, ms);
  try {
    await queue.shutDownWithDrain(limit.signal);
    return true;
  } catch {
    return false;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
