/** The value of a series in Prometheus's text format, its labels in the order in which they are written; undefined if it isn't there. */
export function valueOf(exposition: string, series: string): number | undefined {
  const line = exposition.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
