import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { bundle } from "../../tools/bundle.ts";

Deno.test("bundle: two of the same sources have the same bytes, and hold only what is used of the large packages", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  try {
    const [first, second] = [join(folder, "first.js"), join(folder, "elsewhere", "second.js")];
    await bundle(first);
    await bundle(second);
    assert.equal(await digest(first), await digest(second));
    // All of client-node alone is more.
    assert.ok((await Deno.stat(first)).size < 3_000_000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function digest(file: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(file)).digest("hex");
}
