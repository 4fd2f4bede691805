const UNITS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * The milliseconds of a Go-style duration (`time.ParseDuration`): `500ms`, `5s`, `1.5m`, `1h30m`, `0`. A length of time has no
 * sign, so a leading `-` is refused.
 *
 * @throws SyntaxError if `text` is no such duration
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    throw new SyntaxError(`Cannot parse duration '${text}': write it as in 500ms, 5s or 1h30m`);
  }
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([a-zµμ]+)/g)) ms += Number(amount) * UNITS[unit!]!;
  return ms;
}
