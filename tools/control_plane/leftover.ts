import { basename, dirname } from "node:path";
import { type Clock, sleep } from "../../src/runtime/clock.ts";
import { runCommand } from "./run_command.ts";

/** A control plane that another process started, as its state file describes it. */
export interface Leftover {
  dir: string;
  kubeconfig: string;
  pids: number[];
}

/**
 * Reads a state file.
 *
 * @returns undefined where there is none, or it isn't one
 */
export async function readState(path: string): Promise<Leftover | undefined> {
  try {
    const state = JSON.parse(await Deno.readTextFile(path));
    return typeof state.dir === "string" && Array.isArray(state.pids) ? state : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Writes a state file, unless there is one already.
 *
 * @returns whether it was written
 */
export async function createState(path: string, state: Leftover): Promise<boolean> {
  await Deno.mkdir(dirname(path), { recursive: true });
  try {
    await Deno.writeTextFile(path, JSON.stringify(state, null, 2) + "\n", { createNew: true, mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}

/** The processes that still run and are its own: a pid alone may have gone to somebody else's process since. */
export async function ownProcesses({ dir, pids }: Leftover, clock: Clock): Promise<number[]> {
  const own = await Promise.all(pids.map(async (pid) => (await commandLine(pid, clock)).includes(`${dir}/`)));
  return pids.filter((_, index) => own[index]);
}

/** Whether all its processes run. */
export async function isRunning(leftover: Leftover, clock: Clock): Promise<boolean> {
  return (await ownProcesses(leftover, clock)).length === leftover.pids.length;
}

/**
 * Ends its processes, the last one started first, those that take longer than 10 s by force, and removes its folder.
 *
 * @throws the signal's reason as soon as `signal` is aborted
 */
export async function stopLeftover(leftover: Leftover, clock: Clock, signal?: AbortSignal): Promise<void> {
  for (const pid of leftover.pids.toReversed()) {
    const isOwn = async () => (await ownProcesses({ ...leftover, pids: [pid] }, clock)).length > 0;
    if (await isOwn()) kill(pid, "SIGTERM");
    const start = clock.monotonic();
    while (await isOwn()) {
      if (clock.monotonic() - start > 10_000) kill(pid, "SIGKILL");
      await sleep(clock, 50, signal);
    }
  }
  await removeFolder(leftover.dir);
}

/** Removes only what can be a control plane's folder: the path comes from a file that anyone may have edited. */
async function removeFolder(dir: string): Promise<void> {
  if (!basename(dir).startsWith("sagemaker-operator-control-plane-")) {
    throw new Error(`Cannot remove '${dir}': it is not a control plane's folder`);
  }
  await Deno.remove(dir, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** The command line of a process; empty where there is no such process. */
async function commandLine(pid: number, clock: Clock): Promise<string> {
  if (Deno.build.os !== "linux") {
    return await runCommand("ps", ["-p", `${pid}`, "-o", "command="], { clock, timeoutMs: 5_000 }).catch(() => "");
  }
  return (await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")).replaceAll("\0", " ");
}

function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
