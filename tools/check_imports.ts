/**
 * Holds the rules of who may import what in `src/`, and that time is read in one place. Prints a line for each violation.
 *
 *   deno run -A tools/check_imports.ts
 */
import { dirname, join, normalize, relative } from "node:path/posix";

/** Layers that know nothing of each other, so that each can be understood and tested alone. */
const APART = ["kubernetes", "sagemaker", "runtime"];
/** What the layers share all the same: how to tell the time. */
const SHARED = new Set(["src/runtime/clock.ts", "src/runtime/fake_clock.ts"]);
/** The CRD and the version, which are part of the API though no modules. */
const API_DATA = /^(crds\/|deno\.json$)/;
/** The domain rules, with no way to reach a client. */
const PURE = "src/processing_job/decide.ts";
const CLOCK = "src/runtime/clock.ts";

const TIME = /\b(?:setTimeout|setInterval|Date\.now|performance\.now|AbortSignal\.timeout)\b|\bnew Date\(\)/g;

/** What is wrong with `files` (text by path, as `src/api/group.ts`), one line for each violation. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const code = new Map([...files].map(([path, text]) => [path, withoutComments(text)]));
  const imports = new Map([...code].map(([path, text]) => [path, importsOf(path, text)]));
  return [
    ...[...imports].flatMap(([path, targets]) => targets.flatMap((target) => importProblem(path, target))),
    ...purityProblems(imports),
    ...[...code].flatMap(([path, text]) => timeProblems(path, text)),
  ].sort();
}

function importProblem(path: string, target: string): string[] {
  const [from, to] = [layerOf(path), layerOf(target)];
  const forTests = isTest(path) && !isLocal(target);
  if (from === "api" && to !== "api" && !forTests && !API_DATA.test(target)) {
    return [`${path}: imports '${target}', but src/api imports nothing outside itself`];
  }
  if (from !== to && APART.includes(from) && APART.includes(to) && !SHARED.has(target)) {
    return [`${path}: imports '${target}', but src/${from} and src/${to} know nothing of each other`];
  }
  return [];
}

/** The pure module may use files of its own folder, if these import as little as it does. */
function purityProblems(imports: ReadonlyMap<string, string[]>): string[] {
  const problems: string[] = [];
  const seen = new Set([PURE]);
  for (const path of seen) {
    for (const target of imports.get(path) ?? []) {
      if (layerOf(target) === "api") continue;
      if (dirname(target) === dirname(PURE)) seen.add(target);
      else problems.push(`${path}: imports '${target}', but ${PURE} may only reach src/api`);
    }
  }
  return problems;
}

function timeProblems(path: string, text: string): string[] {
  if (path === CLOCK || isTest(path)) return [];
  return [...text.matchAll(TIME)].map(([call]) => `${path}: uses '${call}', but time comes from the Clock of ${CLOCK}`);
}

/** The folder below `src/` that a path is in; empty for what is elsewhere. */
function layerOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? "";
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

function isLocal(target: string): boolean {
  return target.includes("/") && target.endsWith(".ts");
}

const IMPORT = /\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

/** What a module imports or re-exports: paths for relative specifiers, others as they are written. */
function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([, from, direct]) => {
    const specifier = from ?? direct!;
    return specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
  });
}

/** Strings are matched along with comments, so that a `//` in a URL isn't taken for one. */
function withoutComments(text: string): string {
  const token = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/.*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (_, literal: string | undefined) => literal ?? " ");
}

async function readSources(root: string, folder: string, files = new Map<string, string>()) {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) await readSources(root, path, files);
    else if (name.endsWith(".ts")) files.set(relative(root, path), await Deno.readTextFile(path));
  }
  return files;
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname!);
  const problems = violations(await readSources(root, join(root, "src")));
  await Deno.stderr.write(new TextEncoder().encode(problems.map((problem) => `${problem}\n`).join("")));
  if (problems.length > 0) Deno.exit(1);
}
