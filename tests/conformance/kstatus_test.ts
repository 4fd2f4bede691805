/**
 * What GitOps tools make of every status that the operator writes: kstatus by its own library, and Argo CD's health by the
 * script in docs/argocd, run by the interpreter that Argo CD has.
 */
import assert from "node:assert/strict";
import type { Condition } from "../../src/api/conditions.ts";
import type { Failure, Retry } from "../../src/api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import type { Observed } from "../../src/processing_job/action.ts";
import { decide } from "../../src/processing_job/decide.ts";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { heldProcessingJob, makeJob, makeProcessingJob } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { gitOpsProgram, gitOpsViews } from "../support/gitops.ts";
import { LocalOperator } from "../support/local_operator.ts";
import { installCrd, jobNameOf, Resources } from "../support/resources.ts";

const SCRIPT = await Deno.readTextFile(new URL("../../docs/argocd/health.lua", import.meta.url));
const program = await gitOpsProgram();
const cluster = testCluster();

const NOW = Date.parse("2026-01-01T02:00:00Z");
const NAMES = { jobName: "job-1234567890abcdef1234567890abcdef", cloudWatchLogUrl: "https://example.com/logs" };
const LIMITS = { heartbeatMs: 300_000, stalenessMs: 30_000 };

type Expected = [kstatus: string, argocd: string];
const PROGRESSING: Expected = ["InProgress", "Progressing"];
const DONE: Expected = ["Current", "Healthy"];
const BROKEN: Expected = ["Failed", "Degraded"];
/** A person has to act, and then it goes on: no tool should give up, but people should see it. */
const WAITING: Expected = ["InProgress", "Degraded"];

/** The resource with the status that the operator settles on. */
function settled(observed: Observed, resource = heldProcessingJob()): ProcessingJob {
  const action = decide(resource, { isCurrent: true, ...observed }, NAMES, LIMITS, NOW);
  assert.equal(action.do, "settle", JSON.stringify(action));
  return { ...resource, status: (action as { status: ProcessingJobStatus }).status };
}

const seen = (status: string) => ({ sighting: { job: makeJob(status), seenAt: NOW }, isOwn: true });
const failed = (retry: Retry, reason: Failure["reason"]) =>
  settled({ failure: { retry, reason, message: `${reason} it is`, code: reason }, hasLooked: true });
const running = heldProcessingJob(settled(seen("InProgress")).status);
const absent = (looks: number, since: number) => ({
  sighting: { absent: { looks, since }, seenAt: NOW },
  hasLooked: true,
  // The account in the ARN of the job.
  caller: "123456789012",
});
const PAUSED: Condition[] = (["Ready", "Paused"] as const).map((type) => ({
  type,
  status: type === "Paused" ? "True" : "Unknown",
  reason: "Created",
  message: "Left alone",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  observedGeneration: 1,
}));

const table: [what: string, resource: ProcessingJob, expected: Expected][] = [
  ["a resource that nobody has looked at", makeProcessingJob(), PROGRESSING],
  ["a job in progress", running, PROGRESSING],
  ["a job that is being stopped", settled(seen("Stopping")), PROGRESSING],
  ["a job that completed", settled(seen("Completed")), DONE],
  ["a job that failed", settled(seen("Failed")), BROKEN],
  ["a stop that was not ours", settled(seen("Stopped")), BROKEN],
  ["a status that only a later version knows", settled(seen("Hibernating")), PROGRESSING],
  ["a call that is throttled", failed("soon", "Throttled"), PROGRESSING],
  ["a quota that is used up", failed("slowly", "QuotaExceeded"), PROGRESSING],
  ["a call that is denied", failed("person", "AccessDenied"), WAITING],
  ["a spec that SageMaker refuses", failed("never", "InvalidSpec"), BROKEN],
  ["a job of the same name that is another's", settled({ ...seen("InProgress"), isOwn: false }), BROKEN],
  ["a job that does not show", settled(absent(1, NOW), running), PROGRESSING],
  ["a job that is lost", settled(absent(9, NOW - 3_600_000), aged(running)), BROKEN],
  [
    "a resource from a backup",
    settled({}, {
      ...running,
      metadata: { ...running.metadata, finalizers: [] },
      status: { ...running.status, sageMakerProcessingJobName: "x" },
    }),
    BROKEN,
  ],
  [
    "a job whose cluster is blind",
    settled({
      sighting: {
        ...seen("InProgress").sighting,
        seenAt: NOW - 60_000,
        failure: { retry: "soon", reason: "NetworkUnavailable", message: "gone", code: "x" },
      },
      isOwn: true,
    }),
    PROGRESSING,
  ],
  [
    "a resource that is paused",
    heldProcessingJob({ processingJobStatus: "Reconciling", observedGeneration: 1, conditions: PAUSED }),
    ["InProgress", "Suspended"],
  ],
  ["a resource that is paused after it had failed for good", gaveUpAndPaused(), BROKEN],
  [
    "a status that is behind the spec",
    heldProcessingJob({ ...settled(seen("Completed")).status, observedGeneration: 0 }),
    PROGRESSING,
  ],
];

function gaveUpAndPaused(): ProcessingJob {
  const resource = failed("never", "InvalidSpec");
  const conditions = [...resource.status?.conditions ?? [], PAUSED[1]!];
  return { ...resource, status: { ...resource.status, conditions } };
}

/** Its job was seen to be created long ago. */
function aged(resource: ProcessingJob): ProcessingJob {
  const conditions = resource.status?.conditions?.map((each) => ({
    ...each,
    lastTransitionTime: "2025-01-01T00:00:00Z",
  }));
  return heldProcessingJob({ ...resource.status, ...conditions && { conditions } });
}

Deno.test({
  name: "kstatus and Argo CD say of every status what it means",
  ignore: program === undefined,
  async fn(test) {
    const views = await gitOpsViews(program!, SCRIPT, table.map(([, resource]) => resource));
    for (const [i, [what, resource, expected]] of table.entries()) {
      await test.step(what, () => {
        const { kstatus, argocd } = views[i]!;
        assert.deepEqual([kstatus, argocd.status], expected, JSON.stringify(resource.status));
        assert.notEqual(argocd.message, "");
      });
    }
  },
});

Deno.test({
  name: "kstatus says Terminating of everything that is being deleted",
  ignore: program === undefined,
  async fn() {
    const deleted = table.map(([, resource]) => ({
      ...resource,
      metadata: { ...resource.metadata, deletionTimestamp: "2026-01-01T01:00:00Z", generation: 2 },
    }));
    const views = await gitOpsViews(program!, SCRIPT, deleted);
    assert.deepEqual(new Set(views.map(({ kstatus }) => kstatus)), new Set(["Terminating"]));
  },
});

Deno.test({
  name: "kstatus and Argo CD say the same of resources on a real cluster",
  ignore: program === undefined,
  async fn() {
    await installCrd(cluster);
    const resources = new Resources(cluster, await cluster.freshNamespace("kstatus"));
    const standIn = await startStandIn({ stopDuration: 3_600_000 });
    const variable = (name: string, value: string) => ({ spec: { environment: [{ name, value }] } });
    const long = variable("SIMULATE_DURATION", "1h");
    try {
      await resources.create("completes", variable("SIMULATE_DURATION", "10ms"));
      await resources.create("fails", {
        spec: {
          environment: [...variable("SIMULATE_DURATION", "10ms").spec.environment, {
            name: "SIMULATE_FAILURE",
            value: "AlgorithmError",
          }],
        },
      });
      const stopped = await resources.create("stopped", long);
      await resources.create("runs", long);
      await resources.create("deleted", long);
      const look = async (...names: string[]) => {
        const objects = await Promise.all(names.map((name) => resources.get(name)));
        const views = await gitOpsViews(program!, SCRIPT, objects);
        return Object.fromEntries(names.map((name, i) => [name, [views[i]!.kstatus, views[i]!.argocd.status]]));
      };
      assert.deepEqual(await look("completes", "runs"), { completes: PROGRESSING, runs: PROGRESSING });

      const { kubeconfig } = cluster;
      await using _ = await LocalOperator.start({
        kubeconfig,
        namespaces: [resources.namespace],
        endpoints: { endpointUrl: standIn.url },
      });
      await resources.untilStatus("completes", "Completed");
      await resources.untilStatus("fails", "Failed");
      for (const name of ["runs", "stopped", "deleted"]) await resources.untilStatus(name, "InProgress");
      standIn.finish(jobNameOf(stopped), "Stopped");
      await resources.untilStatus("stopped", "Stopped");
      await resources.delete("deleted");
      await resources.untilStatus("deleted", "Stopping");
      const { deleted, ...others } = await look("completes", "fails", "runs", "stopped", "deleted");
      assert.deepEqual(others, { completes: DONE, fails: BROKEN, runs: PROGRESSING, stopped: BROKEN });
      assert.equal(deleted?.[0], "Terminating");
    } finally {
      await standIn.close();
      await resources.clear();
    }
  },
});
