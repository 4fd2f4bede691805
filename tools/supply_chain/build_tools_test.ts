import assert from "node:assert/strict";
import { buildTools, npmTools, pythonTools } from "./build_tools.ts";

Deno.test("npmTools() has each package with the hash that npm checks", () => {
  const sha512 = new Uint8Array(64).fill(0xab);
  const packages = {
    "": { version: "1.0.0" },
    "node_modules/@deno/linux-x64-glibc": { version: "2.9.6", integrity: `sha512-${sha512.toBase64()}` },
  };
  assert.deepEqual(npmTools({ packages }), [{
    name: "@deno/linux-x64-glibc",
    version: "2.9.6",
    purl: "pkg:npm/%40deno/linux-x64-glibc@2.9.6",
    hashes: [{ alg: "SHA-512", content: "ab".repeat(64) }],
  }]);
});

Deno.test("pythonTools() has each package with all hashes that pip takes", () => {
  const [first, second] = ["a", "b"].map((digit) => digit.repeat(64));
  const text = `# a comment\nSome_Name[extra]==1.2 \\\n    --hash=sha256:${first} \\\n    --hash=sha256:${second}\n`;
  assert.deepEqual(pythonTools(text), [{
    name: "Some_Name",
    version: "1.2",
    purl: "pkg:pypi/some-name@1.2",
    hashes: [{ alg: "SHA-256", content: first }, { alg: "SHA-256", content: second }],
  }]);
});

Deno.test("buildTools() has Deno, its runtime and the checkers, and all but the runtime have a hash", async () => {
  const tools = await buildTools("2.9.6");
  const names = tools.map(({ name }) => name);
  for (const name of ["denort", "deno", "zizmor", "checkov", "botocore"]) assert.ok(names.includes(name), name);
  assert.deepEqual(tools.filter(({ hashes }) => hashes.length === 0).map(({ name }) => name), ["denort"]);
  assert.equal(new Set(tools.map(({ purl }) => purl)).size, tools.length);
});
