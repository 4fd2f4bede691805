import assert from "node:assert/strict";
import { readText, whyUnreadable } from "./files.ts";

const ERRORS: [error: unknown, why: string][] = [
  [new Deno.errors.NotFound("x"), "the file does not exist"],
  [new Deno.errors.PermissionDenied("x"), "this user may not read it"],
  [new Deno.errors.IsADirectory("x"), "it is a directory"],
  [
    new Deno.errors.NotCapable('Requires read access to "/x", specify a flag'),
    'this program was not given the permission (Requires read access to "/x"); ' +
    "the container's may read only where credentials usually are, as in '/etc/sagemaker-operator' and '/tmp'",
  ],
  [new Error("disk on fire"), "disk on fire"],
];

for (const [error, why] of ERRORS) {
  Deno.test(`whyUnreadable() says: ${why}`, () => assert.equal(whyUnreadable(error), why));
}

Deno.test("readText() returns undefined for a missing file only if it may be missing", async () => {
  assert.equal(await readText("/no/such/file", "thing", { optional: true }), undefined);
  await assert.rejects(readText("/no/such/file", "thing"), {
    name: "ConfigError",
    message: "Cannot read thing '/no/such/file': the file does not exist",
  });
});
