import assert from "node:assert/strict";
import { checkAllowedRoles } from "./allowed_roles.ts";

Deno.test("checkAllowedRoles() warns where all namespaces are watched and no roles are named", () => {
  const level = (watched: string[], allowed: string[]) => checkAllowedRoles({ watched, allowed })?.level;
  assert.equal(level([], []), "warning");
  assert.equal(level([], ["arn:aws:iam::*:role/jobs-*"]), "ok");
  assert.equal(level(["team-a"], []), undefined);
});
