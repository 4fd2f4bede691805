/** The policy in docs/credentials.md against what the operator asks of AWS: no permission is missing, and none is more than it needs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const PAGE = join(import.meta.dirname!, "../../docs/credentials.md");

/** The actions of the operator's policy. */
async function allowed(): Promise<string[]> {
  const block = /^```json operator-policy\n(.*?)^```$/ms.exec(await Deno.readTextFile(PAGE))?.[1] ?? "{}";
  const { Statement }: { Statement: { Action: string | string[] }[] } = JSON.parse(block);
  return Statement.flatMap(({ Action }) => Action).sort();
}

/** The actions that IAM asks for when those operations are called: a create with tags needs AddTags, one with a role PassRole. */
function needed(scene: Scene): string[] {
  const actions = new Set(Object.keys(scene.standIn.calls).map((operation) => `sagemaker:${operation}`));
  for (const { request, tags } of scene.standIn.created) {
    if (Object.keys(tags).length > 0) actions.add("sagemaker:AddTags");
    if (request.RoleArn !== undefined) actions.add("iam:PassRole");
  }
  return [...actions].sort();
}

/** Has somebody's job take the name that the resource's job will have. */
async function takeName(scene: Scene, name: string): Promise<void> {
  const job = jobNameOf(await scene.resources.get(name));
  const answer = await fetch(scene.standIn.url, {
    method: "POST",
    headers: {
      "X-Amz-Target": "SageMaker.CreateProcessingJob",
      Authorization: "AWS4-HMAC-SHA256 Credential=A/20260101/us-west-2/sagemaker/aws4_request, Signature=0",
    },
    body: JSON.stringify(toCreateRequest(MINIMAL_SPEC, job)),
  });
  assert.equal(answer.status, 200, await answer.text());
}

Deno.test("the operator's policy allows what a run of the operator calls, and nothing else", async () => {
  await using scene = await Scene.open(cluster);
  await scene.resources.create("taken");
  await takeName(scene, "taken");
  await scene.startOperator();
  await scene.resources.create("completes");
  await scene.resources.create("stops");
  for (const name of ["taken", "completes", "stops"]) await scene.resources.untilStatus(name, "InProgress");
  await scene.finish("completes", "Completed");
  await scene.resources.untilStatus("completes", "Completed");
  await scene.resources.delete("stops");
  await eventually("the job is asked to stop", () => assert.equal(scene.count("StopProcessingJob"), 1));
  await scene.finish("stops", "Stopped");
  await scene.resources.untilGone("stops");
  assert.deepEqual(needed(scene), await allowed());
});
