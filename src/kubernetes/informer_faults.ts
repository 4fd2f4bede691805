import { KubeError } from "./errors.ts";

/** What a failed list or watch means for the informer. */
export type Fault = "missing" | "denied" | "throttled" | "expired" | "failed";

/** What each is called in the informer's status. */
export const REPORTED = {
  missing: "missing",
  denied: "denied",
  throttled: "failing",
  expired: "failing",
  failed: "failing",
} as const satisfies Record<Fault, string>;

export function faultOf({ status }: KubeError): Fault {
  switch (status) {
    case 404:
      return "missing";
    case 401:
    case 403:
      return "denied";
    case 429:
      return "throttled";
    case 410:
      return "expired";
    default:
      return "failed";
  }
}

/** A bookmark older than what was seen before: the API server's etcd was restored. */
export function anotherHistory(path: string): KubeError {
  const message = `Cannot watch '${path}' any further: the API server is behind what it sent before`;
  return new KubeError(message, { status: 410, reason: "Expired" });
}

export function endedAtOnce(path: string): KubeError {
  const message = `Cannot watch '${path}': the API server ends the watch at once`;
  return new KubeError(message, { status: 0, reason: "ConnectionLost" });
}
