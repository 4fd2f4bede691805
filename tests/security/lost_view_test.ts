/**
 * What the operator may see changes while jobs run: Namespaces that can't be read any more, another `assume-role-arn`, another endpoint.
 * A job is asked for where it was created and nowhere else, and never counts as lost because of that. All tests of this file but the last
 * fail at 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { errorAnswer, jsonAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { ApiProxy } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { accessKeyOf, Sts } from "../support/sts.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ROLE = "arn:aws:iam::999999999999:role/tenant";
const ANY_ROLE = { roleArns: ["*"] };
const ELSEWHERE = "arn:aws:iam::888888888888:role/tenant";
const FORBIDDEN = {
  status: 403,
  body: JSON.stringify({ kind: "Status", code: 403, message: "forbidden by the test" }),
};
/** Minutes pass in seconds: a job that is not found would count as lost within six. */
const FACTOR = 30;

/** A scene whose jobs are seen with a session of `ROLE` only, and the keys that calls were signed with. */
async function open(): Promise<{ scene: Scene; keys: Set<string> } & AsyncDisposable> {
  const scene = await Scene.open(cluster, { clock: fastClock(FACTOR) });
  const keys = new Set<string>();
  scene.standIn.intercept = (operation, request, { accessKeyId = "" }) => {
    keys.add(accessKeyId);
    if (accessKeyId === accessKeyOf(ROLE) || operation === "CreateProcessingJob") return undefined;
    if (operation === "ListProcessingJobs") return jsonAnswer({ ProcessingJobSummaries: [] });
    return errorAnswer("ValidationException", `Could not find requested job with name: ${request.ProcessingJobName}`);
  };
  return { scene, keys, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

async function annotate(scene: Scene, annotations: Record<string, string | null>): Promise<void> {
  const path = `/api/v1/namespaces/${scene.namespace}`;
  const patch = { metadata: { annotations } };
  const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function reasonOf({ status }: ProcessingJob): string | undefined {
  return findCondition(status?.conditions, "Ready")?.reason;
}

/** Starts an operator that may not read Namespaces. */
async function startWithoutNamespaces(scene: Scene): Promise<AsyncDisposable> {
  const proxy = await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)));
  proxy.intercept = ({ resource }) => resource === "namespaces" ? FORBIDDEN : undefined;
  const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/${scene.namespace}.kubeconfig`);
  const operator = await scene.startOperator({ kubeconfig, pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  return {
    async [Symbol.asyncDispose]() {
      await operator.stop();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

async function untilPolled(scene: Scene, times: number): Promise<void> {
  const looks = () => scene.count("ListProcessingJobs") + scene.count("DescribeProcessingJob");
  const before = looks();
  await eventually("SageMaker is asked", () => assert.ok(looks() >= before + times), { timeoutMs: 30_000 });
}

Deno.test("the right to read Namespaces is lost, and the operator restarts: jobs of other accounts are followed there, to their ends", async () => {
  await using _sts = await Sts.start();
  await using opened = await open();
  const { scene, keys } = opened;
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
  const first = await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  for (const name of ["ends", "is-deleted"]) await scene.resources.create(name);
  for (const name of ["ends", "is-deleted"]) {
    const { status } = await scene.resources.untilStatus(name, "InProgress");
    const { externalId: _, ...site } = status?.site ?? {};
    assert.deepEqual(site, { account: "123456789012", assumedRoleArn: ROLE, endpoint: scene.standIn.url });
  }
  await first.stop();
  await using _second = await startWithoutNamespaces(scene);
  await untilPolled(scene, 4);
  await scene.finish("ends", "Completed");
  await scene.resources.untilStatus("ends", "Completed", { timeoutMs: 30_000 });
  await scene.resources.delete("is-deleted");
  await eventually("the job is stopped", () => assert.equal(scene.count("StopProcessingJob"), 1), {
    timeoutMs: 30_000,
  });
  await scene.finish("is-deleted", "Stopped");
  await scene.resources.untilGone("is-deleted");
  assert.deepEqual([...keys], [accessKeyOf(ROLE)]);
});

Deno.test("the role to assume changes to one of another account: a job that runs is followed where it is, and the next is created there", async () => {
  await using _sts = await Sts.start();
  await using opened = await open();
  const { scene } = opened;
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
  await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await annotate(scene, { [NAMES.assumeRoleArn]: ELSEWHERE });
  await scene.resources.create("next");
  const { status } = await scene.resources.untilStatus("next", "InProgress", { timeoutMs: 30_000 });
  assert.equal(status?.site?.assumedRoleArn, ELSEWHERE);
  await untilPolled(scene, 8);
  assert.equal(reasonOf(await scene.resources.get("job")), "InProgress");
  await annotate(scene, { [NAMES.assumeRoleArn]: null });
  await untilPolled(scene, 8);
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 30_000 });
});

Deno.test("the operator's endpoint changes: a job that was created at the one before is not asked for elsewhere, and does not count as lost", async () => {
  await using scene = await Scene.open(cluster, { clock: fastClock(FACTOR) });
  const first = await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await first.stop();
  const asked: string[] = [];
  const other = await startStandIn({ onRequest: ({ operation }) => void asked.push(operation) });
  const second = await scene.startOperator({
    pollIntervalMs: 3_000,
    assumedRoles: ANY_ROLE,
    endpoints: { endpointUrl: other.url },
  });
  const { status } = await scene.resources.until("job", "says WrongEndpoint", (resource) => {
    assert.equal(reasonOf(resource), "WrongEndpoint", resource.status?.additional);
  }, { timeoutMs: 30_000 });
  assert.match(status!.additional!, new RegExp(`created at '${scene.standIn.url}'.*now calls '${other.url}'`));
  await second.stop();
  await other.close();
  assert.deepEqual(asked, []);
  await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 30_000 });
  assert.equal(scene.count("CreateProcessingJob"), 1);
});

Deno.test("a status of an earlier version, and Namespaces may not be read: the job is not asked for, and does not count as lost", async () => {
  await using _sts = await Sts.start();
  await using opened = await open();
  const { scene, keys } = opened;
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
  const first = await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.resources.create("job");
  await scene.resources.untilStatus("job", "InProgress");
  await first.stop();
  const { site: _, ...status } = (await scene.resources.get("job")).status!;
  await scene.resources.replaceStatus("job", status);
  keys.clear();
  const second = await startWithoutNamespaces(scene);
  await scene.resources.until("job", "says NamespaceUnknown", (resource) => {
    assert.equal(reasonOf(resource), "NamespaceUnknown", resource.status?.additional);
  }, { timeoutMs: 30_000 });
  await second[Symbol.asyncDispose]();
  assert.deepEqual([...keys], []);
  await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 30_000 });
});

Deno.test("a forged site in the status: a job is created in the account that the Namespace names, and followed there", async () => {
  await using _sts = await Sts.start();
  await using opened = await open();
  const { scene, keys } = opened;
  await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
  await scene.startOperator({ pollIntervalMs: 3_000, assumedRoles: ANY_ROLE });
  await scene.resources.create("job", { spec: { suspend: true } });
  const { status } = await scene.resources.until("job", "is suspended", (resource) => {
    assert.equal(reasonOf(resource), "Suspended");
  });
  await scene.resources.replaceStatus("job", { ...status, site: { assumedRoleArn: ELSEWHERE } });
  await scene.resources.patch("job", { spec: { suspend: false } });
  const running = await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 30_000 });
  assert.equal(running.status?.site?.assumedRoleArn, ROLE);
  await scene.finish("job", "Completed");
  await scene.resources.untilStatus("job", "Completed", { timeoutMs: 30_000 });
  assert.ok(keys.has(accessKeyOf(ROLE)));
});
