/** What annotations on a Namespace do, on a real apiserver: guards, defaults, calls in another's name, and changes of them. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { FAKE_CREDENTIALS } from "../support/operator.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { accessKeyOf, Sts } from "../support/sts.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ROLE = "arn:aws:iam::123456789012:role/team-a";
const ACCOUNT = "arn:aws:iam::999999999999:role/tenant";
/** A change is seen after ten seconds where the Namespace is got by its name. */
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

/** An operator of all namespaces, which deals with those resources alone that carry the label of this scene. */
function startEverywhere(scene: Scene) {
  const assumedRoles = { roleArns: ["arn:aws:iam::999999999999:role/*"] };
  return scene.startOperator({ namespaces: [], selector: `scene=${scene.namespace}`, assumedRoles });
}

function create(scene: Scene, name: string, spec: Partial<ProcessingJob["spec"]> = {}): Promise<ProcessingJob> {
  return scene.resources.create(name, { spec, metadata: { labels: { scene: scene.namespace } } });
}

function untilReason(scene: Scene, name: string, reason: string): Promise<ProcessingJob> {
  return scene.resources.until(name, `waits: ${reason}`, ({ status }) => {
    const ready = findCondition(status?.conditions, "Ready");
    assert.deepEqual([status?.processingJobStatus, ready?.status, ready?.reason], ["Reconciling", "False", reason]);
  }, SEEN);
}

for (const start of [startEverywhere, (scene: Scene) => scene.startOperator()]) {
  const scope = start === startEverywhere ? "cluster" : "namespaced";
  Deno.test(`${scope} scope: what a namespace does not allow makes no call at all, and goes on once it is allowed`, async () => {
    await using scene = await Scene.open(cluster);
    await annotate(scene, { [NAMES.allowedRoleArns]: "arn:aws:iam::*:role/other-*", [NAMES.allowedRegions]: "eu-*" });
    await start(scene);
    await create(scene, "job");
    const { status } = await untilReason(scene, "job", "RoleNotAllowed");
    assert.match(
      status!.additional!,
      /^The role '.*' is not allowed by the Namespace's annotation '.*allowed-role-arns'/,
    );
    await annotate(scene, { [NAMES.allowedRoleArns]: null });
    await untilReason(scene, "job", "RegionNotAllowed");
    assert.deepEqual(scene.calls, []);
    await annotate(scene, { [NAMES.allowedRegions]: "eu-*,us-west-2" });
    await scene.resources.untilStatus("job", "InProgress", SEEN);
    assert.equal(scene.standIn.created.length, 1);
  });
}

Deno.test("after a restart what is not allowed makes no call either, and is let go with its deletion", async () => {
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.allowedRegions]: "eu-*" });
  const first = await startEverywhere(scene);
  await create(scene, "job");
  await untilReason(scene, "job", "RegionNotAllowed");
  await first.stop();
  await startEverywhere(scene);
  await create(scene, "other");
  await untilReason(scene, "other", "RegionNotAllowed");
  await annotate(scene, { [NAMES.allowedRegions]: "ap-*" });
  await scene.resources.until("job", "is looked at anew", ({ status }) => assert.match(status!.additional!, /'ap-\*'/));
  assert.deepEqual(scene.calls, []);
  for (const name of ["job", "other"]) {
    await scene.resources.delete(name);
    await scene.resources.untilGone(name);
  }
  assert.deepEqual(scene.standIn.created, []);
});

Deno.test("an operator's flags hold where a namespace says nothing", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator({ allowed: { roleArns: [], regions: ["eu-*"] } });
  await create(scene, "job");
  const { status } = await untilReason(scene, "job", "RegionNotAllowed");
  assert.equal(status!.additional, "The region 'us-west-2' is not one that the operator's --allowed-regions names");
  assert.deepEqual(scene.calls, []);
});

Deno.test("an annotation that cannot be read is named, and nothing is created until it is mended", async () => {
  await using scene = await Scene.open(cluster);
  await annotate(scene, { [NAMES.defaultVpcConfig]: "subnet-1" });
  await startEverywhere(scene);
  await create(scene, "job");
  const { status } = await untilReason(scene, "job", "InvalidNamespaceAnnotation");
  assert.match(status!.additional!, /default-vpc-config' is 'subnet-1', and must be JSON/);
  assert.deepEqual(scene.calls, []);
  await annotate(scene, { [NAMES.defaultVpcConfig]: null });
  await scene.resources.untilStatus("job", "InProgress");
});

Deno.test("defaults go into the request and the status, and the spec stays as it was applied", async () => {
  await using scene = await Scene.open(cluster);
  const vpcConfig = { securityGroupIds: ["sg-1"], subnets: ["subnet-1"] };
  await annotate(scene, {
    [NAMES.allowedRoleArns]: ROLE,
    [NAMES.defaultRoleArn]: ROLE,
    [NAMES.defaultVpcConfig]: JSON.stringify(vpcConfig),
    [NAMES.defaultKmsKeyId]: "alias/team-a",
    [NAMES.defaultTags]: "team=a",
  });
  await startEverywhere(scene);
  const { spec } = await create(scene, "job", { roleArn: undefined as unknown as string });
  assert.equal(spec.roleArn, undefined);
  const after = await scene.resources.untilStatus("job", "InProgress");
  const [job] = scene.standIn.jobs();
  assert.equal(job!.request.RoleArn, ROLE);
  assert.deepEqual(job!.request.NetworkConfig, { VpcConfig: { SecurityGroupIds: ["sg-1"], Subnets: ["subnet-1"] } });
  assert.equal(job!.tags.team, "a");
  assert.deepEqual(after.spec, spec);
  const applied = [
    { field: "roleArn", value: ROLE },
    { field: "networkConfig.vpcConfig", value: JSON.stringify(vpcConfig) },
    { field: "processingResources.clusterConfig.volumeKmsKeyId", value: "alias/team-a" },
    { field: "tags", value: "team=a" },
  ];
  assert.deepEqual(after.status?.appliedDefaults, applied);

  await annotate(scene, { [NAMES.defaultTags]: "team=b" });
  await scene.finish("job", "Completed");
  assert.deepEqual((await scene.resources.untilStatus("job", "Completed")).status?.appliedDefaults, applied);
});

Deno.test("a spec without a role waits for a default where there is none", async () => {
  await using scene = await Scene.open(cluster);
  await startEverywhere(scene);
  await create(scene, "job", { roleArn: undefined as unknown as string });
  await untilReason(scene, "job", "InvalidSpec");
  assert.deepEqual(scene.calls, []);
  await annotate(scene, { [NAMES.defaultRoleArn]: ROLE });
  await scene.resources.untilStatus("job", "InProgress");
});

Deno.test("without annotations the request is the spec's, and the status says nothing of defaults", async () => {
  await using scene = await Scene.open(cluster);
  await startEverywhere(scene);
  const resource = await create(scene, "job");
  const { status } = await scene.resources.untilStatus("job", "InProgress");
  const { Tags: _, ...request } = scene.standIn.jobs()[0]!.request;
  assert.deepEqual(request, toCreateRequest(MINIMAL_SPEC, jobNameOf(resource)));
  assert.equal("appliedDefaults" in status!, false);
});

Deno.test("with a role to assume every call of the namespace is made as that role, also after it has changed", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  const calls: [operation: string, accessKeyId: string][] = [];
  scene.standIn.intercept = (operation, _, { accessKeyId = "" }) => void calls.push([operation, accessKeyId]);
  await annotate(scene, { [NAMES.assumeRoleArn]: ACCOUNT, [NAMES.externalId]: "of-another" });
  await startEverywhere(scene);
  await create(scene, "job");
  await scene.resources.untilStatus("job", "InProgress");
  const isLook = ([operation]: [string, string]) => /^(List|Describe)ProcessingJobs?$/.test(operation);
  await eventually("the job is looked at", () => assert.ok(calls.some(isLook)));
  assert.deepEqual(new Set(calls.map(([, key]) => key)), new Set([accessKeyOf(ACCOUNT)]));
  assert.deepEqual(sts.assumed, [{
    roleArn: ACCOUNT,
    externalId: `${await uidOf("kube-system")}/${scene.namespace}`,
    sessionName: `sagemaker-operator-${scene.namespace}`.slice(0, 64),
    tags: { "kubernetes-namespace": scene.namespace },
    accessKeyId: FAKE_CREDENTIALS.AWS_ACCESS_KEY_ID,
  }]);

  const other = `${ACCOUNT}-2`;
  await annotate(scene, { [NAMES.assumeRoleArn]: other });
  await eventually("the job is looked at as the new role", () => {
    assert.ok(calls.some((call) => isLook(call) && call[1] === accessKeyOf(other)));
  });
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed");
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("a role that may not be assumed is told, and the namespace goes on once it may", async () => {
  await using sts = await Sts.start();
  await using scene = await Scene.open(cluster);
  sts.denied.add(ACCOUNT);
  await annotate(scene, { [NAMES.assumeRoleArn]: ACCOUNT });
  await startEverywhere(scene);
  await create(scene, "job");
  const { status } = await untilReason(scene, "job", "CredentialsUnavailable");
  assert.match(status!.additional!, /^Cannot assume the role 'arn:aws:iam::999999999999:role\/tenant'/);
  assert.deepEqual(scene.calls, []);
  sts.denied.clear();
  await scene.resources.patch("job", { metadata: { annotations: { "sagemaker.aws.amazon.com/reconcile-at": "now" } } });
  await scene.resources.untilStatus("job", "InProgress");
});

Deno.test("a job that runs is followed and stopped whatever its namespace allows by then", async () => {
  await using scene = await Scene.open(cluster);
  const first = await startEverywhere(scene);
  for (const name of ["ends", "is-deleted"]) await create(scene, name);
  for (const name of ["ends", "is-deleted"]) await scene.resources.untilStatus(name, "InProgress");
  await first.stop();
  await annotate(scene, { [NAMES.allowedRegions]: "eu-*", [NAMES.allowedRoleArns]: "" });
  await startEverywhere(scene);
  await scene.finish("ends", "Completed");
  await scene.resources.untilStatus("ends", "Completed");
  await scene.resources.delete("is-deleted");
  await eventually("the job is stopped", () => assert.equal(scene.count("StopProcessingJob"), 1));
  await scene.finish("is-deleted", "Stopped");
  await scene.resources.untilGone("is-deleted");
});

Deno.test("a namespace's deletion policy comes before the operator's, and after the spec's", async () => {
  await using scene = await Scene.open(cluster, { stopDuration: 200 });
  await annotate(scene, { [NAMES.defaultDeletionPolicy]: "Retain" });
  await startEverywhere(scene).then(() => create(scene, "retained"));
  await create(scene, "stopped", { deletionPolicy: "Stop" });
  for (const [name, policy] of [["retained", "Retain"], ["stopped", "Stop"]] as const) {
    const { status } = await scene.resources.untilStatus(name, "InProgress");
    assert.equal(status?.deletionPolicy, policy);
    await scene.resources.delete(name);
    await scene.resources.untilGone(name);
  }
  assert.equal(scene.count("StopProcessingJob"), 1);
});
