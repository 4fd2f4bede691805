import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { bundle, bundleSize } from "../../tools/bundle.ts";

Deno.test("bundle: two of the same sources have the same bytes, and a start reads a small part of them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  try {
    const [first, second] = ["first", "second"].map((name) => join(folder, name, "operator.js")) as [string, string];
    await bundle(first);
    await bundle(second);
    assert.deepEqual(await digests(first), await digests(second));
    // All of client-node alone is more.
    assert.ok(await bundleSize(first) < 2_000_000);
    assert.ok(await startSize(join(dirname(first), "modules/main.js")) < 150_000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function digests(file: string): Promise<Record<string, string>> {
  const modules = join(dirname(file), "modules");
  const files = [file];
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
