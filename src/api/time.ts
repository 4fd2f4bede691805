/** RFC 3339 in UTC with whole seconds, the form that Kubernetes writes. `ms` is milliseconds since the epoch. */
export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/**
 * Milliseconds since the epoch of a time in RFC 3339, with a zone. `undefined` for everything else, also for days that don't exist, which
 * `Date.parse` takes for the next month's first.
 */
export function parseRfc3339(text: string): number | undefined {
  const [, day = ""] = RFC3339.exec(text) ?? [];
  const [ms, midnight] = [Date.parse(text), Date.parse(day)];
  if (Number.isNaN(ms) || Number.isNaN(midnight) || !rfc3339(midnight).startsWith(day)) return undefined;
  return ms;
}

/**
 * A length of time as `kubectl` prints ages, two units at most: `42s`, `3m5s`, `10m`, `2h7m`, `3d4h`
 * (k8s.io/apimachinery `duration.HumanDuration`, which leaves the smaller unit out once it says little). `ms` is milliseconds.
 */
export function humanDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 2) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (days < 2) return `${hours}h`;
  if (days < 8) return pair(days, "d", hours % 24, "h");
  return `${days}d`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
