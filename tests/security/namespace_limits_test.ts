/**
 * What a Namespace's annotations say narrows what the operator's flags allow, holds for each job of the namespace, and is never passed over
 * because of a typo. All tests of this file fail at 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** A change is seen after ten seconds where the Namespace is got by its name. */
const SEEN = { timeoutMs: 30_000 };

async function annotate(scene: Scene, annotations: Record<string, string | null>): Promise<void> {
  const path = `/api/v1/namespaces/${scene.namespace}`;
  const patch = { metadata: { annotations } };
  const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function untilReason(scene: Scene, name: string, reason: string): Promise<ProcessingJob> {
  return scene.resources.until(name, `waits: ${reason}`, ({ status }) => {
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, reason, status?.additional);
  }, SEEN);
}

Deno.test("annotations never widen what --allowed-role-arns and --allowed-regions allow, and no call is made", async () => {
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.allowedRoleArns]: "*", [NAMES.allowedRegions]: "*-*-*" });
  await scene.startOperator({ allowed: { roleArns: ["arn:aws:iam::123456789012:role/jobs-*"], regions: ["eu-*"] } });
  await scene.resources.create("role", { spec: { roleArn: "arn:aws:iam::123456789012:role/admin" } });
  await scene.resources.create("region", { spec: { roleArn: "arn:aws:iam::123456789012:role/jobs-a" } });
  const role = await untilReason(scene, "role", "RoleNotAllowed");
  assert.match(role.status!.additional!, /the operator's --allowed-role-arns names$/);
  await untilReason(scene, "region", "RegionNotAllowed");
  assert.deepEqual(scene.calls, []);
});

Deno.test("an annotation with a typo stops all creates of its namespace, and the status names the right one", async () => {
  await using scene = await Scene.open(cluster);
  await annotate(scene, { "sagemaker.aws.amazon.com/allowed-role-arn": "arn:aws:iam::*:role/none" });
  await scene.startOperator();
  await scene.resources.create("job");
  const { status } = await untilReason(scene, "job", "InvalidNamespaceAnnotation");
  assert.match(status!.additional!, /allowed-role-arn' is not one that .*; did you mean '.*\/allowed-role-arns'\?$/);
  assert.deepEqual(scene.calls, []);
  await annotate(scene, { "sagemaker.aws.amazon.com/allowed-role-arn": null });
  await scene.resources.untilStatus("job", "InProgress", SEEN);
});

Deno.test("required tags are on each job with the Namespace's values, and the operator's own stay the operator's", async () => {
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.requiredTags]: "team=a,cost-centre=4711" });
  await scene.startOperator();
  const tags = [{ key: "team", value: "someone-else" }, { key: "Cost-Centre", value: "0" }, { key: "own", value: "v" }];
  const { metadata: { uid } } = await scene.resources.create("job", { spec: { tags } });
  const { status } = await scene.resources.untilStatus("job", "InProgress", SEEN);
  const { team, own, "cost-centre": centre, "Cost-Centre": forged, "sagemaker-operator/uid": owner } =
    scene.standIn.jobs()[0]!.tags;
  assert.deepEqual([team, own, centre, forged, owner], ["a", "v", "4711", undefined, uid]);
  assert.deepEqual(status?.appliedDefaults, [{ field: "tags", value: "team=a,cost-centre=4711" }]);
});
