import { deepEqual, equal } from "node:assert/strict";
import { heldProcessingJob, makeJob, makeProcessingJob } from "../../tests/support/builders.ts";
import { valueOf } from "../../tests/support/exposition.ts";
import type { Condition } from "../api/conditions.ts";
import type { Reason } from "../api/job.ts";
import type { ProcessingJobStatus } from "../api/processing_job.ts";
import { FakeClock } from "../runtime/fake_clock.ts";
import { JobMetrics } from "./metrics_jobs.ts";
import { Registry } from "./metrics_registry.ts";

/** When the builders' resources were created. */
const CREATED = Date.parse("2026-01-01T00:00:00Z");

function setUp() {
  const clock = new FakeClock(CREATED);
  const registry = new Registry();
  const jobs = new JobMetrics(registry, clock);
  return { clock, registry, jobs, value: (series: string) => valueOf(registry.expose(), series) };
}

function status(word: ProcessingJobStatus["processingJobStatus"], rest: Partial<ProcessingJobStatus> = {}) {
  return { processingJobStatus: word, observedGeneration: 1, ...rest } as ProcessingJobStatus;
}

function ready(reason: Reason): Pick<ProcessingJobStatus, "conditions"> {
  return { conditions: [{ type: "Ready", status: "False", reason, message: "" } as Condition] };
}

const RAN = { processingStartTime: "2026-01-01T00:01:00Z", processingEndTime: "2026-01-01T00:03:00Z" };
const BILLABLE = 'sagemaker_operator_billable_instance_seconds_total{namespace="team-a"}';

Deno.test("resources are counted by status, from their first sight to their end", () => {
  const { jobs, value } = setUp();
  const count = (word: string) => value(`sagemaker_operator_jobs{status="${word}"}`);
  jobs.resourceChanged("a/x", makeProcessingJob());
  jobs.resourceChanged("a/y", makeProcessingJob({ status: status("InProgress") }));
  jobs.resourceChanged("a/y", makeProcessingJob({ status: status("InProgress") }));
  jobs.resourceChanged("a/z", makeProcessingJob({ status: status("Odd" as "Error") }));
  deepEqual([count("SynchronizingK8sJobWithSageMaker"), count("InProgress"), count("Completed")], [2, 1, 0]);
  jobs.resourceChanged("a/y", makeProcessingJob({ status: status("Completed") }));
  jobs.resourceChanged("a/x", undefined);
  jobs.resourceChanged("a/none", undefined);
  deepEqual([count("SynchronizingK8sJobWithSageMaker"), count("InProgress"), count("Completed")], [1, 0, 1]);
});

Deno.test("the time to create a job counts from the creation of its resource", async () => {
  const { clock, jobs, value } = setUp();
  await clock.advance(4_000);
  jobs.created(heldProcessingJob());
  equal(value("sagemaker_operator_create_latency_seconds_count"), 1);
  equal(value("sagemaker_operator_create_latency_seconds_sum"), 4);
  equal(value(BILLABLE), 0);
});

Deno.test("failures are counted by what SageMaker or the condition Ready says", () => {
  const running = heldProcessingJob(status("InProgress"));
  const cases: [ProcessingJobStatus, string | undefined][] = [
    [status("Failed", { failureReason: "AlgorithmError: exit 1", ...ready("JobFailed") }), "AlgorithmError"],
    [status("Failed", { failureReason: "CapacityError: none left", ...ready("JobFailed") }), "CapacityError"],
    [
      status("Failed", {
        failureReason: "Unable to provision requested ML compute capacity",
        ...ready("JobFailed"),
      }),
      "CapacityError",
    ],
    [status("Failed", { failureReason: "Something else", ...ready("JobFailed") }), "JobFailed"],
    [status("Error", ready("InvalidSpec")), "InvalidSpec"],
    [status("Error"), "UnknownError"],
    [status("Stopped", ready("StoppedOutsideOperator")), "StoppedOutsideOperator"],
    [status("Stopped", ready("Stopped")), undefined],
    [status("Completed", ready("Completed")), undefined],
    [status("Reconciling", ready("Throttled")), undefined],
  ];
  for (const [after, reason] of cases) {
    const { jobs, registry } = setUp();
    jobs.statusWritten(running, after);
    jobs.statusWritten({ ...running, status: after }, { ...after, observedGeneration: 2 });
    const counted = registry.expose().split("\n").filter((line) =>
      /^sagemaker_operator_job_failures_total.* 1$/.test(line)
    );
    deepEqual(counted, reason ? [`sagemaker_operator_job_failures_total{reason="${reason}"} 1`] : []);
  }
});

Deno.test("what a job cost is counted once its status says it, and only by what it says more than before", () => {
  const { jobs, value } = setUp();
  const resource = heldProcessingJob(status("InProgress"));
  const listed = status("Completed", { processingEndTime: RAN.processingEndTime });
  const described = status("Completed", { ...RAN, billableInstanceSeconds: 360 });
  jobs.statusWritten(resource, listed);
  equal(value(BILLABLE), undefined);
  jobs.statusWritten({ ...resource, status: listed }, described);
  jobs.statusWritten({ ...resource, status: described }, { ...described, observedGeneration: 2 });
  equal(value(BILLABLE), 360);
  equal(value("sagemaker_operator_job_duration_seconds_sum"), 120);
  equal(value("sagemaker_operator_job_duration_seconds_count"), 1);
  jobs.statusWritten({ ...resource, status: described }, { ...described, billableInstanceSeconds: 400 });
  equal(value(BILLABLE), 400);
});

Deno.test("a process that starts on a finished resource counts nothing", () => {
  const { jobs, value } = setUp();
  const ended = status("Completed", { ...RAN, billableInstanceSeconds: 360 });
  jobs.resourceChanged("team-a/job", heldProcessingJob(ended));
  jobs.statusWritten(heldProcessingJob(ended), { ...ended, observedGeneration: 2 });
  equal(value(BILLABLE), undefined);
});

Deno.test("a job that was stopped for a deletion is paid for, one that had ended before is not paid for twice", () => {
  const { jobs, value } = setUp();
  const job = makeJob("Stopped", { startTime: CREATED, endTime: CREATED + 60_000 });
  jobs.released(heldProcessingJob(status("Stopping"), true), job);
  jobs.released(heldProcessingJob(status("Completed", RAN), true), job);
  jobs.released(heldProcessingJob(status("Stopping"), true), undefined);
  jobs.released(heldProcessingJob(status("Stopping"), true), makeJob("Stopped", { endTime: CREATED }));
  equal(value(BILLABLE), 60);
});

Deno.test("jobs that ended under the controller before this one are not counted as it is replaced", () => {
  const { jobs, value } = setUp();
  const old = makeProcessingJob({ status: { processingJobStatus: "Failed", sageMakerProcessingJobName: "job" } });
  jobs.statusWritten(
    old,
    status("Failed", { ...RAN, billableInstanceSeconds: 9, processingJobArn: "arn", failureReason: "ClientError: no" }),
  );
  equal(value(BILLABLE), undefined);
  equal(value('sagemaker_operator_job_failures_total{reason="ClientError"}'), 0);
});

Deno.test("the series of a namespace goes 10 minutes after its last resource, and no sooner", async () => {
  const { clock, jobs, registry, value } = setUp();
  const before = jobs.size;
  const resource = heldProcessingJob();
  jobs.resourceChanged("team-a/x", resource);
  jobs.created(resource);
  jobs.statusWritten(resource, status("Completed", { ...RAN, billableInstanceSeconds: 120 }));
  await clock.advance(60 * 60_000);
  jobs.dropIdle();
  equal(value(BILLABLE), 120, "there is a resource");
  jobs.resourceChanged("team-a/x", undefined);
  await clock.advance(5 * 60_000);
  jobs.dropIdle();
  equal(value(BILLABLE), 120, "the next scrape still sees the last value");
  await clock.advance(5 * 60_000);
  jobs.dropIdle();
  equal(registry.expose().includes('namespace="team-a"'), false);
  equal(jobs.size, before);
});

Deno.test("the series of a namespace stays where a resource has come back, and is ended where an end is counted late", async () => {
  const { clock, jobs, value } = setUp();
  const before = jobs.size;
  const resource = heldProcessingJob();
  jobs.resourceChanged("team-a/x", resource);
  jobs.created(resource);
  jobs.resourceChanged("team-a/x", undefined);
  jobs.resourceChanged("team-a/y", resource);
  await clock.advance(10 * 60_000);
  jobs.dropIdle();
  equal(value(BILLABLE), 0);
  jobs.resourceChanged("team-a/y", undefined);
  await clock.advance(10 * 60_000);
  jobs.dropIdle();
  jobs.released(resource, makeJob("Stopped", { startTime: CREATED, endTime: CREATED + 60_000 }));
  equal(value(BILLABLE), 60);
  await clock.advance(10 * 60_000);
  jobs.dropIdle();
  equal(jobs.size, before);
});
