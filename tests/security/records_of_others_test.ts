/**
 * `deletionPolicy: Delete` deletes records of jobs in SageMaker. Whatever a status says, these are the records whose names follow from the
 * resource's own name and UID and an attempt's number: not those that a forged status names, nor those of a copied resource's
 * predecessor. The first test fails at 939be82.
 */
import assert from "node:assert/strict";
import { attemptName } from "../../src/api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { ApiClient } from "../../tools/control_plane/api_client.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { testCluster } from "../support/control_plane.ts";
import { freshNamespace, installCrd, jobNameOf, Resources } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const DELETE = { spec: { deletionPolicy: "Delete" as const } };
const MERGE = { contentType: "application/merge-patch+json" };
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

/** A tenant of a namespace of its own, by a token, beside the scene's, whose operator watches both. */
interface Tenant extends AsyncDisposable {
  resources: Resources;
  /** As the tenant: the answer's status. */
  patchStatus(name: string, status: ProcessingJobStatus): Promise<number>;
}

async function makeTenant({ mayWriteStatus }: { mayWriteStatus: boolean }): Promise<Tenant> {
  const namespace = await freshNamespace(cluster);
  const post = async (path: string, object: unknown) => {
    const { status, body } = await cluster.request("POST", path, object);
    assert.equal(status, 201, JSON.stringify(body));
    return body;
  };
  const [apiGroups, name] = [["sagemaker.aws.amazon.com"], "tenant"];
  const write = ["create", "get", "list", "watch", "update", "patch", "delete"];
  await post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  await post(`${RBAC}/namespaces/${namespace}/roles`, {
    metadata: { name },
    rules: [
      { apiGroups, resources: ["processingjobs"], verbs: write },
      ...(mayWriteStatus ? [{ apiGroups, resources: ["processingjobs/status"], verbs: ["update", "patch"] }] : []),
    ],
  });
  await post(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
  const { status: { token } } = await post(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    spec: {},
  });
  const client = new ApiClient({ ...parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)), token });
  // Everything but the clean-up is asked for with the tenant's token.
  const resources = new Resources(client, namespace);
  return {
    resources,
    async patchStatus(name, status) {
      const path = `/apis/sagemaker.aws.amazon.com/v1/namespaces/${namespace}/processingjobs/${name}/status`;
      return (await client.request("PATCH", path, { status }, MERGE)).status;
    },
    async [Symbol.asyncDispose]() {
      await resources.clear();
      client.close();
    },
  };
}

/** A victim whose job has completed, and the names of the records that SageMaker is asked to delete. */
async function open(tenant: Tenant) {
  const scene = await Scene.open(cluster, { stopDuration: 100 });
  const deleted: string[] = [];
  scene.standIn.intercept = (operation, { ProcessingJobName }) => {
    if (operation === "DeleteProcessingJob") deleted.push(String(ProcessingJobName));
    return undefined;
  };
  await scene.startOperator({ namespaces: [scene.namespace, tenant.resources.namespace] });
  await scene.resources.create("victim");
  await scene.resources.untilStatus("victim", "InProgress");
  await scene.finish("victim", "Completed");
  const victim = await scene.resources.untilStatus("victim", "Completed");
  return { scene, deleted, victim, [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose]() };
}

/** What a tenant writes to have the victim's record taken for its own. */
function forged({ status }: ProcessingJob, own: ProcessingJob): ProcessingJobStatus {
  const { sageMakerProcessingJobName: name = "", processingJobArn: arn = "" } = status!;
  const attempt = { name, arn, status: "Completed", reason: "Completed" };
  return {
    ...own.status,
    processingJobStatus: "Completed",
    processingJobArn: arn,
    attemptCount: 3,
    attempts: [{ ...attempt, number: 1 }, { ...attempt, number: 2 }, { ...attempt, number: 3 }],
  };
}

function assertOnlyOwn(deleted: string[], { metadata: { name, uid } }: ProcessingJob): void {
  const own = Array.from({ length: 20 }, (_, index) => attemptName(name, uid, index + 1));
  for (const record of deleted) assert.ok(own.includes(record), `'${record}' is none of ${name}'s`);
}

Deno.test("a tenant that may write the status names another's job in it: that one's record stays, and only the tenant's own are deleted", async () => {
  await using tenant = await makeTenant({ mayWriteStatus: true });
  await using opened = await open(tenant);
  const { scene, deleted, victim } = opened;
  const own = await tenant.resources.create("thief", DELETE);
  await tenant.resources.untilStatus("thief", "InProgress");
  scene.standIn.finish(jobNameOf(own), "Completed");
  const ended = await tenant.resources.untilStatus("thief", "Completed");
  assert.equal(await tenant.patchStatus("thief", forged(victim, ended)), 200);
  await tenant.resources.delete("thief");
  await tenant.resources.untilGone("thief", { timeoutMs: 30_000 });
  assertOnlyOwn(deleted, own);
  assert.ok(deleted.includes(jobNameOf(own)));
  assert.deepEqual(scene.standIn.jobs().map(({ name }) => name), [jobNameOf(victim)]);
});

Deno.test("the whole status of another's resource, in one that has no job: nothing of the other is deleted", async () => {
  await using tenant = await makeTenant({ mayWriteStatus: true });
  await using opened = await open(tenant);
  const { scene, deleted, victim } = opened;
  const own = await tenant.resources.create("copy", { spec: { ...DELETE.spec, suspend: true } });
  await tenant.resources.untilStatus("copy", "SynchronizingK8sJobWithSageMaker");
  assert.equal(await tenant.patchStatus("copy", victim.status!), 200);
  await tenant.resources.delete("copy");
  await tenant.resources.untilGone("copy", { timeoutMs: 30_000 });
  assertOnlyOwn(deleted, own);
  assert.deepEqual(scene.standIn.jobs().map(({ name }) => name), [jobNameOf(victim)]);
});

Deno.test("a copy of another's resource, restored with its annotations, finalizer and status: nothing of the other is deleted", async () => {
  await using tenant = await makeTenant({ mayWriteStatus: true });
  await using opened = await open(tenant);
  const { scene, deleted, victim } = opened;
  const { annotations = {}, finalizers = [] } = victim.metadata;
  const own = await tenant.resources.create("victim", { ...DELETE, metadata: { annotations, finalizers } });
  assert.equal(await tenant.patchStatus("victim", victim.status!), 200);
  await tenant.resources.delete("victim");
  await tenant.resources.untilGone("victim", { timeoutMs: 90_000 });
  assertOnlyOwn(deleted, own);
  assert.deepEqual(scene.standIn.jobs().map(({ name }) => name), [jobNameOf(victim)]);
});

Deno.test("who may edit resources only can't write a status", async () => {
  await using tenant = await makeTenant({ mayWriteStatus: false });
  await tenant.resources.create("job", { spec: { suspend: true } });
  assert.equal(await tenant.patchStatus("job", { processingJobStatus: "Completed" }), 403);
});
