import { systemClock } from "../src/runtime/clock.ts";
import { runCommand } from "../tools/control_plane/run_command.ts";
import { commandOf } from "./program.ts";
import { etcdVersion, kubernetesVersion } from "../tools/control_plane/versions.ts";

/** What a result depends on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  versions: { deno: string; etcd: string; apiserver: string };
  /** What the operator says of itself. */
  operator: string[];
  /** Of the sources that the bench is part of. */
  commit: string;
}

/** @param program the operator, as `Setting.program` */
export async function machine(program: string): Promise<Machine> {
  const cpu = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo").catch(() => ""))?.[1];
  return {
    cpu: cpu ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    kernel: Deno.osRelease(),
    versions: { deno: Deno.version.deno, etcd: etcdVersion, apiserver: kubernetesVersion },
    operator: (await run(...commandOf(program, ["version"]))).trim().split("\n"),
    commit: await commit(),
  };
}

async function commit(): Promise<string> {
  try {
    const head = (await run("git", ["rev-parse", "--short=12", "HEAD"])).trim();
    return await run("git", ["status", "--porcelain"]) === "" ? head : `${head} with changes`;
  } catch {
    return "unknown";
  }
}

function run(command: string, args: string[]): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 20_000, cwd: import.meta.dirname! });
}
