import assert from "node:assert/strict";
import type { World } from "../model/world.ts";

/** What users, and whoever ends jobs, do with one resource; everybody waits for what they see, however long that takes. */
export interface Lifecycle {
  name: string;
  play(world: World): Promise<void>;
}

const NAME = "job";
/** The longest that anything may take; the slowest is a person's five minutes. */
const PATIENCE_MS = 15 * 60_000;
const GLANCE_MS = 50;

export const LIFECYCLES: Lifecycle[] = [
  {
    name: "the job completes",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Completed");
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the job fails",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Failed");
      await untilStatus(world, "Failed");
    },
  },
  {
    name: "somebody stops the job",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Stopping");
      await untilStatus(world, "Stopped");
    },
  },
  {
    name: "the first create is throttled",
    async play(world) {
      world.faults.push({ system: "sagemaker", operation: "CreateProcessingJob", fault: "throttled" });
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Completed");
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the job's record is deleted as soon as it has ended",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Completed");
      world.deleteRecord(world.jobs()[0]!);
      await untilStatus(world, "Error");
    },
  },
  {
    name: "somebody else has a job of that name",
    async play(world) {
      world.create(NAME);
      world.takeName(NAME);
      await untilStatus(world, "Error");
      world.delete(NAME);
      await untilGone(world);
    },
  },
  {
    name: "the resource is deleted while its job runs",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.delete(NAME);
      await untilGone(world);
    },
  },
  {
    name: "the resource is deleted after its job has completed",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Completed");
      await untilStatus(world, "Completed");
      world.delete(NAME);
      await untilGone(world);
    },
  },
  {
    name: "the resource is deleted before its job could be created",
    async play(world) {
      for (let call = 0; call < 100; call++) {
        world.faults.push({ system: "sagemaker", operation: "CreateProcessingJob", fault: "throttled" });
      }
      world.create(NAME);
      await untilStatus(world, "Reconciling");
      world.delete(NAME);
      await untilGone(world);
    },
  },
  {
    name: "the resource is deleted at once, and made anew",
    async play(world) {
      world.create(NAME);
      world.delete(NAME);
      await untilGone(world);
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs().at(-1)!, "Completed");
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the job fails for capacity, and is retried",
    async play(world) {
      world.create(NAME, { retryPolicy: { maxAttempts: 2, backoffSeconds: 1 } });
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Failed", "CapacityError: none left");
      await untilAttempt(world, 2);
      world.endJob(world.jobs()[1]!, "Completed");
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the job is held back, stopped and begun anew by 'suspend'",
    async play(world) {
      world.create(NAME, { suspend: true });
      await untilReason(world, "Suspended");
      world.suspend(NAME, false);
      await untilStatus(world, "InProgress");
      world.suspend(NAME, true);
      await untilReason(world, "Suspended");
      world.suspend(NAME, false);
      await untilAttempt(world, 2);
      world.endJob(world.jobs()[1]!, "Completed");
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the resource is paused while its job runs, and goes on",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.annotate(NAME, { paused: "true" });
      await untilReason(world, "Paused");
      world.endJob(world.jobs()[0]!, "Completed");
      world.annotate(NAME, { paused: undefined });
      await untilStatus(world, "Completed");
    },
  },
  {
    name: "the resource is deleted with its record",
    async play(world) {
      world.create(NAME, { deletionPolicy: "Delete" });
      await untilStatus(world, "InProgress");
      world.delete(NAME);
      await untilGone(world);
    },
  },
  {
    name: "a policy is added to a job that has failed once",
    async play(world) {
      world.create(NAME);
      await untilStatus(world, "InProgress");
      world.setPolicies(NAME, { retryPolicy: { maxAttempts: 2, backoffSeconds: 1 } });
      world.endJob(world.jobs()[0]!, "Failed", "CapacityError: none left");
      await untilAttempt(world, 2);
      world.setPolicies(NAME, { ttlSecondsAfterFinished: 5 });
      world.endJob(world.jobs()[1]!, "Completed");
      await untilGone(world);
    },
  },
  {
    name: "the job completes, and its resource's time is over",
    async play(world) {
      world.create(NAME, { ttlSecondsAfterFinished: 5 });
      await untilStatus(world, "InProgress");
      world.endJob(world.jobs()[0]!, "Completed");
      await untilGone(world);
    },
  },
];

function untilAttempt(world: World, number: number): Promise<void> {
  return until(world, `attempt ${number} runs`, () => {
    const { attemptCount, processingJobStatus } = world.resource(NAME)?.status ?? {};
    return attemptCount === number && processingJobStatus === "InProgress";
  });
}

function untilReason(world: World, reason: string): Promise<void> {
  return until(world, `the reason is ${reason}`, () => {
    return world.resource(NAME)?.status?.conditions?.find(({ type }) => type === "Ready")?.reason === reason;
  });
}

function untilStatus(world: World, word: string): Promise<void> {
  return until(world, `the status is ${word}`, () => {
    return world.resource(NAME)?.status?.processingJobStatus === word;
  });
}

function untilGone(world: World): Promise<void> {
  return until(world, "the resource is gone", () => world.resource(NAME) === undefined);
}

async function until(world: World, description: string, holds: () => boolean): Promise<void> {
  const limit = world.clock.monotonic() + PATIENCE_MS;
  while (!holds()) {
    assert.ok(world.clock.monotonic() < limit, `never came to pass: ${description}`);
    await world.clock.advance(GLANCE_MS);
  }
}
