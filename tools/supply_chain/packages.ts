/** Which packages are in the bundle: asked of the bundler's source maps, since the lock file also names what is only for tests. */
import { join } from "node:path";
import { bundleModules } from "../bundle.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** The part of `deno.lock` that is read here. */
export interface Lock {
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
}

/** A package of which at least one module is in the bundle. */
export interface Package {
  name: string;
  version: string;
  /** An SPDX expression. */
  licence: string;
  /** The text of its licence file, and of its NOTICE; absent if it has none. */
  text?: string;
  /** The SHA-512 of its archive, in hexadecimal digits. */
  sha512: string;
  /** Those of its dependencies that are in the bundle too, as `name@version`. */
  dependencies: string[];
}

/**
 * The packages in the bundle of these sources, by name.
 *
 * @throws Error if a module belongs to no package of the lock file, or a package names no licence
 */
export async function bundledPackages(): Promise<Package[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.lock")));
  const folders = packageFolders(await bundledSources(), lock);
  const packages = Array.from(folders, ([id, folder]) => describe(id, folder, lock, new Set(folders.keys())));
  return (await Promise.all(packages)).sort((a, b) => compare(idOf(a), idOf(b)));
}

/** A package as others name it: `name@version`. */
export function idOf({ name, version }: Pick<Package, "name" | "version">): string {
  return `${name}@${version}`;
}

/** Orders by code units, which is the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Absolute paths of all modules that something of is in the bundle. */
async function bundledSources(): Promise<Set<string>> {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-sources-" });
  try {
    return await bundleModules(folder, ["main.ts"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * The packages of the lock file that sources belong to, by `name@version`, and the folders that they are in.
 *
 * @throws Error with the first source that is neither ours nor in such a package
 */
export function packageFolders(sources: Iterable<string>, lock: Lock, root = ROOT): Map<string, string> {
  // The longest first: '/ws/8.0.0/' is also in the path of '@scope/ws'.
  const ids = Object.keys(lock.npm).map(withoutPeers).sort((a, b) => b.length - a.length);
  const folders = new Map<string, string>();
  for (const source of sources) {
    if (source.startsWith(join(root, "/"))) continue;
    const id = ids.find((id) => source.includes(folderOf(id)));
    if (id === undefined) throw new Error(`Cannot tell which package of 'deno.lock' has '${source}'`);
    folders.set(id, source.slice(0, source.lastIndexOf(folderOf(id)) + folderOf(id).length));
  }
  return folders;
}

/** Where Deno's cache has a package. */
function folderOf(id: string): string {
  const at = id.lastIndexOf("@");
  return `/${id.slice(0, at)}/${id.slice(at + 1)}/`;
}

/** The lock's keys also name what a package was resolved with, as in `isomorphic-ws@5.0.0_ws@8.23.0`. */
function withoutPeers(key: string): string {
  return key.replace(/(?<=.@[^_]*)_.*$/, "");
}

async function describe(id: string, folder: string, lock: Lock, bundled: ReadonlySet<string>): Promise<Package> {
  const manifest: { name: string; version: string; license?: string } = JSON.parse(
    await Deno.readTextFile(join(folder, "package.json")),
  );
  const { name, version, license: licence } = manifest;
  if (typeof licence !== "string") throw new Error(`Package '${id}' must name its licence by an SPDX expression`);
  const key = Object.keys(lock.npm).find((key) => withoutPeers(key) === id)!;
  const { integrity, dependencies = [] } = lock.npm[key]!;
  const text = await licenceText(folder);
  return {
    name,
    version,
    licence,
    ...(text && { text }),
    sha512: sha512Of(integrity, id),
    dependencies: dependencies.flatMap((dependency) => resolved(dependency, bundled)).sort(compare),
  };
}

/** The lock names a dependency's version only where it has several. */
function resolved(dependency: string, bundled: ReadonlySet<string>): string[] {
  const id = withoutPeers(dependency);
  return [...bundled].filter((other) => other === id || other.slice(0, other.lastIndexOf("@")) === id);
}

function sha512Of(integrity: string, id: string): string {
  const [, base64] = /^sha512-(.+)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new Error(`'deno.lock' must have the SHA-512 of '${id}'`);
  return Array.from(atob(base64), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

async function licenceText(folder: string): Promise<string | undefined> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  const files = names.filter((name) => /^(licen[cs]e|copying|notice)(\.|$)/i.test(name)).sort(compare);
  const texts = await Promise.all(files.map((name) => Deno.readTextFile(join(folder, name))));
  return texts.length === 0 ? undefined : texts.map((text) => text.replaceAll("\r\n", "\n").trim()).join("\n\n");
}
