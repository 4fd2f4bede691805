/** What one look at a process's memory found. */
export interface Sample {
  /** Milliseconds on the monotonic clock. */
  at: number;
  /** Resident memory. */
  mib: number;
}

/** A start isn't a steady state. */
const WARM_UP_MS = 20_000;
/** Garbage is collected every two or three minutes at this load; each half of a life must have seen that. */
const SHORTEST_LIFE_MS = 4 * 60_000;
/** How much the least of the second half may be above the least of the first, as a share of it. */
const BOUND = 0.25;

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

/**
 * Whether memory grows steadily over one life: the least of its second half, which is what garbage collection leaves, is more
 * than 25 % above the least of its first. The first 20 s don't count, and a life of less than 4 minutes tells too little.
 *
 * @returns what is wrong
 */
export function growth(samples: Sample[]): string | undefined {
  const [from, to] = [(samples[0]?.at ?? 0) + WARM_UP_MS, samples.at(-1)?.at ?? 0];
  if (to - from < SHORTEST_LIFE_MS) return undefined;
  const middle = (from + to) / 2;
  const least = (half: Sample[]) => Math.min(...half.map(({ mib }) => mib));
  const first = least(samples.filter(({ at }) => at >= from && at < middle));
  const second = least(samples.filter(({ at }) => at >= middle));
  if (second <= first * (1 + BOUND)) return undefined;
  return `memory grows: at least ${first.toFixed(0)} MiB in the first half of the last process's life, ` +
    `${second.toFixed(0)} in the second`;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
