import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { withPlaces } from "./bundle_tests.ts";

const ROOT = join(import.meta.dirname!, "..");

Deno.test("bundled tests find the files beside their sources, and packages keep their own place", async () => {
  const bundled = `
// ../.cache/package/index.js
var ofPackage = import.meta.url;

// src/telemetry/log_test.ts
export const resolved = import.meta.resolve("./log.ts");

// tests/support/checkers.ts
export const [folder, url] = [import.meta.dirname, import.meta.url];
`;
  const code = withPlaces(bundled);
  assert.match(code, /ofPackage = import\.meta\.url;/);
  const { resolved, folder, url } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const urlOf = (path: string) => pathToFileURL(join(ROOT, path)).href;
  assert.equal(resolved, urlOf("src/telemetry/log.ts"));
  assert.equal(folder, join(ROOT, "tests/support"));
  assert.equal(url, urlOf("tests/support/checkers.ts"));
});
