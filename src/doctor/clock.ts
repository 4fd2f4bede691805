import type { Finding } from "./finding.ts";

/** AWS refuses a request that was signed more than five minutes before or after its own time. */
const REFUSED_MS = 5 * 60_000;
const NOTABLE_MS = 30_000;

/**
 * How far the service's clock is before ours, in milliseconds.
 *
 * @param date in the answer, with whole seconds
 */
export function skewOf(date: number | undefined, sentAt: number, receivedAt: number): number | undefined {
  return date === undefined ? undefined : date + 500 - (sentAt + receivedAt) / 2;
}

/** Whether AWS takes what is signed by our clock; nothing if no service has told its time. */
export function checkClock(skewMs: number | undefined): Finding | undefined {
  if (skewMs === undefined) return undefined;
  const size = Math.abs(skewMs);
  const text = `This machine's clock is ${(size / 1000).toFixed(0)} s ${skewMs > 0 ? "behind" : "ahead of"} AWS's`;
  if (size < NOTABLE_MS) return { check: "clock", level: "ok", text: "This machine's clock agrees with AWS's" };
  const level = size < REFUSED_MS ? "warning" : "failure";
  return { check: "clock", level, text, mend: "set it by NTP; beyond 5 minutes AWS refuses what is signed by it" };
}
