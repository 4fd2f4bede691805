/** What Linux tells of a process; see proc(5). */

/** Ticks a second, in which the kernel counts CPU time; the same on all architectures that Deno runs on. */
const TICKS = 100;

/** Sizes in MiB. */
export interface Memory {
  /** What is resident, shared pages included. */
  rss: number;
  /** The most that ever was. */
  peak: number;
  /** The same with each shared page divided among those who share it. */
  pss: number;
  /** What nobody shares. */
  private: number;
}

/** CPU seconds that a process has used, in user and in kernel mode. */
export async function cpuSeconds(pid: number): Promise<number> {
  return parseCpuSeconds(await Deno.readTextFile(`/proc/${pid}/stat`));
}

/** CPU seconds that the whole machine has used since it started. */
export async function machineCpuSeconds(): Promise<number> {
  return parseMachineCpuSeconds(await Deno.readTextFile("/proc/stat"));
}

export async function memoryOf(pid: number): Promise<Memory> {
  const [status, rollup] = await Promise.all(
    ["status", "smaps_rollup"].map((file) => Deno.readTextFile(`/proc/${pid}/${file}`)),
  );
  return parseMemory(status!, rollup!);
}

/** @param stat the line of `/proc/PID/stat`; the program's name in it may hold spaces and brackets */
export function parseCpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** @param stat the text of `/proc/stat`, whose first line is user, nice, system, idle, iowait, irq, softirq, steal, … */
export function parseMachineCpuSeconds(stat: string): number {
  const [user, nice, system, , , irq, softirq] = /^cpu +(.*)$/m.exec(stat)![1]!.split(" ").map(Number);
  return (user! + nice! + system! + irq! + softirq!) / TICKS;
}

/** Of the texts of `/proc/PID/status` and `/proc/PID/smaps_rollup`. */
export function parseMemory(status: string, rollup: string): Memory {
  const mib = (text: string, name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) throw new Error(`Cannot find '${name}' in what /proc says`);
    return Number(kib) / 1024;
  };
  return {
    rss: mib(status, "VmRSS"),
    peak: mib(status, "VmHWM"),
    pss: mib(rollup, "Pss"),
    private: mib(rollup, "Private_Clean") + mib(rollup, "Private_Dirty"),
  };
}
