/**
 * Bundles tests together with what they test, by the same steps as the operator, so that they test the code as it ships.
 */
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { bundleModules, DIST, finishModules } from "./bundle.ts";

const ROOT = join(import.meta.dirname!, "..");
const FOLDER = join(DIST, "tested");

/**
 * Bundles the tests of some folders.
 *
 * @param folders relative to the root of the repository
 * @returns the paths of the bundled test files
 * @throws Error with what `deno bundle` had to say, or if minifying would lose the disposal of a `using` binding
 */
export async function bundleTests(folders: readonly string[]): Promise<string[]> {
  const [entries, modules] = [join(FOLDER, "entries"), join(FOLDER, "modules")];
  await rm(FOLDER, { recursive: true, force: true });
  await Deno.mkdir(entries, { recursive: true });
  const names: string[] = [];
  for (const folder of folders) {
    for await (const test of testsIn(folder)) {
      // All in one folder, which is where the steps of the bundle look for modules.
      const name = test.replaceAll("/", ".").replace(/\.ts$/, "");
      await Deno.writeTextFile(join(entries, `${name}.ts`), `import ${JSON.stringify(join(ROOT, test))};\n`);
      names.push(name);
    }
  }
  await bundleModules(modules, names.map((name) => join(entries, `${name}.ts`)));
  for await (const { name } of Deno.readDir(modules)) {
    const file = join(modules, name);
    await Deno.writeTextFile(file, withPlaces(await Deno.readTextFile(file)));
  }
  await finishModules(modules);
  return names.map((name) => join(modules, `${name}.js`));
}

async function* testsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    if (isDirectory) yield* testsIn(`${folder}/${name}`);
    else if (name.endsWith("_test.ts")) yield `${folder}/${name}`;
  }
}

/**
 * Lets tests find files beside them: gives each `import.meta` of ours the place of its source. The bundler writes the path of
 * a source, relative to the root, in a comment before the code of it.
 */
export function withPlaces(code: string): string {
  let source = "";
  return code.replace(/^\/\/ (\S+\.\w+)$|\bimport\.meta\b/gm, (whole, path: string | undefined) => {
    if (path !== undefined) source = path;
    if (path !== undefined || !/^(src|tests|tools)\//.test(source)) return whole;
    const file = join(ROOT, source);
    const url = JSON.stringify(pathToFileURL(file).href);
    return `{url:${url},dirname:${JSON.stringify(dirname(file))},resolve:(path)=>new URL(path,${url}).href}`;
  });
}
