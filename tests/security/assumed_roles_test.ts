/**
 * Who may patch a Namespace can't have the operator assume whatever role trusts it: the operator's flags say which roles may be named, and
 * the external id, the session's name and its tag say for which namespace. The last test holds what 939be82 did as well; all others fail there.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { Sts } from "../support/sts.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ROLE = "arn:aws:iam::999999999999:role/team-a";
const ROLES = { roleArns: ["arn:aws:iam::999999999999:role/team-*"] };
const SEEN = { timeoutMs: 30_000 };

async function annotate(scene: Scene, annotations: Record<string, string | null>): Promise<void> {
  const path = `/api/v1/namespaces/${scene.namespace}`;
  const patch = { metadata: { annotations } };
  const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function uidOf(namespace: string): Promise<string> {
  const { body } = await cluster.request("GET", `/api/v1/namespaces/${namespace}`);
  return (body as { metadata: { uid: string } }).metadata.uid;
}

function untilNotAllowed(scene: Scene, name: string): Promise<ProcessingJob> {
  return scene.resources.until(name, "waits for the flag", ({ status }) => {
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "RoleNotAllowed", status?.additional);
    assert.match(status!.additional!, /--allowed-assume-role-arns/);
  }, SEEN);
}

Deno.test("without --allowed-assume-role-arns no role is assumed, nothing is sent, and the status names the flag", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE, [NAMES.externalId]: "of-another" });
  await scene.startOperator();
  await scene.resources.create("job");
  await untilNotAllowed(scene, "job");
  await scene.resources.delete("job");
  await scene.resources.untilGone("job");
  assert.deepEqual([sts.assumed, scene.calls], [[], []]);
});

Deno.test("a role that --allowed-assume-role-arns does not name is not assumed, nor is the job created as the operator itself", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.assumeRoleArn]: "arn:aws:iam::999999999999:role/admin" });
  await scene.startOperator({ assumedRoles: ROLES });
  await scene.resources.create("job");
  await untilNotAllowed(scene, "job");
  assert.deepEqual([sts.assumed, scene.calls], [[], []]);
});

Deno.test("a job that runs is not asked for with a role that the flag no longer names", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
  const first = await scene.startOperator({ assumedRoles: ROLES });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress", SEEN);
  await first.stop();
  const [assumed, called] = [sts.assumed.length, scene.calls.length];
  const second = await scene.startOperator({ stalenessMs: 2_000 });
  await untilNotAllowed(scene, "job");
  await second.stop();
  assert.deepEqual([sts.assumed.length, scene.calls.length], [assumed, called]);
  await scene.startOperator({ assumedRoles: ROLES });
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", SEEN);
});

Deno.test("two namespaces that name one role get sessions of their own, each with its own external id, name and tag", async () => {
  await using sts = await Sts.start();
  await using one = await Scene.open(cluster);
  await using other = await Scene.open(cluster);
  for (const scene of [one, other]) {
    await annotate(scene, { [NAMES.assumeRoleArn]: ROLE, [NAMES.externalId]: "of-another" });
  }
  await one.startOperator({ namespaces: [one.namespace, other.namespace], assumedRoles: ROLES });
  for (const scene of [one, other]) {
    await scene.resources.create("job");
    await scene.resources.untilStatus("job", "InProgress", SEEN);
  }
  // With --namespace the UID is that of the operator's own namespace, here that of the kubeconfig's context.
  const uid = await uidOf("default");
  for (const { namespace } of [one, other]) {
    const session = sts.assumed.find(({ tags }) => tags["kubernetes-namespace"] === namespace);
    assert.equal(session?.externalId, `${uid}/${namespace}`);
    assert.equal(session?.sessionName, `sagemaker-operator-${namespace}`.slice(0, 64));
  }
  assert.equal(sts.assumed.length, 2);
});

Deno.test("with --allow-external-id-annotation the Namespace's external id is shown", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE, [NAMES.externalId]: "tenant-1" });
  await scene.startOperator({ assumedRoles: { ...ROLES, externalIdAnnotation: true } });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress", SEEN);
  assert.deepEqual(sts.assumed.map(({ externalId }) => externalId), ["tenant-1"]);
});
