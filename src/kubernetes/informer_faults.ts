import { KubeError } from "./errors.ts";

export interface InformerStatus {
  /**
   * - `starting`: no answer has come yet
   * - `listing`: part of the list has come
   * - `watching`: a watch is open
   * - `missing`: the API server doesn't know the resource type (the CRD isn't installed)
   * - `denied`: the credentials aren't accepted, or lack permission
   * - `failing`: anything else went wrong; it is tried again
   */
  state: "starting" | "listing" | "watching" | "missing" | "denied" | "failing";
  /** The latest failure; absent while all is well. */
  error?: string;
  /** When the API server last gave a sign of life, by the clock's `monotonic()`; absent before the first. */
  lastContact?: number;
}

/** What a failed list or watch means for the informer. */
export type Fault = "missing" | "denied" | "throttled" | "expired" | "failed";

/** What each is called in the informer's status. */
export const REPORTED = {
  missing: "missing",
  denied: "denied",
  throttled: "failing",
  expired: "failing",
  failed: "failing",
} as const satisfies Record<Fault, InformerStatus["state"]>;

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

/** The API server can't begin a watch with all there is; it may be too old for that. */
export function cannotStream(error: unknown): boolean {
  return error instanceof KubeError && error.status === 422;
}

export function endedAtOnce(path: string): KubeError {
  const message = `Cannot watch '${path}': the API server ends the watch at once`;
  return new KubeError(message, { status: 0, reason: "ConnectionLost" });
}
