/**
 * A Namespace that the operator has not read counts as unknown, and unknown means wait: no job is created until its annotations are known,
 * as they could forbid the job or name another account. All tests of this file but the last fail at 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../../src/api/group.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { ApiProxy, type ApiRequest } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";
import { accessKeyOf, Sts } from "../support/sts.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ROLE = "arn:aws:iam::999999999999:role/tenant";
const FORBIDDEN = {
  status: 403,
  body: JSON.stringify({ kind: "Status", code: 403, message: "forbidden by the test" }),
};

async function openProxy(scene: Scene): Promise<ApiProxy & { kubeconfig: string }> {
  const proxy = await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)));
  const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/${scene.namespace}.kubeconfig`);
  return Object.assign(proxy, { kubeconfig });
}

async function annotate(scene: Scene, annotations: Record<string, string | null>): Promise<void> {
  const path = `/api/v1/namespaces/${scene.namespace}`;
  const patch = { metadata: { annotations } };
  const answer = await cluster.request("PATCH", path, patch, { contentType: "application/merge-patch+json" });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

function create(scene: Scene, name: string): Promise<ProcessingJob> {
  return scene.resources.create(name, { metadata: { labels: { scene: scene.namespace } } });
}

function isOfNamespaces({ resource }: ApiRequest): boolean {
  return resource === "namespaces";
}

async function untilReason(scene: Scene, name: string, reason: string): Promise<ProcessingJob> {
  return await scene.resources.until(name, `says ${reason}`, ({ status }) => {
    assert.equal(findCondition(status?.conditions, "Ready")?.reason, reason, status?.additional);
  }, { timeoutMs: 30_000 });
}

Deno.test("cluster scope, and the watch of Namespaces has not brought one: its annotations hold for the first job", async () => {
  await using scene = await Scene.open(cluster);
  await using proxy = await openProxy(scene);
  // The watch lives, and brings nothing of this namespace.
  proxy.onEvent = (event, watch) => {
    const { name } = (event.object as { metadata: { name?: string } }).metadata;
    return isOfNamespaces(watch) && name === scene.namespace ? [] : undefined;
  };
  await annotate(scene, { [NAMES.allowedRoleArns]: "" });
  await scene.startOperator({ kubeconfig: proxy.kubeconfig, namespaces: [], selector: `scene=${scene.namespace}` });
  await create(scene, "job");
  await untilReason(scene, "job", "RoleNotAllowed");
  assert.deepEqual(scene.calls, []);
});

for (const [scope, flags] of [["cluster scope", []], ["--namespace", ["--namespace"]]] as const) {
  Deno.test(`${scope}, and Namespaces may not be read: jobs wait and say for what, /readyz tells, and then the annotations hold`, async () => {
    await using sts = await Sts.start();
    await using scene = await Scene.open(cluster);
    await using proxy = await openProxy(scene);
    const keys = new Set<string>();
    scene.standIn.intercept = (_operation, _request, { accessKeyId = "" }) => void keys.add(accessKeyId);
    let isDenied = true;
    proxy.intercept = (request) => isDenied && isOfNamespaces(request) ? FORBIDDEN : undefined;
    await annotate(scene, { [NAMES.assumeRoleArn]: ROLE });
    await using operator = startOperator({
      kubeconfig: proxy.kubeconfig,
      endpoint: scene.standIn.url,
      flags: [
        ...flags.flatMap((flag) => [flag, scene.namespace]),
        "--selector",
        `scene=${scene.namespace}`,
        "--allowed-assume-role-arns",
        ROLE,
      ],
      env: { AWS_ENDPOINT_URL_STS: sts.url },
    });
    await create(scene, "job");
    const { status, metadata } = await untilReason(scene, "job", "NamespaceUnknown");
    assert.match(status!.additional!, /^Waiting for the resource's Namespace to be read.*--no-namespace-annotations$/);
    assert.deepEqual(metadata.finalizers, undefined);
    const readyz = await operator.probe("/readyz");
    assert.equal(readyz?.status, 500);
    assert.match(readyz!.text, /namespaces.*the operator may not read/);
    assert.deepEqual([...keys], []);

    isDenied = false;
    await scene.resources.untilStatus("job", "InProgress", { timeoutMs: 60_000 });
    assert.deepEqual([...keys], [accessKeyOf(ROLE)]);
    await eventually("it is ready", async () => assert.equal((await operator.probe("/readyz"))?.status, 200), {
      timeoutMs: 30_000,
    });
  });
}

Deno.test("--namespace: what an annotation forbids holds for the next create, each of which reads the Namespace once", async () => {
  await using scene = await Scene.open(cluster);
  await using proxy = await openProxy(scene);
  const reads: ApiRequest[] = [];
  // The regular reads, of which the first is at the start, see nothing of the annotation for as long as the test takes.
  await scene.startOperator({ kubeconfig: proxy.kubeconfig });
  await create(scene, "first");
  await scene.resources.untilStatus("first", "InProgress");
  proxy.intercept = (request) => {
    if (isOfNamespaces(request)) reads.push(request);
    return undefined;
  };
  for (const name of ["a", "b", "c"]) await create(scene, name);
  for (const name of ["a", "b", "c"]) await scene.resources.untilStatus(name, "InProgress");
  assert.ok(
    reads.length >= 3 && reads.length <= 5,
    `${reads.length} reads for three creates, the regular ones included`,
  );

  await annotate(scene, { [NAMES.allowedRoleArns]: "" });
  await create(scene, "forbidden");
  await untilReason(scene, "forbidden", "RoleNotAllowed");
  assert.equal(scene.count("CreateProcessingJob"), 4);
});

Deno.test("--namespace: while a read before a create fails the job waits, and one that runs is followed and ends", async () => {
  await using scene = await Scene.open(cluster);
  await using proxy = await openProxy(scene);
  await scene.startOperator({ kubeconfig: proxy.kubeconfig });
  await create(scene, "runs");
  await scene.resources.untilStatus("runs", "InProgress");
  proxy.intercept = (request) => isOfNamespaces(request) ? "reset" : undefined;
  await annotate(scene, { [NAMES.allowedRoleArns]: "" });
  await create(scene, "waits");
  await untilReason(scene, "waits", "NamespaceUnknown");
  await scene.finish("runs", "Completed");
  await scene.resources.untilStatus("runs", "Completed");
  proxy.intercept = undefined;
  await untilReason(scene, "waits", "RoleNotAllowed");
  assert.equal(scene.count("CreateProcessingJob"), 1);
});

Deno.test("--no-namespace-annotations: Namespaces are not read, and the flags alone hold", async () => {
  await using scene = await Scene.open(cluster);
  await using proxy = await openProxy(scene);
  const reads: ApiRequest[] = [];
  proxy.intercept = (request) => {
    if (!isOfNamespaces(request)) return undefined;
    reads.push(request);
    return FORBIDDEN;
  };
  await annotate(scene, { [NAMES.allowedRoleArns]: "" });
  await scene.startOperator({ kubeconfig: proxy.kubeconfig, namespaceAnnotations: false });
  await create(scene, "job");
  await scene.resources.untilStatus("job", "InProgress");
  assert.deepEqual(reads.filter(({ name }) => name === scene.namespace), []);
});
