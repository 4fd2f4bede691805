import { getLogger } from "@logtape/logtape";
import type { Clock } from "./clock.ts";

const log = getLogger(["operator"]);

/** How often idle state is dropped, in milliseconds. */
const EVERY_MS = 60_000;

/** Holds state by names that users choose, as namespaces and regions. */
export interface Droppable {
  /** Drops the state that no resource needs any more. */
  dropIdle(): void;
}

/** Has `parts` drop their idle state once a minute, until `signal` is aborted. */
export function dropIdleRegularly(
  parts: readonly Droppable[],
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): void {
  if (signal.aborted) return;
  let cancel = () => {};
  const next = () =>
    cancel = clock.setTimer(EVERY_MS, () => {
      for (const part of parts) drop(part);
      next();
    });
  next();
  signal.addEventListener("abort", () => cancel(), { once: true });
}

/** A defect of one part must not end the process. */
function drop(part: Droppable): void {
  try {
    part.dropIdle();
  } catch (error) {
    log.error("Cannot drop idle state", { error });
  }
}
