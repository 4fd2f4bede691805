import assert from "node:assert/strict";
import { type Lock, packageFolders } from "./packages.ts";

const integrity = "sha512-AAAA";
const lock: Lock = {
  npm: {
    "ws@8.0.0": { integrity },
    "ws@8.0.01": { integrity },
    "@scope/ws@8.0.0": { integrity },
    "snake_case@1.0.0": { integrity },
    "isomorphic-ws@5.0.0_ws@8.0.0": { integrity },
  },
};

Deno.test("a module belongs to the package and the version in whose folder it is", () => {
  const cases = {
    "/cache/npm/registry/ws/8.0.0/lib/a.js": ["ws@8.0.0", "/cache/npm/registry/ws/8.0.0/"],
    "/cache/npm/registry/ws/8.0.01/a.js": ["ws@8.0.01", "/cache/npm/registry/ws/8.0.01/"],
    "/cache/npm/registry/isomorphic-ws/5.0.0/a.js": ["isomorphic-ws@5.0.0", "/cache/npm/registry/isomorphic-ws/5.0.0/"],
    "/cache/npm/registry/snake_case/1.0.0/a.js": ["snake_case@1.0.0", "/cache/npm/registry/snake_case/1.0.0/"],
    "/cache/npm/registry/@scope/ws/8.0.0/a.js": ["@scope/ws@8.0.0", "/cache/npm/registry/@scope/ws/8.0.0/"],
  };
  for (const [source, folder] of Object.entries(cases)) {
    assert.deepEqual([...packageFolders([source], lock, "/repo")], [folder], source);
  }
});

Deno.test("modules of the sources belong to no package, and others must belong to one of the lock file", () => {
  assert.equal(packageFolders(["/repo/src/a.ts"], lock, "/repo").size, 0);
  for (const source of ["/repository/a.ts", "/cache/npm/registry/ws/9.0.0/a.js"]) {
    assert.throws(() => packageFolders([source], lock, "/repo"), { message: new RegExp(`has '${source}'`) });
  }
});
