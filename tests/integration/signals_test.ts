/** How the process ends. */
import assert from "node:assert/strict";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { type OperatorProcess, startOperator } from "../support/operator.ts";
import { installCrd } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

function start(scene: Scene): OperatorProcess {
  return startOperator({
    kubeconfig: cluster.kubeconfig,
    endpoint: scene.standIn.url,
    flags: ["--namespace", scene.namespace],
  });
}

/** Holds the answer to the create back; settles `arrived` when the call has come. */
function holdCreate(scene: Scene): { arrived: Promise<void>; letGo: () => void } {
  const arrived = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  scene.standIn.intercept = async (operation) => {
    if (operation !== "CreateProcessingJob") return undefined;
    arrived.resolve();
    await held.promise;
    return undefined;
  };
  return { arrived: arrived.promise, letGo: held.resolve };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal}: the call under way ends, its outcome is written, no work is begun, exit code 0`, async () => {
    await using scene = await Scene.open(cluster);
    const { arrived, letGo } = holdCreate(scene);
    await using operator = start(scene);
    await scene.resources.create("job");
    await arrived;
    operator.signal(signal);
    await eventually("the operator has heard the signal", async () => {
      assert.equal(await operator.probe("/healthz"), undefined);
    });
    await scene.resources.create("too-late");
    letGo();
    assert.equal(await operator.exited, 0);
    assert.equal((await scene.resources.get("job")).status?.processingJobStatus, "InProgress");
    assert.equal((await scene.resources.get("too-late")).status?.observedGeneration, -1);
    assert.equal(scene.standIn.created.length, 1);
    assert.equal(operator.logs().at(-1)?.message, "Stopped");
  });
}

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  Deno.test(`second ${signal}: the process exits at once, code ${code}`, async () => {
    await using scene = await Scene.open(cluster);
    const { arrived, letGo } = holdCreate(scene);
    await using operator = start(scene);
    await scene.resources.create("job");
    await arrived;
    operator.signal("SIGTERM");
    await eventually("the operator has heard the signal", async () => {
      assert.equal(await operator.probe("/healthz"), undefined);
    });
    operator.signal(signal);
    assert.equal(await operator.exited, code);
    letGo();
  });
}

Deno.test("SIGTERM while nothing is to be done: exit code 0, and nothing but the log was written", async () => {
  await using scene = await Scene.open(cluster);
  await using operator = start(scene);
  await operator.untilLogged("Ready");
  assert.deepEqual(await operator.probe("/readyz"), { status: 200, text: "ok\n" });
  assert.deepEqual(await operator.probe("/healthz"), { status: 200, text: "ok\n" });
  assert.equal(await operator.stop(), 0);
  for (const line of operator.stderr.trimEnd().split("\n")) assert.doesNotThrow(() => JSON.parse(line), line);
});
