import assert from "node:assert/strict";
import { renderNotices, renderPage } from "./dependencies.ts";
import type { Package } from "./packages.ts";

const made = (name: string, licence: string, text?: string): Package => {
  return { name, version: "1.0.0", licence, ...(text && { text }), sha512: "", dependencies: [] };
};
const PACKAGES = [made("a", "MIT", "Do as you like"), made("b", "ISC"), made("c", "MIT", "Do as you like")];

Deno.test("the page lists packages with versions and licences, and counts the licences", () => {
  const page = renderPage(PACKAGES);
  assert.match(page, /^3 packages: ISC \(1\), MIT \(2\)\.$/m);
  assert.match(page, /^\| `b` \| 1\.0\.0 \| ISC \|$/m);
});

Deno.test("the notices have each text once, after the names of all packages that have it", () => {
  const notices = renderNotices(PACKAGES);
  assert.match(notices, /^a@1\.0\.0\nc@1\.0\.0\n\nDo as you like$/m);
  assert.equal(notices.split("Do as you like").length, 2);
  assert.match(notices, /^b@1\.0\.0\n\nISC\. The package has no licence file\.$/m);
});

Deno.test("the notices have the licences of Deno and V8, and say where those of the runtime's crates are", () => {
  const notices = renderNotices(PACKAGES);
  assert.match(notices, /^MIT License\n\nCopyright 2018-\d{4} the Deno authors$/m);
  assert.match(notices, /^Copyright 2006-\d{4}, the V8 project authors\. All rights reserved\.$/m);
  assert.match(notices, /crates that Cargo\.lock names/);
});
