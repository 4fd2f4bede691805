import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { bundle, bundleSize } from "../../tools/bundle.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const SOURCES = ["deno.json", "deno.lock", "main.ts", "crds", "src", "tools"];

Deno.test("bundle: the same sources in two folders give the same bytes, and so does compiling them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  try {
    // One deeper than the other: the way from there to npm's packages is another.
    const [first, second] = await Promise.all(["first", "second/and/deeper"].map((name) => built(join(folder, name))));
    assert.ok(Object.keys(first!).length > 10);
    assert.deepEqual(first, second);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bundle: a start reads a small part of it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  try {
    const file = join(folder, "operator.js");
    await bundle(file);
    // All of client-node alone is more.
    assert.ok(await bundleSize(file) < 2_000_000);
    const start = await startSize(join(folder, "modules/main.js"));
    assert.ok(start > 0 && start < 150_000, `${start}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Copies the sources to a folder, compiles them there, and gives the SHA-256 of each file: the bundle's and the binary. */
async function built(folder: string): Promise<Record<string, string>> {
  await Deno.mkdir(folder, { recursive: true });
  const options = { clock: systemClock, timeoutMs: 120_000 };
  await runCommand("cp", ["-R", ...SOURCES.map((name) => join(ROOT, name)), folder], options);
  const extraEnv = { SAGEMAKER_OPERATOR_COMMIT: "0123456789ab" };
  await runCommand(Deno.execPath(), ["task", "compile"], { ...options, cwd: folder, extraEnv });
  return await digests(join(folder, "dist/sagemaker-operator.js"));
}

async function digests(file: string): Promise<Record<string, string>> {
  const modules = join(dirname(file), "modules");
  const files = [file, join(dirname(file), "sagemaker-operator")];
  for await (const { name } of Deno.readDir(modules)) files.push(join(modules, name));
  return Object.fromEntries(
    await Promise.all(
      files.sort().map(async (
        file,
      ) => [basename(file), createHash("sha256").update(await Deno.readFile(file)).digest("hex")]),
    ),
  );
}

/** The bytes of a module and of what it imports before anything runs. */
async function startSize(file: string, known = new Set<string>()): Promise<number> {
  if (known.has(file)) return 0;
  known.add(file);
  const code = await Deno.readTextFile(file);
  let size = code.length;
  for (const [, name] of code.matchAll(/(?:from|import)\s*"(\.\/[^"]+)"/g)) {
    size += await startSize(join(dirname(file), name!), known);
  }
  return size;
}
