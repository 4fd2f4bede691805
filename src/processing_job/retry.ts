import type { Failure } from "../api/job.ts";
import type { Next } from "./action.ts";

const SLOW_RETRY_MS = 60_000;
const PERSON_RETRY_MS = 5 * 60_000;

/** When a call that failed is tried again. */
export function nextAfter(failure: Failure): Next {
  if (failure.retryMs !== undefined) return { kind: "after", ms: failure.retryMs };
  switch (failure.retry) {
    case "soon":
      return { kind: "back-off", failure };
    case "slowly":
      return { kind: "after", ms: SLOW_RETRY_MS };
    case "person":
      return { kind: "after", ms: PERSON_RETRY_MS };
    case "never":
      return { kind: "wait" };
  }
}

/** The same failure where the operator may not give up: what can never succeed as it is, is tried again slowly. */
export function neverGivenUp(failure: Failure): Failure {
  return failure.retry === "never" ? { ...failure, retry: "slowly" } : failure;
}
