import { findCondition } from "../../src/api/conditions.ts";
import { FINALIZER } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES } from "../../src/api/job.ts";
import { jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import type { Change } from "../support/fake_apiserver.ts";
import type { World } from "./world.ts";

/** The order in which SageMaker's words can follow each other. */
const RANKS: Record<string, number> = { InProgress: 1, Stopping: 2, Completed: 3, Failed: 3, Stopped: 3 };
/** More of one kind in a minute than a handful of resources can need, whatever goes wrong. */
const CALLS_PER_MINUTE = 200;

/** What is known of one resource's job. */
interface Life {
  resource: ProcessingJob;
  creates: number;
  rank: number;
  /** The job of this name is somebody else's. */
  isTaken: boolean;
  isGone: boolean;
}

/** What must hold at every moment, whatever happens. Notes each violation; the test asks for them after each step. */
export class Rules {
  readonly violations: string[] = [];
  /** Jobs whose records were deleted. */
  readonly deletedRecords = new Set<string>();
  /** How many changes of resources there were. */
  writes = 0;
  readonly #world: World;
  /** By the name that the job has. */
  readonly #lives = new Map<string, Life>();
  #minute = 0;
  #calls = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns how many jobs were created for all resources */
  get created(): number {
    return [...this.#lives.values()].reduce((sum, { creates }) => sum + creates, 0);
  }

  broken(rule: string): void {
    this.violations.push(rule);
    this.#world.note(`VIOLATION ${rule}`);
  }

  /** @param operation any name for what is asked for */
  onCall(operation: string, job?: string): void {
    if (operation === "StopProcessingJob" && this.#lives.get(job ?? "")?.isTaken) {
      this.broken(`the job ${job} is somebody else's, and was stopped`);
    }
    const minute = Math.floor(this.#world.clock.monotonic() / 60_000);
    if (minute !== this.#minute) this.#calls.clear();
    this.#minute = minute;
    const calls = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, calls);
    if (calls === CALLS_PER_MINUTE) this.broken(`${calls} calls of ${operation} within a minute`);
  }

  onCreated(name: string): void {
    const life = this.#lives.get(name);
    if (life === undefined) return this.broken(`the job ${name} belongs to no resource`);
    if (++life.creates > 1) this.broken(`the job ${name} was created a second time`);
    if (life.isGone) this.broken(`the job ${name} was created when its resource was gone`);
    else if (!life.resource.metadata.finalizers?.includes(FINALIZER)) {
      this.broken(`the job ${name} was created before its resource had the finalizer`);
    }
    if (life.rank > 0) this.broken(`the job ${name} was created after a status had shown it`);
  }

  hasBeenCreated(name: string): boolean {
    return this.#lives.get(name)!.creates > 0;
  }

  onNameTaken(name: string): void {
    this.#lives.get(name)!.isTaken = true;
  }

  /** Whether a status has ever said that the job exists. */
  hasBeenShown(name: string): boolean {
    return this.#lives.get(name)!.rank > 0;
  }

  onRecordDeleted(name: string): void {
    this.deletedRecords.add(name);
  }

  onChange({ type, before, object }: Change): void {
    this.writes++;
    const resource = object as unknown as ProcessingJob;
    const name = jobName(resource.metadata.name, resource.metadata.uid);
    const life = this.#lives.get(name) ?? { resource, creates: 0, rank: 0, isTaken: false, isGone: false };
    this.#lives.set(name, life);
    life.resource = resource;
    if (type === "DELETED") this.#onGone(name, life);
    else if (before) this.#onStatus(name, life, (before as unknown as ProcessingJob).status, resource.status);
  }

  #onGone(name: string, life: Life): void {
    life.isGone = true;
    if (life.isTaken) return;
    const job = this.#world.service.findAnywhere(name);
    if (job && this.#world.isRunning(job)) {
      this.broken(`the resource of ${name} was released while its job was ${this.#world.statusOf(job)}`);
    }
  }

  #onStatus(
    name: string,
    life: Life,
    before: ProcessingJobStatus | undefined,
    after: ProcessingJobStatus | undefined,
  ): void {
    const [from, to] = [before?.processingJobStatus ?? "", after?.processingJobStatus ?? ""];
    if (from === to) return;
    // A deletion goes on after an Error, and says how.
    const isDeleting = life.resource.metadata.deletionTimestamp !== undefined;
    if (FINAL_JOB_STATUSES.includes(from) || (from === "Error" && !isDeleting)) {
      return this.broken(`the status of ${name} changed from ${from}, which is final, to ${to}`);
    }
    const rank = RANKS[to];
    if (rank === undefined) return;
    if (rank < life.rank) this.broken(`the status of ${name} went backwards to ${to}`);
    life.rank = rank;
    if (life.creates === 0) {
      this.broken(`the status of ${name} says ${to}, but there was never a job`);
    }
  }

  /** What is not yet true, though it must become so once faults have ended; nothing if all is well. */
  unsettled(): string[] {
    const problems: string[] = [];
    for (const [name, { resource, isGone, isTaken, creates }] of this.#lives) {
      const job = this.#world.service.findAnywhere(name);
      const { metadata, status } = resource;
      if (isGone) {
        if (job && !isTaken && this.#world.isRunning(job)) {
          problems.push(`the job ${name} runs, but its resource is gone`);
        }
        continue;
      }
      if (metadata.deletionTimestamp !== undefined) {
        problems.push(`the deletion of ${name} has not ended: ${status?.processingJobStatus}: ${status?.additional}`);
        continue;
      }
      const word = status?.processingJobStatus;
      if (isTaken) {
        const reason = findCondition(status?.conditions, "Ready")?.reason;
        if (word !== "Error" || reason !== "NameConflict") {
          problems.push(`the status of ${name} hides the conflict: ${word}`);
        }
        continue;
      }
      if (job === undefined) {
        const known = this.deletedRecords.has(name) && (word === "Error" || FINAL_JOB_STATUSES.includes(word ?? ""));
        if (!known) problems.push(`there is no job ${name} (${creates} were created), and its status says ${word}`);
        continue;
      }
      const truth = this.#world.statusOf(job);
      if (word !== truth) {
        problems.push(`the job ${name} is ${truth}, but its status says ${word}: ${status?.additional}`);
      }
      if (status?.observedGeneration !== metadata.generation) {
        problems.push(`the status of ${name} is of an old generation`);
      }
    }
    return problems;
  }
}
