/** A create whose answer never came, and a resource that is deleted before it was found out what became of it. */
import assert from "node:assert/strict";
import { type Fault, FaultPlan } from "../../src/sagemaker/stand_in/faults.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installCrd, jobNameOf } from "../support/resources.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

Deno.test("a job that a lost create started is stopped, though an earlier look had found none", async () => {
  await using scene = await Scene.open(cluster);
  const { resources, standIn } = scene;
  const harm = (fault: Fault) => {
    standIn.intercept = new FaultPlan({ rules: [{ operation: "CreateProcessingJob", fault }] }).intercept;
  };
  harm({ kind: "error", code: "ResourceLimitExceeded" });
  const first = await scene.startOperator();
  const job = jobNameOf(await resources.create("job"));
  await resources.untilStatus("job", "Reconciling");
  await first.stop();

  // The next operator looks first, finds no job, creates it, and hears nothing.
  harm({ kind: "reset", applied: true });
  await scene.startOperator();
  await eventually("the job is started", () => assert.equal(standIn.created.length, 1), { intervalMs: 5 });
  await resources.delete("job");
  await eventually("the job is stopped", () => assert.equal(standIn.jobs()[0]?.status, "Stopping"));
  standIn.finish(job, "Stopped");
  await resources.untilGone("job");
  assert.equal(standIn.created.length, 1);
});
