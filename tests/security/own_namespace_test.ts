/**
 * The operator's keys are Secrets of the namespace that it runs in. A job there that takes its environment from them would print them.
 * The first test fails at 939be82.
 */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import type { Cluster } from "../../src/kubernetes/config.ts";
import { testCluster } from "../support/control_plane.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const ENVIRONMENT = [{ name: "KEY", valueFrom: { secretKeyRef: { name: "aws-credentials", key: "key" } } }];

/** The same cluster, as a pod in `podNamespace` has it. */
function fromPod(podNamespace: string): (cluster: Cluster) => Cluster {
  return (cluster) => ({
    server: cluster.server,
    source: cluster.source,
    namespace: podNamespace,
    podNamespace,
    fetch: (path, init) => cluster.fetch(path, init),
    close: () => cluster.close(),
  });
}

async function makeSecret(namespace: string): Promise<void> {
  const secret = { metadata: { name: "aws-credentials" }, stringData: { key: "the-operators-own-key" } };
  assert.equal((await cluster.request("POST", `/api/v1/namespaces/${namespace}/secrets`, secret)).status, 201);
}

Deno.test("an operator of all namespaces reads no Secret of its own namespace for a job, and those of others as before", async () => {
  await using own = await Scene.open(cluster);
  await using other = await Scene.open(cluster);
  for (const { namespace } of [own, other]) await makeSecret(namespace);
  const reads: string[] = [];
  const metadata = { labels: { scene: own.namespace } };
  await own.startOperator({
    namespaces: [],
    selector: `scene=${own.namespace}`,
    wrap(cluster) {
      const pod = fromPod(own.namespace)(cluster);
      return {
        ...pod,
        fetch(path, init) {
          if (path.includes("/secrets/")) reads.push(path);
          return pod.fetch(path, init);
        },
      };
    },
  });
  await own.resources.create("job", { spec: { environment: ENVIRONMENT }, metadata });
  await other.resources.create("job", { spec: { environment: ENVIRONMENT }, metadata });
  await own.resources.until("job", "says why it is not created", ({ status }) => {
    const ready = findCondition(status?.conditions, "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["False", "EnvironmentUnavailable"]);
    assert.match(ready!.message, /which is the operator's own; they are read for no job/);
  });
  const running = await other.resources.untilStatus("job", "InProgress");
  assert.deepEqual(own.standIn.created.map(({ name }) => name), [jobNameOf(running)]);
  assert.ok(reads.length > 0 && reads.every((path) => path.includes(`/namespaces/${other.namespace}/`)), `${reads}`);
});

Deno.test("an operator that is told to watch its own namespace reads what its Role names there", async () => {
  await using scene = await Scene.open(cluster);
  await makeSecret(scene.namespace);
  await scene.startOperator({ wrap: fromPod(scene.namespace) });
  await scene.resources.create("job", { spec: { environment: ENVIRONMENT } });
  await scene.resources.untilStatus("job", "InProgress");
});
