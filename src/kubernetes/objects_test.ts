import assert from "node:assert/strict";
import fc from "fast-check";
import { compareResourceVersions, keyOf, stripBookkeeping } from "./objects.ts";

Deno.test("compareResourceVersions() orders as integers of any length do", () => {
  const integer = fc.bigInt({ min: 0n, max: 2n ** 200n });
  fc.assert(fc.property(integer, integer, (a, b) => {
    const expected = a < b ? -1 : a > b ? 1 : 0;
    assert.equal(Math.sign(compareResourceVersions(String(a), String(b))), expected);
  }));
  fc.assert(fc.property(integer, (a) => assert.equal(compareResourceVersions(String(a), String(a)), 0)));
});

Deno.test("keyOf() leaves the namespace out where there is none", () => {
  const metadata = { name: "a", uid: "u", resourceVersion: "1" };
  assert.equal(keyOf({ metadata }), "a");
  assert.equal(keyOf({ metadata: { ...metadata, namespace: "team" } }), "team/a");
});

Deno.test("stripBookkeeping() drops managedFields and the last applied configuration, and changes nothing in place", () => {
  const object = {
    metadata: {
      name: "a",
      uid: "u",
      resourceVersion: "1",
      managedFields: [{}],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", mine: "kept" },
    },
    spec: { a: 1 },
  };
  assert.deepEqual(stripBookkeeping(object), {
    metadata: { name: "a", uid: "u", resourceVersion: "1", annotations: { mine: "kept" } },
    spec: { a: 1 },
  });
  assert.equal(object.metadata.managedFields.length, 1);
});
