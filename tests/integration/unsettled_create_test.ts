/** Creates with an unknown outcome: a release waits for it, whatever hides it, through restarts and lost leases. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import type { Cluster } from "../../src/kubernetes/config.ts";
import { type Clock, sleep } from "../../src/runtime/clock.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { AwsHosts } from "../support/aws_hosts.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { fastClock } from "../support/fast_clock.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

const HOST = "api.sagemaker.us-west-2.amazonaws.com";

function createdOf({ status }: ProcessingJob): string | undefined {
  return findCondition(status?.conditions, "Created")?.status;
}

function reasonOf({ status }: ProcessingJob): string | undefined {
  return findCondition(status?.conditions, "Ready")?.reason;
}

/** Creates are carried out and their answers lost; every other call meets with an error, so that the job is not found. */
function loseCreates(scene: Scene): void {
  scene.standIn.intercept = (operation, _, { apply }) => {
    if (operation !== "CreateProcessingJob") return errorAnswer("InternalFailure", "An internal error occurred", 500);
    if (scene.standIn.created.length === 0) apply();
    return "reset";
  };
}

/** The resource's deletion has to wait, and its job is stopped once SageMaker can be asked again. */
async function assertBlocked(scene: Scene, reason: string): Promise<void> {
  await scene.resources.delete("job");
  await scene.resources.until("job", "says why its deletion waits", (resource) => {
    assert.match(resource.status?.additional ?? "", /force-delete/);
    assert.equal(reasonOf(resource), reason);
  });
}

async function assertStopped(scene: Scene): Promise<void> {
  const job = jobNameOf(await scene.resources.get("job"));
  await eventually("the job is stopped", () => assert.equal(scene.standIn.jobs()[0]?.status, "Stopping"));
  scene.standIn.finish(job, "Stopped");
  await scene.resources.untilGone("job");
  assert.equal(scene.standIn.created.length, 1);
}

Deno.test("create lost, then a host that cannot be resolved: the deletion waits, and the job is stopped", async () => {
  await using scene = await Scene.open(cluster);
  using hosts = new AwsHosts({ [HOST]: scene.standIn.url });
  loseCreates(scene);
  await scene.startOperator({ endpoints: {}, inProcess: true });
  await scene.resources.create("job");
  await scene.resources.until("job", "says that the outcome is unknown", (resource) => {
    assert.equal(createdOf(resource), "Unknown");
  });
  hosts.unknown.add(HOST);
  await scene.resources.until(
    "job",
    "fails otherwise",
    (resource) => assert.equal(reasonOf(resource), "InvalidRegion"),
  );
  assert.equal(createdOf(await scene.resources.get("job")), "Unknown");
  await assertBlocked(scene, "InvalidRegion");

  hosts.unknown.clear();
  scene.standIn.intercept = undefined;
  await scene.resources.patch("job", { metadata: { annotations: { "sagemaker.aws.amazon.com/reconcile-at": "1" } } });
  await assertStopped(scene);
});

Deno.test("create lost, then a restart with fewer allowed endpoints: the deletion waits, and the job is stopped", async () => {
  await using scene = await Scene.open(cluster);
  const sageMakerEndpoint = scene.standIn.url;
  const wide = { allowed: ["http://127.0.0.1:*"] };
  loseCreates(scene);
  const first = await scene.startOperator({ endpoints: wide });
  await scene.resources.create("job", { spec: { sageMakerEndpoint } });
  await eventually("the job is created", () => assert.equal(scene.standIn.created.length, 1));
  await scene.resources.untilStatus("job", "Reconciling");
  await first.stop();

  scene.standIn.intercept = undefined;
  const strict = await scene.startOperator({ endpoints: {} });
  await assertBlocked(scene, "EndpointNotAllowed");
  await strict.stop();

  await scene.startOperator({ endpoints: wide });
  await assertStopped(scene);
});

/** Has the operators that are started from now on find no credentials. Disposing of it gives them back. */
function withoutCredentials(): Disposable {
  Deno.env.set("AWS_PROFILE", "no-such-profile");
  return { [Symbol.dispose]: () => Deno.env.delete("AWS_PROFILE") };
}

Deno.test("what was never sent for want of credentials goes at once with its deletion, also after a restart", async () => {
  await using scene = await Scene.open(cluster);
  using _none = withoutCredentials();
  const first = await scene.startOperator();
  for (const name of ["tried", "in-line", "deleted"]) {
    await scene.resources.create(name);
    const resource = await scene.resources.until(name, "waits for credentials", (resource) => {
      assert.equal(reasonOf(resource), "CredentialsUnavailable");
    });
    // The others wait behind it, and have no finalizer yet.
    if (name === "tried") assert.equal(createdOf(resource), "False");
  }
  await scene.resources.delete("deleted");
  await scene.resources.untilGone("deleted");
  await first.stop();
  await scene.startOperator();
  for (const name of ["tried", "in-line"]) {
    await scene.resources.delete(name);
    await scene.resources.untilGone(name);
  }
  assert.deepEqual(scene.calls, []);
});

Deno.test("a status no longer says that nothing was sent by the time a create is", async () => {
  await using scene = await Scene.open(cluster);
  {
    using _none = withoutCredentials();
    const first = await scene.startOperator();
    await scene.resources.create("job");
    await scene.resources.until("job", "was never sent", (resource) => assert.equal(createdOf(resource), "False"));
    await first.stop();
  }
  const seen = Promise.withResolvers<string | undefined>();
  scene.standIn.intercept = async (operation) => {
    if (operation === "CreateProcessingJob") seen.resolve(createdOf(await scene.resources.get("job")));
    return undefined;
  };
  await scene.startOperator();
  assert.equal(await seen.promise, "Unknown");
  const resource = await scene.resources.untilStatus("job", "InProgress");
  assert.equal(createdOf(resource), "True");
  assert.equal(scene.standIn.created.length, 1);
});

/** The way to the cluster, on which requests for Leases can be refused. */
class Leases {
  areRefused = false;

  wrap = (cluster: Cluster): Cluster => {
    const { server, source, namespace } = cluster;
    return {
      server,
      source,
      namespace,
      fetch: async (path, init) => {
        if (this.areRefused && path.includes("/leases")) return new Response(null, { status: 503 });
        return await cluster.fetch(path, init);
      },
      close: () => cluster.close(),
    };
  };
}

Deno.test("a lease lost and regained: a create from the term before may still arrive, and the deletion waits for it", async () => {
  const clock: Clock = fastClock(10);
  await using scene = await Scene.open(cluster, { clock });
  const leases = new Leases();
  const lateMs = 45_000;
  let sentAt: number | undefined;
  scene.standIn.intercept = (operation, _, { apply, signal }) => {
    if (operation !== "CreateProcessingJob") return undefined;
    if (sentAt !== undefined) return errorAnswer("ThrottlingException", "Rate exceeded");
    sentAt = clock.monotonic();
    leases.areRefused = true;
    // It arrives after the client has given up waiting.
    sleep(clock, lateMs, signal).then(() => apply(), () => {});
    return "hang";
  };
  const leaderElection = { namespace: scene.namespace, name: "sagemaker-operator" };
  await scene.startOperator({ leaderElection, wrap: leases.wrap, pollIntervalMs: 1_000 });
  await scene.resources.create("job");
  await eventually("the create is sent", () => assert.notEqual(sentAt, undefined));
  await scene.resources.delete("job");
  const look = () => scene.count("DescribeProcessingJob");
  await sleep(clock, 12_000);
  leases.areRefused = false;
  await eventually("the next term looks", () => assert.ok(look() > 0));
  await eventually("the job appears", () => assert.equal(scene.standIn.created.length, 1));
  await assertStopped(scene);
});
