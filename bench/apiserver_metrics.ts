import { sum } from "./statistics.ts";

const SAMPLE = /^apiserver_request_total\{([^}]*)\} (\S+)$/gm;
const LABEL = /(\w+)="([^"]*)"/g;
const WRITES = new Set(["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"]);

const EVENTS = "events";

/**
 * Writes that an apiserver answered, from its `/metrics`: how many of each verb and resource, as `PATCH processingjobs/status`.
 *
 * @param group of the API; of others, only Events are told
 */
export function writesOf(metrics: string, group: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, text, value] of metrics.matchAll(SAMPLE)) {
    const labels = Object.fromEntries([...text!.matchAll(LABEL)].map(([, name, value]) => [name, value]));
    if (labels.group !== group && labels.resource !== EVENTS || !WRITES.has(labels.verb ?? "")) continue;
    const name = `${labels.verb} ${labels.resource}${labels.subresource ? `/${labels.subresource}` : ""}`;
    counts[name] = (counts[name] ?? 0) + Number(value);
  }
  return counts;
}

/** How many writes those are, Events aside. */
export function writesWithoutEvents(counts: Readonly<Record<string, number>>): number {
  return sum(Object.entries(counts).filter(([name]) => !name.endsWith(` ${EVENTS}`)).map(([, count]) => count));
}

/** How many of them are Events. */
export function eventWrites(counts: Readonly<Record<string, number>>): number {
  return sum(Object.entries(counts).filter(([name]) => name.endsWith(` ${EVENTS}`)).map(([, count]) => count));
}
