import { findCondition } from "../../src/api/conditions.ts";
import { FINALIZER } from "../../src/api/group.ts";
import { FINAL_JOB_STATUSES } from "../../src/api/job.ts";
import { attemptName, jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import type { StoredJob } from "../../src/sagemaker/stand_in/jobs.ts";
import type { Change } from "../support/fake_apiserver.ts";
import type { World } from "./world.ts";

/** The order in which SageMaker's words can follow each other. */
const RANKS: Record<string, number> = { InProgress: 1, Stopping: 2, Completed: 3, Failed: 3, Stopped: 3 };
/** More of one kind in a minute than a handful of resources can need, whatever goes wrong. */
const CALLS_PER_MINUTE = 200;

/** What is known of one resource and its jobs. */
interface Life {
  resource: ProcessingJob;
  /** By name, the jobs that were created for it, and how often. */
  creates: Map<string, number>;
  /** How far statuses have shown the present attempt's job to have come. */
  rank: number;
  /** How often `suspend` was set: so many attempts more there may be than the policy allows. */
  suspensions: number;
  /** The user has asked for the deletion. */
  isDeletedByUser: boolean;
  /** The job of this name is somebody else's. */
  isTaken: boolean;
  isGone: boolean;
}

/** A create that arrives late is sent no longer before than this. */
const LATE_MS = 60_000;

/** What must hold at every moment, whatever happens. Notes each violation; the test asks for them after each step. */
export class Rules {
  readonly violations: string[] = [];
  /** Jobs whose records were deleted. */
  readonly deletedRecords = new Set<string>();
  /** How many changes of resources there were. */
  writes = 0;
  /** Names of jobs that an operator has stopped, though their resource was not deleted. */
  readonly #suspended = new Set<string>();
  /** Names of jobs that somebody else has stopped. */
  readonly stoppedByOthers = new Set<string>();
  /** Names of jobs that a status has said to exist. */
  readonly #shown = new Set<string>();
  readonly #world: World;
  /** By the name that the first job has. */
  readonly #lives = new Map<string, Life>();
  #minute = 0;
  #calls = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns how many jobs were created for all resources */
  get created(): number {
    return [...this.#lives.values()].reduce((sum, { creates }) => sum + creates.size, 0);
  }

  broken(rule: string): void {
    this.violations.push(rule);
    this.#world.note(`VIOLATION ${rule}`);
  }

  /** @param operation any name for what is asked for */
  onCall(operation: string, job?: string): void {
    if (operation === "StopProcessingJob") this.#onStop(job ?? "");
    const minute = Math.floor(this.#world.clock.monotonic() / 60_000);
    if (minute !== this.#minute) this.#calls.clear();
    this.#minute = minute;
    const calls = (this.#calls.get(operation) ?? 0) + 1;
    this.#calls.set(operation, calls);
    if (calls === CALLS_PER_MINUTE) this.broken(`${calls} calls of ${operation} within a minute`);
  }

  #onStop(job: string): void {
    const life = this.#lifeOf(job);
    if (life?.isTaken) this.broken(`the job ${job} is somebody else's, and was stopped`);
    const { metadata, spec } = life?.resource ?? {};
    if (metadata?.deletionTimestamp === undefined) this.#suspended.add(job);
    if (metadata?.deletionTimestamp && spec?.deletionPolicy === "Retain" && life!.suspensions === 0) {
      this.broken(`the job ${job} was stopped, though it is to be retained`);
    }
  }

  onCreated(name: string): void {
    const life = this.#lifeOf(name);
    if (life === undefined) return this.broken(`the job ${name} belongs to no resource`);
    const { metadata, spec, status } = life.resource;
    const times = (life.creates.get(name) ?? 0) + 1;
    if (times > 1) this.broken(`the job ${name} was created a second time`);
    for (const other of life.creates.keys()) {
      const job = this.#world.service.findAnywhere(other);
      if (job && this.#world.isRunning(job)) this.broken(`the job ${name} was created while ${other} runs`);
    }
    life.creates.set(name, times);
    if (life.isGone) this.broken(`the job ${name} was created when its resource was gone`);
    else if (!metadata.finalizers?.includes(FINALIZER)) {
      this.broken(`the job ${name} was created before its resource had the finalizer`);
    }
    if (name !== attemptOf(life.resource)) this.broken(`the job ${name} was created before a status spoke of it`);
    if (findCondition(status?.conditions, "Created")?.status === "False") {
      this.broken(`the job ${name} was created while its status said that no create was sent`);
    }
    if (life.rank > 0) this.broken(`the job ${name} was created after a status had shown it`);
    if (isAtRest(status)) this.broken(`the job ${name} was created though the status says that it is suspended`);
    const { maxAttempts = 1, expireAfterSeconds = Infinity } = spec.retryPolicy ?? {};
    if (life.creates.size > maxAttempts + life.suspensions) this.broken(`${name} is one attempt too many`);
    const lateMs = this.#world.clock.now() - Date.parse(metadata.creationTimestamp) - expireAfterSeconds * 1000;
    if (life.creates.size > 1 && life.suspensions === 0 && lateMs > LATE_MS) {
      this.broken(`the job ${name} was created after the policy had expired`);
    }
  }

  hasBeenCreated(name: string): boolean {
    return this.#lifeOf(name)!.creates.has(name);
  }

  onNameTaken(name: string): void {
    this.#lifeOf(name)!.isTaken = true;
  }

  onDeletedByUser({ metadata: { name, uid } }: ProcessingJob): void {
    this.#lives.get(jobName(name, uid))!.isDeletedByUser = true;
  }

  /** Whether a status has ever said that the job exists. */
  hasBeenShown(name: string): boolean {
    return this.#shown.has(name);
  }

  #lifeOf(job: string): Life | undefined {
    return this.#lives.get(job.replace(/-r\d+$/, ""));
  }

  onRecordDeleted(name: string): void {
    this.deletedRecords.add(name);
  }

  onChange({ type, before, object }: Change): void {
    this.writes++;
    const resource = object as unknown as ProcessingJob;
    const name = jobName(resource.metadata.name, resource.metadata.uid);
    const life = this.#lives.get(name) ?? {
      resource,
      creates: new Map(),
      rank: 0,
      suspensions: 0,
      isDeletedByUser: false,
      isTaken: false,
      isGone: false,
    };
    this.#lives.set(name, life);
    life.resource = resource;
    const was = before as unknown as ProcessingJob | undefined;
    if (resource.spec.suspend && !was?.spec.suspend) life.suspensions++;
    if (resource.metadata.deletionTimestamp && !was?.metadata.deletionTimestamp) this.#onDeletion(name, life);
    if (type === "DELETED") this.#onGone(name, life);
    else if (was) this.#onStatus(name, life, was.status, resource.status);
  }

  #onDeletion(name: string, { resource: { spec, status }, isDeletedByUser }: Life): void {
    if (isDeletedByUser) return;
    const { ttlSecondsAfterFinished = Infinity } = spec;
    const end = Date.parse(status?.processingEndTime ?? "");
    if (!(this.#world.service.now() >= end + ttlSecondsAfterFinished * 1000)) {
      this.broken(`the resource of ${name} was deleted before its time to live was over`);
    }
  }

  #onGone(name: string, life: Life): void {
    life.isGone = true;
    if (life.isTaken || life.resource.spec.deletionPolicy === "Retain") return;
    for (const job of this.#runningJobs(life)) {
      this.broken(`the resource of ${name} was released while its job ${job.name} was ${this.#world.statusOf(job)}`);
    }
  }

  #runningJobs({ creates }: Life): StoredJob[] {
    const jobs = [...creates.keys()].map((name) => this.#world.service.findAnywhere(name));
    return jobs.filter((job) => job !== undefined).filter((job) => this.#world.isRunning(job));
  }

  #onStatus(
    name: string,
    life: Life,
    before: ProcessingJobStatus | undefined,
    after: ProcessingJobStatus | undefined,
  ): void {
    if (before?.attemptCount !== after?.attemptCount) life.rank = 0;
    const [from, to] = [before?.processingJobStatus ?? "", after?.processingJobStatus ?? ""];
    if (from === to) return;
    // A deletion goes on after an Error, and says how.
    const isDeleting = life.resource.metadata.deletionTimestamp !== undefined;
    // A job that counted as lost may be seen again.
    const isLost = findCondition(before?.conditions, "Ready")?.reason === "JobLost";
    if ((FINAL_JOB_STATUSES.includes(from) && !isAtRest(before)) || (from === "Error" && !isDeleting && !isLost)) {
      return this.broken(`the status of ${name} changed from ${from}, which is final, to ${to}`);
    }
    const rank = RANKS[to];
    if (rank === undefined || (isAtRest(after) && after?.processingJobArn === undefined)) return;
    if (rank < life.rank) this.broken(`the status of ${name} went backwards to ${to}`);
    life.rank = rank;
    const job = attemptOf(life.resource);
    if (
      to === "Stopped" && !isAtRest(after) && this.#suspended.has(job) && !this.stoppedByOthers.has(job) && !isDeleting
    ) {
      this.broken(`the status of ${name} takes the stop of ${job} for somebody else's`);
    }
    this.#shown.add(job);
    if (!life.creates.has(job)) {
      this.broken(`the status of ${name} says ${to}, but there was never a job`);
    }
  }

  /** What is not yet true, though it must become so once faults have ended; nothing if all is well. */
  unsettled(): string[] {
    const problems: string[] = [];
    for (const life of this.#lives.values()) {
      const { resource, isGone, isTaken, creates } = life;
      const { metadata, spec, status } = resource;
      const name = attemptOf(resource);
      const job = this.#world.service.findAnywhere(name);
      const running = this.#runningJobs(life);
      if (isGone) {
        if (running.length > 0 && !isTaken && spec.deletionPolicy !== "Retain") {
          problems.push(`the job ${running[0]!.name} runs, but its resource is gone`);
        }
        continue;
      }
      if (metadata.deletionTimestamp !== undefined) {
        problems.push(`the deletion of ${name} has not ended: ${status?.processingJobStatus}: ${status?.additional}`);
        continue;
      }
      const word = status?.processingJobStatus;
      const reason = findCondition(status?.conditions, "Ready")?.reason;
      if (isTaken) {
        // Who is held back asks for nothing.
        if (!(spec.suspend && isAtRest(status)) && (word !== "Error" || reason !== "NameConflict")) {
          problems.push(`the status of ${name} hides the conflict: ${word}`);
        }
        continue;
      }
      const isFinished = FINAL_JOB_STATUSES.includes(word ?? "") && !isAtRest(status);
      if (isFinished && spec.ttlSecondsAfterFinished !== undefined) {
        problems.push(`${name} is finished, and has not been deleted`);
      }
      if (spec.suspend && !isFinished && word !== "Error") {
        if (running.length > 0) problems.push(`the job ${running[0]!.name} runs, though it is suspended`);
        if (!isAtRest(status)) problems.push(`the status of ${name} does not say that it is suspended: ${word}`);
        continue;
      }
      if (job === undefined) {
        const known = this.deletedRecords.has(name) && (word === "Error" || FINAL_JOB_STATUSES.includes(word ?? ""));
        if (!known) {
          problems.push(`there is no job ${name} (${creates.size} were created), and its status says ${word}`);
        }
        continue;
      }
      const truth = this.#world.statusOf(job);
      const last = this.#world.phaseOf(job).failureReason;
      const { maxAttempts = 1, expireAfterSeconds } = spec.retryPolicy ?? {};
      if (last?.startsWith("CapacityError") && creates.size < maxAttempts && expireAfterSeconds === undefined) {
        problems.push(`${name} was not retried`);
      }
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

/** The name of the job that the status speaks of. */
function attemptOf({ metadata, status }: ProcessingJob): string {
  return attemptName(metadata.name, metadata.uid, status?.attemptCount ?? 1);
}

function isAtRest(status: ProcessingJobStatus | undefined): boolean {
  const isSuspended = findCondition(status?.conditions, "Suspended")?.status === "True";
  return isSuspended && ["Stopped", "SynchronizingK8sJobWithSageMaker"].includes(status?.processingJobStatus ?? "");
}
