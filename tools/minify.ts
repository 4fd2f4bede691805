/**
 * Makes the modules of a bundle small, with the esbuild that `deno.json` pins. The esbuild inside Deno must not do it: up to
 * version 0.28.0 it drops the disposal of a `using` binding that is used once. See docs/adr/0022.
 */
import { stripTypeScriptTypes } from "node:module";
import { basename, join } from "node:path";
import { type AnyNode, type Expression, parse } from "acorn";
import { version } from "esbuild";
import { systemClock } from "../src/runtime/clock.ts";
import { runCommand } from "./control_plane/run_command.ts";

const OPTIONS = [
  "--minify",
  "--format=esm",
  "--tree-shaking=true",
  "--legal-comments=eof",
  "--allow-overwrite",
  "--log-level=error",
];

/**
 * Minifies every module of a folder in place.
 *
 * @throws Error if a module would dispose of less than before
 */
export async function minifyModules(folder: string): Promise<void> {
  const files = await Array.fromAsync(Deno.readDir(folder), ({ name }) => join(folder, name));
  const before = new Map(await Promise.all(files.map(async (file) => [file, await Deno.readTextFile(file)] as const)));
  for (const [file, code] of before) await Deno.writeTextFile(file, withoutPaths(code));
  // As a command: the library leaves a process running for later calls.
  const args = ["run", "-A", `npm:esbuild@${version}`, ...OPTIONS, `--outdir=${folder}`, ...files];
  await runCommand(Deno.execPath(), args, { clock: systemClock, timeoutMs: 60_000, cwd: import.meta.dirname! });
  for (const [file, code] of before) checkDisposals(basename(file), code, await Deno.readTextFile(file));
}

/**
 * Compares the numbers of `using` bindings. They are equal only if each binding is still there, since no minifier adds one.
 *
 * @throws Error if `minified` has fewer of them than `code`
 */
export function checkDisposals(name: string, code: string, minified: string): void {
  const [wanted, kept] = [usingBindings(code), usingBindings(minified)];
  if (kept < wanted) {
    throw new Error(`Cannot accept the minified '${name}': it has ${kept} of the ${wanted} 'using' bindings`);
  }
}

/** The number of bindings of `usingBindings` in files of JavaScript or TypeScript, all together. */
export async function usingBindingsOf(files: readonly string[]): Promise<number> {
  const counts = await Promise.all(files.map(async (file) => {
    const code = await Deno.readTextFile(file);
    return usingBindings(file.endsWith(".ts") ? stripTypeScriptTypes(code, { mode: "transform" }) : code);
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * The number of bindings that `using` and `await using` declare in a JavaScript module. `using x = null` doesn't count: there
 * is nothing to dispose of, so a minifier may make it a constant.
 */
export function usingBindings(code: string): number {
  let count = 0;
  const visit = (value: unknown) => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (isNode(value)) {
      if (value.type === "VariableDeclaration" && value.kind.endsWith("using")) {
        count += value.declarations.filter(({ init }) => !isNothing(init)).length;
      }
      Object.values(value).forEach(visit);
    }
  };
  visit(parse(code, { ecmaVersion: "latest", sourceType: "module" }));
  return count;
}

/** Whether a binding starts as a literal `null` or `undefined`, which the bundler writes as `void 0`. */
function isNothing(init: Expression | null | undefined): boolean {
  if (init?.type === "Identifier") return init.name === "undefined";
  return (init?.type === "Literal" && init.raw === "null") ||
    (init?.type === "UnaryExpression" && init.operator === "void");
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value;
}

/**
 * The bundler wraps modules of some packages in functions that it calls by the path from the sources to the module. Only the
 * functions are needed; the paths differ from machine to machine.
 */
function withoutPaths(code: string): string {
  return code.replace(/(= __(?:commonJS|esm)\(\{\n\s+(?:async )?)"[^"\n]*"(?=\()/g, '$1"_"');
}
