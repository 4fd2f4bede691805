import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../src/runtime/clock.ts";
import { buildModules, bundleModules } from "./bundle.ts";
import { runCommand } from "./control_plane/run_command.ts";
import { checkDisposals, usingBindings } from "./minify.ts";

const FORMS = join(import.meta.dirname!, "testdata/using_forms.ts");
const NAME = "using_forms.js";

Deno.test("bundle: what ships disposes of what the sources dispose of, for every form of using", async () => {
  await using folder = await temporaryFolder();
  await buildModules(folder.path, [FORMS]);
  const expected = await outputOf(FORMS);
  assert.ok(expected.length > 150);
  assert.deepEqual(await outputOf(join(folder.path, NAME)), expected);
});

Deno.test("bundle: no using binding gets lost in the form that is not minified either", async () => {
  await using folder = await temporaryFolder();
  await bundleModules(folder.path, [FORMS]);
  assert.deepEqual(await outputOf(join(folder.path, NAME)), await outputOf(FORMS));
});

Deno.test("bundle: the check refuses what the minifier inside Deno makes", async () => {
  await using folder = await temporaryFolder();
  await bundleModules(folder.path, [FORMS]);
  const bundled = await Deno.readTextFile(join(folder.path, NAME));
  await deno("bundle", "--quiet", "--minify", `--outdir=${folder.path}`, FORMS);
  const minifiedByDeno = await Deno.readTextFile(join(folder.path, NAME));
  assert.throws(
    () => checkDisposals(NAME, bundled, minifiedByDeno),
    /^Error: Cannot accept the minified 'using_forms.js': it has \d+ of the \d+ 'using' bindings$/,
  );
  assert.notDeepEqual(await outputOf(join(folder.path, NAME)), await outputOf(FORMS));
});

Deno.test("bundle: using bindings are counted by a parser", () => {
  const count = (code: string) => usingBindings(code);
  assert.equal(count("using a = f();"), 1);
  assert.equal(count("using a = f(), b = g(); await using c = h();"), 3);
  assert.equal(count("for (using a of b); for await (await using c of d);"), 2);
  assert.equal(count("class A { static { using a = f(); } m() { return () => { using b = g(); } } }"), 2);
  assert.equal(count("using a = null, b = undefined, c = void 0, d = f() ?? null;"), 1);
  assert.equal(count("'using a = f()'; // using a = f()\nconst using = 1; using\nlet b = `using a = ${using}`;"), 0);
});

/** What a program prints, as JSON. */
async function outputOf(file: string): Promise<string[]> {
  return JSON.parse(await deno("run", file));
}

async function deno(...args: string[]): Promise<string> {
  return await runCommand(Deno.execPath(), args, { clock: systemClock, timeoutMs: 60_000 });
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
