/**
 * Gets etcd, kube-apiserver and kubectl from the envtest archives that kubernetes-sigs/controller-tools publishes with its
 * releases. Its index file names each archive with its SHA-512. The parts are tested on a made-up index and archive; the
 * download of a real one is untried, since the machines that this was written on can't reach GitHub.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parse } from "yaml";
import { deadline } from "../../src/runtime/clock.ts";
import type { Binary, Context, Paths, Way } from "./binaries.ts";
import { runCommand, withHeartbeat } from "./run_command.ts";
import { kubernetesVersion } from "./versions.ts";

const indexUrl = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml";
/** Short, so that a machine without this way soon tries the next one. */
const indexTimeoutMs = 8_000;
const archiveTimeoutMs = 10 * 60_000;
const contents: readonly Binary[] = ["etcd", "kube-apiserver", "kubectl"];

/** An archive as the index describes it. */
export interface Archive {
  name: string;
  url: string;
  sha512: string;
}

interface Index {
  releases?: Record<string, Record<string, { hash: string; selfLink: string }>>;
}

type Fetch = (url: string, init: { signal: AbortSignal }) => Promise<Response>;

export const envtestArchive: Way = {
  name: "envtest archive",
  fillsCache: true,
  offers: contents,
  find: (wanted, context) => installArchive(wanted, context, fetch),
};

/**
 * Downloads the archive for this machine, verifies it and puts its binaries into the cache.
 *
 * @throws Error with the reason where the archive can't be had or its checksum is wrong
 */
export async function installArchive(wanted: readonly Binary[], context: Context, fetch: Fetch): Promise<Paths> {
  const index = await download(fetch, indexUrl, indexTimeoutMs, context);
  const archive = chooseArchive(new TextDecoder().decode(index), platform(Deno.build));
  const bytes = await withHeartbeat(
    `Downloading ${archive.name}`,
    context,
    () => download(fetch, archive.url, archiveTimeoutMs, context),
  );
  const sha512 = createHash("sha512").update(bytes).digest("hex");
  if (sha512 !== archive.sha512) {
    throw new Error(`the SHA-512 of '${archive.url}' is ${sha512}, but its index says ${archive.sha512}`);
  }
  return await unpack(bytes, wanted, context);
}

/**
 * The archive of the wanted Kubernetes version, or else the newest of the same minor version: not every patch gets one.
 *
 * @param index text of `envtest-releases.yaml`: `releases: {VERSION: {FILE: {hash, selfLink}}}`
 * @throws Error where there is none for this platform
 */
export function chooseArchive(index: string, platform: string): Archive {
  // All scalars as strings: some hexadecimal hash may look like a number.
  const { releases = {} }: Index = parse(index, { schema: "failsafe" }) || {};
  const [major, minor, patch] = kubernetesVersion.split(".");
  const candidates = Object.keys(releases)
    .map((version) => new RegExp(`^v${major}\\.${minor}\\.(\\d+)$`).exec(version))
    .flatMap((match) => match ? [Number(match[1])] : [])
    .sort((a, b) => Number(b === Number(patch)) - Number(a === Number(patch)) || b - a);
  for (const candidate of candidates) {
    const version = `v${major}.${minor}.${candidate}`;
    const name = `envtest-${version}-${platform}.tar.gz`;
    const entry = releases[version]?.[name];
    if (entry) return { name, url: entry.selfLink, sha512: entry.hash };
  }
  throw new Error(`the index has no archive of Kubernetes ${major}.${minor} for ${platform}`);
}

/** Go's name of a platform, as the archives use it. */
export function platform({ os, arch }: { os: string; arch: string }): string {
  return `${os}-${arch === "aarch64" ? "arm64" : "amd64"}`;
}

async function download(fetch: Fetch, url: string, timeoutMs: number, { clock, signal }: Context): Promise<Uint8Array> {
  using limit = deadline(clock, timeoutMs, signal);
  try {
    const response = await fetch(url, { signal: limit.signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(`cannot download '${url}': ${rootMessage(cause)}`, { cause });
  }
}

/** fetch() says no more than "fetch failed"; what happened is in the innermost cause. */
function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootMessage(error.cause);
}

/** The archive's binaries lie in `controller-tools/envtest/`. Each is renamed into place, so none is ever half there. */
async function unpack(archive: Uint8Array, wanted: readonly Binary[], context: Context): Promise<Paths> {
  const folder = await Deno.makeTempDir({ dir: context.cacheFolder, prefix: ".envtest-" });
  try {
    const file = join(folder, "archive.tar.gz");
    await Deno.writeFile(file, archive);
    await runCommand("tar", ["-xzf", file, "-C", folder, "--strip-components=2"], { ...context, timeoutMs: 60_000 });
    const paths: Paths = {};
    for (const name of contents.filter((name) => wanted.includes(name))) {
      const path = join(context.cacheFolder, name);
      await Deno.rename(join(folder, name), path);
      paths[name] = path;
    }
    return paths;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
