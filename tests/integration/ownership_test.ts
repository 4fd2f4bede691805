/** Whose a job is, and what people may ask for by annotations. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS } from "../../src/api/group.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** Has somebody create a job under the name that a resource's job will have. */
async function takeName(scene: Scene, name: string, change: Record<string, unknown>): Promise<void> {
  const resource = await scene.resources.get(name);
  const answer = await fetch(scene.standIn.url, {
    method: "POST",
    headers: {
      "X-Amz-Target": "SageMaker.CreateProcessingJob",
      Authorization: "AWS4-HMAC-SHA256 Credential=A/20260101/us-west-2/sagemaker/aws4_request, Signature=0",
    },
    body: JSON.stringify({ ...toCreateRequest(MINIMAL_SPEC, jobNameOf(resource)), ...change }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

async function eventsOf(scene: Scene, name: string): Promise<{ reason: string; note: string }[]> {
  const { body } = await cluster.request("GET", `/apis/events.k8s.io/v1/namespaces/${scene.namespace}/events`);
  return body.items.filter(({ regarding }: { regarding: { name: string } }) => regarding.name === name);
}

function untilEvent(scene: Scene, name: string, reason: string, note: RegExp): Promise<void> {
  return eventually(`an Event '${reason}' of ${name}`, async () => {
    const events = await eventsOf(scene, name);
    const found = events.find((event) => event.reason === reason);
    assert.match(found?.note ?? "", note, JSON.stringify(events));
  });
}

Deno.test("a job carries tags that say which resource it was made for", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  const { metadata } = await scene.resources.create("job", { spec: { tags: [{ key: "team", value: "a" }] } });
  await scene.resources.untilStatus("job", "InProgress");
  const { tags } = scene.standIn.jobs()[0]!;
  const { "sagemaker-operator/cluster": home, ...rest } = tags;
  assert.deepEqual(rest, {
    team: "a",
    "sagemaker-operator/uid": metadata.uid,
    "sagemaker-operator/namespace": scene.namespace,
    "sagemaker-operator/name": "job",
  });
  const { body } = await cluster.request("GET", "/api/v1/namespaces/default");
  assert.equal(home, body.metadata.uid);
});

for (
  const [title, change] of [
    ["another image", { AppSpecification: { ImageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/another" } }],
    ["another resource's tag", { Tags: [{ Key: "sagemaker-operator/uid", Value: "another" }] }],
  ] as const
) {
  Deno.test(`a job of the same name with ${title} is neither followed nor stopped`, async () => {
    await using scene = await Scene.open(cluster);
    await scene.resources.create("job");
    await takeName(scene, "job", change);
    await scene.startOperator();
    const { status } = await scene.resources.untilStatus("job", "Error");
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, "NameConflict");
    assert.equal(status?.processingJobArn, undefined);
    await untilEvent(scene, "job", "NameConflict", /was not made for this resource/);
    await scene.resources.delete("job");
    await scene.resources.untilGone("job");
    assert.equal(scene.count("StopProcessingJob"), 0);
    assert.deepEqual(scene.standIn.jobs().map((job) => job.status), ["InProgress"]);
  });
}

Deno.test("a job without tags that is what the resource asks for is the resource's", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("job");
  await takeName(scene, "job", {});
  await scene.startOperator();
  await scene.resources.untilStatus("job", "InProgress");
  assert.equal(scene.standIn.created.length, 1);
});

Deno.test("where the operator may not tag, the job is created without its tags, and an Event says so", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = (operation, request) => {
    if (operation !== "CreateProcessingJob" || request.Tags === undefined) return undefined;
    const text =
      "User: arn:aws:sts::123456789012:assumed-role/operator/x is not authorized to perform: sagemaker:AddTags";
    return errorAnswer("AccessDeniedException", text);
  };
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  assert.deepEqual(scene.standIn.jobs().map(({ tags }) => tags), [{}]);
  await untilEvent(scene, "job", "JobTagsDenied", /sagemaker:AddTags/);
});

Deno.test("an Error is tried again for a new value of reconcile-at, once", async () => {
  await using scene = await Scene.open(cluster);
  scene.standIn.intercept = (operation) =>
    operation === "CreateProcessingJob" ? errorAnswer("ValidationException", "no such thing") : undefined;
  await scene.startOperator();
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "Error");
  const creates = () => scene.count("CreateProcessingJob");
  assert.equal(creates(), 1);
  await scene.resources.patch("job", { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: "1" } } });
  await scene.resources.until("job", "has been tried again", ({ status }) => {
    assert.equal(status?.observedReconcileAt, "1");
    assert.equal(status.processingJobStatus, "Error");
  });
  assert.equal(creates(), 2);
  await scene.resources.patch("job", { metadata: { labels: { team: "a" } } });
  scene.standIn.intercept = undefined;
  await scene.resources.patch("job", { metadata: { annotations: { [ANNOTATIONS.reconcileAt]: "2" } } });
  await scene.resources.untilStatus("job", "InProgress");
  assert.equal(creates(), 3);
});

Deno.test("a deletion that SageMaker holds up says so, and force-delete releases it at once", async () => {
  await using scene = await Scene.open(cluster);
  await scene.startOperator();
  await scene.resources.create("job");
  const resource = await scene.resources.untilStatus("job", "InProgress");
  scene.standIn.intercept = () => errorAnswer("AccessDeniedException", "you may not");
  await scene.resources.delete("job");
  const { status } = await scene.resources.until("job", "says why it waits", ({ status }) => {
    assert.match(status?.additional ?? "", /AccessDeniedException.*force-delete/);
  });
  assert.equal(findCondition(status?.conditions, "Ready")?.reason, "AccessDenied");
  await untilEvent(scene, "job", "DeletionBlocked", /force-delete/);
  await scene.resources.patch("job", { metadata: { annotations: { [ANNOTATIONS.forceDelete]: "true" } } });
  await scene.resources.untilGone("job");
  await untilEvent(scene, "job", "ForceDeleted", new RegExp(jobNameOf(resource)));
  assert.deepEqual(scene.standIn.jobs().map((job) => job.status), ["InProgress"]);
});
