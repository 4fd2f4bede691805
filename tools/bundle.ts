/**
 * `deno task bundle`: makes plain JavaScript of the operator and its packages, which Deno 2.4 and later run as it is: a file to
 * start, and beside it a folder of modules, of which each command loads those that it needs. The same sources and the same
 * Deno give the same bytes, in whatever folder they and the packages are.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../src/runtime/clock.ts";
import { errorText } from "../src/telemetry/error_text.ts";
import { runCommand } from "./control_plane/run_command.ts";
import { minifyModules, usingBindingsOf } from "./minify.ts";

const ROOT = join(import.meta.dirname!, "..");
/** The folder of everything that is built. */
export const DIST = join(ROOT, "dist");
export const BUNDLE = join(DIST, "sagemaker-operator.js");

/**
 * Writes the bundle: the file `to`, and the folder `modules` beside it in place of what was there.
 *
 * @throws Error with what `deno bundle` had to say
 */
export async function bundle(to = BUNDLE): Promise<void> {
  const modules = join(dirname(to), "modules");
  const sources = await buildModules(modules, ["main.ts"]);
  await checkSources(modules, sources);
  const start = `globalThis.SAGEMAKER_OPERATOR_COMMIT=${JSON.stringify(await commit())};
await import("./modules/main.js");
`;
  await Deno.writeTextFile(to, start);
  // `deno compile` puts the files' times into the binary.
  for (const file of [to, ...await moduleFiles(to)]) await Deno.utime(file, 0, 0);
}

/**
 * Writes the modules of `entries` in the form in which they ship, to `folder` in place of what was there.
 *
 * @returns absolute paths of all sources that something of is in the modules
 * @throws Error with what `deno bundle` had to say, or if minifying would lose the disposal of a `using` binding
 */
export async function buildModules(folder: string, entries: readonly string[]): Promise<Set<string>> {
  await rm(folder, { recursive: true, force: true });
  const sources = await bundleModules(folder, entries);
  await finishModules(folder);
  return sources;
}

/**
 * Brings modules of `bundleModules` into the form in which they ship.
 *
 * @throws Error if minifying would lose the disposal of a `using` binding
 */
export async function finishModules(folder: string): Promise<void> {
  await minifyModules(folder);
  await openDefaults(folder);
  await settleNames(folder);
}

/**
 * Writes modules as Deno's bundler makes them: not minified, and under its own names.
 *
 * @returns absolute paths of all sources that something of is in the modules
 * @throws Error with what `deno bundle` had to say
 */
export async function bundleModules(folder: string, entries: readonly string[]): Promise<Set<string>> {
  const args = ["--quiet", "--platform=deno", "--code-splitting", "--sourcemap=external", `--outdir=${folder}`];
  await run(Deno.execPath(), ["bundle", ...args, ...entries]);
  const sources = new Set<string>();
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    if (!name.endsWith(".map")) continue;
    const map: { sources: string[] } = JSON.parse(await Deno.readTextFile(join(folder, name)));
    for (const source of map.sources) sources.add(resolve(folder, source));
    await Deno.remove(join(folder, name));
  }
  return sources;
}

/**
 * Holds the bundle against the operator's own sources: each `using` binding of theirs must be in it.
 *
 * @throws Error if one is missing
 */
async function checkSources(modules: string, sources: Iterable<string>): Promise<void> {
  const own = Array.from(sources).filter((source) => source.startsWith(join(ROOT, "/")) && source.endsWith(".ts"));
  const [wanted, found] = [await usingBindingsOf(own), await usingBindingsOf(await filesOf(modules))];
  if (found >= wanted) return;
  throw new Error(`The bundle must have all ${wanted} 'using' bindings of its sources but has ${found}: \
the bundler dropped one, or left out a function that is not called and can be deleted`);
}

/** The part of a module's name that the bundler makes, in the module's own name and where others load it. */
const GIVEN_NAME = /-[A-Z0-9]{8}(?=\.js)/g;

/**
 * Names modules by their content. The bundler's own names follow also from the way that leads from the sources to the cache of
 * npm's packages, so they would be others in another folder.
 *
 * @throws Error if two modules would have the same name
 */
async function settleNames(modules: string): Promise<void> {
  const texts = new Map<string, string>();
  for await (const { name } of Deno.readDir(modules)) texts.set(name, await Deno.readTextFile(join(modules, name)));
  const names = new Map<string, string>();
  for (const [name, text] of texts) {
    const hash = createHash("sha256").update(text.replace(GIVEN_NAME, "")).digest("hex").slice(0, 16);
    names.set(name, name.replace(GIVEN_NAME, `-${hash}`));
  }
  if (new Set(names.values()).size < names.size) throw new Error("Cannot name two modules of the same content");
  for (const [name, text] of texts) {
    await Deno.remove(join(modules, name));
    const renamed = text.replace(/[\w.-]+-[A-Z0-9]{8}\.js/g, (loaded) => names.get(loaded) ?? loaded);
    await Deno.writeTextFile(join(modules, names.get(name)!), renamed);
  }
}

/** How a module ends whose only export is the default one: as `deno bundle` writes it, and as esbuild does when it minifies. */
const ONLY_DEFAULT = /\bexport(?: default [\w$]+\(\)|\s*\{\s*[\w$]+ as default\s*\});?\s*$/;

/**
 * A package in CommonJS that is imported when it is needed becomes a module with nothing but a default export, while those who
 * import it want its names, as the SDK those of its STS client: lets them have the names.
 */
async function openDefaults(modules: string): Promise<void> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(modules)) names.push(name);
  const texts = new Map(
    await Promise.all(names.map(async (name) => {
      return [name, await Deno.readTextFile(join(modules, name))] as const;
    })),
  );
  const closed = names.filter((name) => ONLY_DEFAULT.test(texts.get(name)!));
  for (const [name, text] of texts) {
    const opened = text.replace(/\bimport\("\.\/([^"]+)"\)/g, (whole, module) => {
      return closed.includes(module) ? `${whole}.then(m=>m.default)` : whole;
    });
    if (opened !== text) await Deno.writeTextFile(join(modules, name), opened);
  }
}

/** The size in bytes of the bundle that `bundle` wrote to `file`. */
export async function bundleSize(file: string): Promise<number> {
  const infos = await Promise.all([file, ...await moduleFiles(file)].map((file) => Deno.stat(file)));
  return infos.reduce((sum, { size }) => sum + size, 0);
}

async function moduleFiles(bundle: string): Promise<string[]> {
  return await filesOf(join(dirname(bundle), "modules"));
}

async function filesOf(folder: string): Promise<string[]> {
  return await Array.fromAsync(Deno.readDir(folder), ({ name }) => join(folder, name));
}

/** The commit of the sources: from the environment where git isn't there, as in an image's build. */
async function commit(): Promise<string> {
  const given = Deno.env.get("SAGEMAKER_OPERATOR_COMMIT");
  if (given) return given;
  try {
    const head = (await run("git", ["rev-parse", "--short=12", "HEAD"])).trim();
    const changes = await run("git", ["status", "--porcelain"]);
    return changes === "" ? head : `${head}-dirty`;
  } catch {
    return "unknown";
  }
}

function run(command: string, args: string[]): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 5 * 60_000, cwd: ROOT });
}

/** Runs what a task does; an error becomes one line. */
export async function runTask(task: () => Promise<string>): Promise<never> {
  const print = (stream: { writeSync(bytes: Uint8Array): number }, line: string) =>
    stream.writeSync(new TextEncoder().encode(`${line}\n`));
  try {
    print(Deno.stdout, await task());
    Deno.exit(0);
  } catch (error) {
    print(Deno.stderr, errorText(error));
    Deno.exit(1);
  }
}

/** A file's path and its size in bytes, for people. */
export function describeFile(file: string, size: number): string {
  return `${file.slice(ROOT.length + 1)}: ${(size / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) {
  await runTask(async () => {
    await bundle();
    return describeFile(BUNDLE, await bundleSize(BUNDLE));
  });
}
