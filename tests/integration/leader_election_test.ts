/** Two replicas, as processes, on a real apiserver: who works, and how soon after the other is gone. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/runtime/clock.ts";
import { testCluster } from "../support/control_plane.ts";
import { type OperatorProcess, startOperator } from "../support/operator.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

function startReplica(scene: Scene): OperatorProcess {
  return startOperator({
    kubeconfig: cluster.kubeconfig,
    endpoint: scene.standIn.url,
    flags: ["--namespace", scene.namespace, "--leader-elect", "--leader-election-namespace", scene.namespace],
  });
}

/** A replica that leads and one that stands by; both are ready. */
async function startPair(scene: Scene): Promise<[leader: OperatorProcess, standby: OperatorProcess]> {
  const leader = startReplica(scene);
  await leader.untilLogged("Leading", { timeoutMs: 30_000 });
  const standby = startReplica(scene);
  await standby.untilLogged("Standing by", { timeoutMs: 30_000 });
  for (const each of [leader, standby]) {
    const { status, text } = (await each.probe("/readyz"))!;
    assert.equal(status, 200, text);
  }
  return [leader, standby];
}

/** Of the scene's jobs, how often each was created. */
function creates(scene: Scene): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of scene.standIn.created) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Has a new resource worked on, and gives how long that took. */
async function workOn(scene: Scene, name: string, since = systemClock.monotonic()): Promise<number> {
  await scene.resources.create(name);
  await scene.resources.untilStatus(name, "InProgress", { timeoutMs: 30_000 });
  return systemClock.monotonic() - since;
}

async function lease(scene: Scene) {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${scene.namespace}/leases/sagemaker-operator`;
  return (await cluster.request("GET", path)).body;
}

Deno.test("clean stop of the leader: the standby goes on in less than 3 s, and creates no job a second time", async () => {
  await using scene = await Scene.open(cluster);
  const [leader, standby] = await startPair(scene);
  await using _leader = leader;
  await using _standby = standby;
  await workOn(scene, "before");
  assert.deepEqual(standby.logs().filter(({ message }) => message === "Leading"), []);
  const { holderIdentity } = (await lease(scene)).spec;

  const stopped = systemClock.monotonic();
  const ended = leader.stop();
  const ms = await workOn(scene, "after", stopped);
  assert.ok(ms < 3_000, `${ms} ms`);
  assert.equal(await ended, 0, leader.stderr);
  const { spec } = await lease(scene);
  assert.notEqual(spec.holderIdentity, holderIdentity);
  assert.equal(spec.leaseTransitions, 1);
  await scene.finish("before", "Completed");
  await scene.resources.untilStatus("before", "Completed");
  assert.deepEqual(Object.values(creates(scene)), [1, 1]);
  assert.equal(await standby.stop(), 0, standby.stderr);
  assert.equal((await lease(scene)).spec.holderIdentity, "");
});

Deno.test("kill -9 of the leader while a create is under way: the standby goes on in less than 20 s, with one job", async () => {
  await using scene = await Scene.open(cluster);
  const [leader, standby] = await startPair(scene);
  await using _leader = leader;
  await using _standby = standby;
  await workOn(scene, "before");
  const created = Promise.withResolvers<void>();
  scene.standIn.intercept = (operation, _, { apply }) => {
    if (operation !== "CreateProcessingJob") return;
    apply();
    created.resolve();
    return "hang";
  };
  const halfway = await scene.resources.create("halfway");
  await created.promise;
  const killed = systemClock.monotonic();
  await leader.kill();
  scene.standIn.intercept = undefined;
  const ms = await workOn(scene, "after", killed);
  assert.ok(ms < 20_000, `${ms} ms`);
  await scene.resources.untilStatus("halfway", "InProgress");
  assert.equal(creates(scene)[jobNameOf(halfway)], 1);
  assert.deepEqual(Object.values(creates(scene)), [1, 1, 1]);
});

Deno.test("leader that was frozen for longer than its lease does nothing when it runs again", async () => {
  await using scene = await Scene.open(cluster);
  const [leader, standby] = await startPair(scene);
  await using _leader = leader;
  await using _standby = standby;
  await workOn(scene, "before");
  leader.signal("SIGSTOP");
  await workOn(scene, "meanwhile");
  leader.signal("SIGCONT");
  await leader.untilLogged("Lost the leadership");
  await workOn(scene, "after");
  await scene.finish("before", "Completed");
  await scene.resources.untilStatus("before", "Completed");
  await leader.untilLogged("Standing by", { timeoutMs: 20_000 });
  const written = leader.logs().slice(leader.logs().findIndex(({ message }) => message === "Lost the leadership"));
  assert.deepEqual(written.filter(({ logger }) => logger === "operator.processing-job"), []);
  assert.deepEqual(Object.values(creates(scene)), [1, 1, 1]);
  assert.equal(await standby.stop(), 0);
  await workOn(scene, "again");
});
