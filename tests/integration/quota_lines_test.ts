/** A quota refuses some resources for good and others for a while, on a real apiserver. */
import assert from "node:assert/strict";
import { findCondition } from "../../src/api/conditions.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { errorAnswer } from "../../src/sagemaker/stand_in/answer.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { freshNamespace, installCrd, Resources } from "../support/resources.ts";
import { fastClock } from "../support/fast_clock.ts";
import { Scene } from "../support/scene.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** Time goes 20 times as fast, so that the pause of 50 s between two tries takes 2.5 s. */
const FACTOR = 20;

/** What SageMaker refuses a create with, in its own words. */
function refusal(name: string, unit: string, limit: number, used: number, requested: number) {
  return errorAnswer(
    "ResourceLimitExceeded",
    `The account-level service limit '${name}' is ${limit} ${unit}, with current utilization of ${used} ${unit} and a request ` +
      `delta of ${requested} ${unit}. Please use AWS Service Quotas to request an increase for this quota.`,
  );
}

function specOf(instanceCount: number, volumeSizeInGB = 10) {
  const { instanceType } = MINIMAL_SPEC.processingResources.clusterConfig;
  return {
    ...MINIMAL_SPEC,
    processingResources: { clusterConfig: { instanceType, instanceCount, volumeSizeInGB } },
  } as typeof MINIMAL_SPEC;
}

Deno.test("three resources that ask for more than a quota do not hold up eight ordinary ones of another namespace", async () => {
  await using scene = await Scene.open(cluster, { clock: fastClock(FACTOR) });
  const other = new Resources(cluster, await freshNamespace(cluster));
  const quota = { limit: 8, used: 8 };
  scene.standIn.intercept = (operation, input) => {
    if (operation !== "CreateProcessingJob") return undefined;
    const { InstanceType, InstanceCount, VolumeSizeInGB } = (input as unknown as {
      ProcessingResources: { ClusterConfig: { InstanceType: string; InstanceCount: number; VolumeSizeInGB: number } };
    }).ProcessingResources.ClusterConfig;
    if (VolumeSizeInGB > 1024) {
      return refusal("Size of EBS volume for a processing job", "GBs", 1024, 0, VolumeSizeInGB);
    }
    if (quota.used + InstanceCount > quota.limit) {
      return refusal(`${InstanceType} for processing job usage`, "Instances", quota.limit, quota.used, InstanceCount);
    }
    quota.used += InstanceCount;
    return undefined;
  };
  await scene.startOperator({ namespaces: [scene.namespace, other.namespace] });
  await scene.resources.create("volume", { spec: specOf(1, 1025) });
  await scene.resources.create("wide", { spec: specOf(9) });
  await scene.resources.create("wider", { spec: specOf(20) });
  for (const name of ["volume", "wide", "wider"]) {
    const { status } = await scene.resources.untilStatus(name, "Reconciling");
    const ready = findCondition(status?.conditions, "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["False", "QuotaExceeded"]);
    // Its own refusal, or that others were refused for the same.
    assert.match(status?.additional ?? "", /the whole quota .* is (8|1024)|for a higher quota: .* is (8|1024)/);
  }

  const names = Array.from({ length: 8 }, (_, index) => `ordinary-${index}`);
  for (const name of names) await other.create(name, { spec: specOf(1) });
  for (const name of names) {
    const { status } = await other.untilStatus(name, "Reconciling");
    // A quota that is used up, and nothing of the requests of the other namespace.
    assert.match(status?.additional ?? "", /for processing job usage'.* 8 Instances/);
    assert.doesNotMatch(status?.additional ?? "", /GBs|delta of (9|20)/);
    assert.equal(findCondition(status?.conditions, "Ready")?.status, "Unknown");
  }

  quota.used = 0;
  await other.untilStatus(names[0]!, "InProgress", { timeoutMs: 60_000 });
  const first = systemClock.monotonic();
  for (const name of names) await other.untilStatus(name, "InProgress");
  const seconds = (systemClock.monotonic() - first) / 1_000;
  assert.ok(seconds <= 15, `${seconds} s from the first success to the last`);
  await other.clear();
});
