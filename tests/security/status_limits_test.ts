/**
 * A message that is longer than the field that it is written into: the apiserver refuses the status, and the resource is tried for ever
 * without a word of why. Both tests fail at 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("a Namespace that allows 700 roles: a resource with another one says so, and names a few of them", async () => {
  await using scene = await Scene.open(cluster);
  const roles = Array.from({ length: 700 }, (_, index) => `arn:aws:iam::123456789012:role/${index}-${"r".repeat(40)}`);
  const patch = { metadata: { annotations: { [NAMESPACE_ANNOTATIONS.allowedRoleArns]: roles.join(",") } } };
  const path = `/api/v1/namespaces/${scene.namespace}`;
  const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  assert.equal(answer.status, 200);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.until("job", "waits for a role that is allowed", ({ status }) => {
    const ready = findCondition(status?.conditions, "Ready");
    assert.equal(ready?.reason, "RoleNotAllowed");
    assert.match(ready.message, /which names 'arn:aws:iam::123456789012:role\/0-r+', .* and 690 more \(see /);
  });
});

Deno.test("a failure reason that is longer than any field takes is written as far as it goes in", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await scene.finish("job", "Failed", `out of ${"memory ".repeat(50_000)}`);
  const { status } = await scene.resources.untilStatus("job", "Failed");
  for (const text of [status!.failureReason, status!.additional, findCondition(status!.conditions, "Ready")?.message]) {
    assert.match(text!, /out of memory memory .*…/);
    assert.ok(text!.length < 5_000, `${text!.length}`);
  }
});
