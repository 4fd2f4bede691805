/**
 * Finds the binaries of the local control plane, or makes them. The ways, in this order:
 *
 * 1. the folder that `KUBEBUILDER_ASSETS` names,
 * 2. the project's cache,
 * 3. for kubectl alone: the one on `PATH`, where its version is near,
 * 4. the envtest archive (envtest.ts),
 * 5. a build from Go modules (go_build.ts).
 *
 * Each way gives what it has; the next one is asked for the rest.
 */
import { join } from "node:path";
import { type Clock, sleep, systemClock } from "../../src/runtime/clock.ts";
import { envtestArchive } from "./envtest.ts";
import { goModules } from "./go_build.ts";
import { runCommand } from "./run_command.ts";
import { kubernetesVersion } from "./versions.ts";

export type Binary = "etcd" | "kube-apiserver" | "kube-controller-manager" | "kubectl";
export type Paths = Partial<Record<Binary, string>>;

/** What every way is given. */
export interface Context {
  /** Folder for binaries of this version; kept between runs. */
  cacheFolder: string;
  env: { get(name: string): string | undefined };
  /** Takes one line for each long step, for a person who waits. */
  progress: (line: string) => void;
  clock: Clock;
  signal?: AbortSignal | undefined;
}

/** One source of binaries. */
export interface Way {
  name: string;
  /** Whether it puts binaries into the cache. One process at a time does that. */
  fillsCache: boolean;
  /** The binaries it may have; all unless given. It is asked for no other. */
  offers?: readonly Binary[];
  /**
   * Gives the paths of those binaries it has, made if need be.
   *
   * @throws Error with the reason, where it can give none
   */
  find(wanted: readonly Binary[], context: Context): Promise<Paths>;
}

export interface FindOptions extends Partial<Context> {
  ways?: readonly Way[];
}

/** The project's cache: `${XDG_CACHE_HOME:-~/.cache}/sagemaker-operator/control-plane`. */
export function cacheRoot(env: Context["env"] = Deno.env): string {
  const base = env.get("XDG_CACHE_HOME") || join(env.get("HOME") ?? ".", ".cache");
  return join(base, "sagemaker-operator", "control-plane");
}

const assetsFolder: Way = {
  name: "KUBEBUILDER_ASSETS",
  fillsCache: false,
  async find(wanted, { env }) {
    const folder = env.get("KUBEBUILDER_ASSETS");
    if (!folder) throw new Error("the variable is not set; it may name a folder with the binaries");
    return await filesIn(folder, wanted);
  },
};

const cache: Way = {
  name: "cache",
  fillsCache: false,
  find: (wanted, { cacheFolder }) => filesIn(cacheFolder, wanted),
};

const kubectlOnPath: Way = {
  name: "PATH",
  fillsCache: false,
  offers: ["kubectl"],
  async find(_wanted, context) {
    const text = await runCommand("kubectl", ["version", "--client", "--output=json"], {
      ...context,
      timeoutMs: 10_000,
    });
    const version: string = JSON.parse(text).clientVersion.gitVersion;
    if (!isNear(version)) throw new Error(`its 'kubectl' is ${version}, too far from v${kubernetesVersion}`);
    return { kubectl: "kubectl" };
  },
};

export const standardWays: readonly Way[] = [assetsFolder, cache, kubectlOnPath, envtestArchive, goModules];

/**
 * Paths of the wanted binaries, from the first way that has each.
 *
 * @throws Error that lists every way and its reason, where one is missing at the end
 * @throws the signal's reason as soon as `signal` is aborted
 */
export async function findBinaries<Name extends Binary>(
  wanted: readonly Name[],
  { ways = standardWays, ...options }: FindOptions = {},
): Promise<Record<Name, string>> {
  const env = options.env ?? Deno.env;
  const context: Context = {
    cacheFolder: join(cacheRoot(env), kubernetesVersion),
    progress: () => {},
    clock: systemClock,
    ...options,
    env,
  };
  const found: Paths = {};
  const reasons: string[] = [];
  const missing = () => wanted.filter((name) => found[name] === undefined);
  let lock: Disposable | undefined;
  try {
    for (const way of ways) {
      const asked = () => missing().filter((name) => way.offers?.includes(name) ?? true);
      if (asked().length === 0) continue;
      if (way.fillsCache && lock === undefined) {
        lock = await lockFolder(context);
        // Another process may have filled the cache while this one waited.
        Object.assign(found, await cache.find(missing(), context));
        if (asked().length === 0) continue;
      }
      reasons.push(`  ${way.name}: ${await tryWay(way, asked(), found, context)}`);
    }
  } finally {
    lock?.[Symbol.dispose]();
  }
  if (missing().length > 0) {
    throw new Error(
      `Cannot get ${quote(missing())} for the local control plane; these ways were tried:\n${reasons.join("\n")}`,
    );
  }
  return found as Record<Name, string>;
}

/** Adds what `way` has to `found`; the answer says what it lacks. */
async function tryWay(way: Way, wanted: readonly Binary[], found: Paths, context: Context): Promise<string> {
  try {
    Object.assign(found, await way.find(wanted, context));
  } catch (error) {
    context.signal?.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
  return `it has no ${quote(wanted.filter((name) => found[name] === undefined))}`;
}

async function filesIn(folder: string, names: readonly Binary[]): Promise<Paths> {
  const paths: Paths = {};
  for (const name of names) {
    const path = join(folder, name);
    if (await Deno.stat(path).then((info) => info.isFile, () => false)) paths[name] = path;
  }
  return paths;
}

/** Locks the cache against other processes; the system releases it when this one dies, so a lock can't go stale. */
async function lockFolder({ cacheFolder, clock, progress, signal }: Context): Promise<Disposable> {
  await Deno.mkdir(cacheFolder, { recursive: true });
  const file = await Deno.open(join(cacheFolder, ".lock"), { create: true, write: true });
  try {
    for (let waited = false; !await file.tryLock(true); waited = true) {
      if (!waited) progress("Waiting for another process that is getting the control plane's binaries");
      await sleep(clock, 500, signal);
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** kubectl works with an apiserver one minor version away (the Kubernetes version skew policy). */
function isNear(version: string): boolean {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const [wantedMajor, wantedMinor] = kubernetesVersion.split(".");
  return major === wantedMajor && Math.abs(Number(minor) - Number(wantedMinor)) <= 1;
}

function quote(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}
