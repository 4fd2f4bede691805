/** What one look at a process's memory found. */
export interface Sample {
  /** Milliseconds on the monotonic clock. */
  at: number;
  /** Resident memory. */
  mib: number;
  /** What its JavaScript objects take, with garbage that is not collected yet; absent where the process did not say. */
  heapMib?: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A start isn't a steady state: what is remembered of the latest resources fills up first. */
const WARM_UP_MS = 10 * MINUTE_MS;
/** Garbage is collected every two or three minutes at this load, so the least of this time is the live heap. */
const WINDOW_MS = 3 * MINUTE_MS;
/** Fewer windows say too little. */
const FEWEST_WINDOWS = 5;
/** How fast the live heap may grow, in MiB an hour. */
const BOUND = 1;

/** How long a process must live for its memory to be judged, in milliseconds. */
export const SHORTEST_LIFE_MS = WARM_UP_MS + FEWEST_WINDOWS * WINDOW_MS;

/** The resident memory of a process, from `/proc`; undefined where there is no such process or no such file. */
export async function residentMiB(pid: number): Promise<number | undefined> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  // A process that has just been killed has none.
  return kib === undefined || kib === "0" ? undefined : Number(kib) / 1024;
}

export function summary(samples: Sample[]): string {
  const sizes = samples.map(({ mib }) => mib).toSorted((a, b) => a - b);
  if (sizes.length === 0) return "no samples";
  const [min, middle, max] = [sizes[0]!, median(sizes), sizes.at(-1)!].map((mib) => mib.toFixed(0));
  return `min ${min} median ${middle} max ${max} MiB`;
}

/** A straight line through points. */
export interface Line {
  /** In units of `y` for one of `x`. */
  slope: number;
  /** The standard error of the slope. */
  error: number;
}

/**
 * The straight line that fits best by least squares.
 *
 * @throws RangeError if there are fewer than three points, or all have the same `x`
 */
export function leastSquares(points: readonly { x: number; y: number }[]): Line {
  const count = points.length;
  const meanOf = (of: (point: { x: number; y: number }) => number) => points.reduce((sum, p) => sum + of(p), 0) / count;
  const [x, y] = [meanOf((point) => point.x), meanOf((point) => point.y)];
  const spread = count * meanOf((point) => (point.x - x) ** 2);
  if (count < 3 || spread === 0) throw new RangeError("Cannot fit a line: it takes three points at different times");
  const slope = count * meanOf((point) => (point.x - x) * (point.y - y)) / spread;
  const squares = count * meanOf((point) => (point.y - y - slope * (point.x - x)) ** 2);
  return { slope, error: Math.sqrt(squares / (count - 2) / spread) };
}

/**
 * How fast the live heap grows over one life, in MiB an hour; undefined for a life that is too short to tell. The live heap is the
 * least of each 3 minutes, without the first 10.
 */
export function heapSlope(samples: readonly Sample[]): Line | undefined {
  const [from, to] = [(samples[0]?.at ?? 0) + WARM_UP_MS, samples.at(-1)?.at ?? 0];
  const windows = Math.floor((to - from) / WINDOW_MS);
  const least = new Map<number, number>();
  for (const { at, heapMib } of samples) {
    const window = Math.floor((at - from) / WINDOW_MS);
    if (heapMib === undefined || window < 0 || window >= windows) continue;
    least.set(window, Math.min(heapMib, least.get(window) ?? Infinity));
  }
  if (least.size < FEWEST_WINDOWS) return undefined;
  return leastSquares([...least].map(([window, y]) => ({ x: window * WINDOW_MS / HOUR_MS, y })));
}

/** The slope for people. */
export function slopeText({ slope, error }: Line): string {
  return `${slope.toFixed(2)} ± ${(2 * error).toFixed(2)} MiB an hour`;
}

/**
 * Whether the live heap grows by more than 1 MiB an hour for certain, which is by two standard errors. How large it is does not
 * matter.
 *
 * @returns what is wrong
 */
export function growth(samples: readonly Sample[]): string | undefined {
  const line = heapSlope(samples);
  if (line === undefined || line.slope - 2 * line.error <= BOUND) return undefined;
  return `the live heap of the last process grows by ${slopeText(line)}, and may by ${BOUND}`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
