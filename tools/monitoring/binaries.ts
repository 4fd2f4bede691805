/**
 * Finds Prometheus and promtool: on `PATH`, in the project's cache, or else in Debian's package `prometheus`, which is fetched
 * and unpacked into the cache, and not installed.
 *
 *   deno run -A tools/monitoring/binaries.ts    prints their paths
 */
import { dirname, join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { runTask } from "../bundle.ts";
import { cacheRoot } from "../control_plane/binaries.ts";
import { runCommand } from "../control_plane/run_command.ts";

/** Paths of the two programs. */
export interface Binaries {
  prometheus: string;
  promtool: string;
}

/** @throws {Error} if they are not there and can't be fetched, with the ways to get them */
export async function findBinaries(): Promise<Binaries> {
  const cache = join(dirname(cacheRoot()), "prometheus");
  const cached = { prometheus: join(cache, "prometheus"), promtool: join(cache, "promtool") };
  const onPath = { prometheus: "prometheus", promtool: "promtool" };
  if (await works(onPath)) return onPath;
  if (await works(cached)) return cached;
  try {
    await fetchPackage(cache);
  } catch (cause) {
    throw new Error("Cannot get 'promtool': put it on PATH, or fetch Debian's package 'prometheus'", { cause });
  }
  return cached;
}

async function works({ prometheus, promtool }: Binaries): Promise<boolean> {
  try {
    await run(prometheus, ["--version"]);
    await run(promtool, ["--version"]);
    return true;
  } catch {
    return false;
  }
}

async function fetchPackage(cache: string): Promise<void> {
  await Deno.mkdir(dirname(cache), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: dirname(cache), prefix: ".prometheus-" });
  try {
    await download(folder);
    const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    const archive = files.find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new Error("'apt-get download prometheus' left no package");
    await run("dpkg-deb", ["--extract", archive, "."], folder);
    await Deno.mkdir(cache, { recursive: true });
    // Each appears whole or not at all, whoever else does the same.
    for (const name of ["prometheus", "promtool"]) {
      await Deno.rename(join(folder, "usr", "bin", name), join(cache, name));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The lists of a fresh container are empty, and those of an old one name packages that are gone. */
async function download(folder: string): Promise<void> {
  try {
    await run("apt-get", ["download", "prometheus"], folder);
  } catch {
    await run("apt-get", ["update"], folder);
    await run("apt-get", ["download", "prometheus"], folder);
  }
}

function run(command: string, args: string[], cwd?: string): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 5 * 60_000, ...(cwd && { cwd }) });
}

if (import.meta.main) await runTask(async () => Object.values(await findBinaries()).join("\n"));
