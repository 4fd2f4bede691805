import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS, FINALIZER } from "../../src/api/group.ts";
import { jobName } from "../../src/api/job_name.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import type { StoredJob } from "../../src/sagemaker/stand_in/jobs.ts";
import type { Change, Thing } from "../support/fake_apiserver.ts";
import { Budgets } from "./budgets.ts";
import { CallRules, type OperatorCall } from "./call_rules.ts";
import { Knowledge } from "./knowledge.ts";
import { isAtRest, isDeleting, isForced, isOfOther, isOver, isPaused, Life, readyReason } from "./lives.ts";
import { Truth } from "./truth.ts";
import type { Stage } from "./stage.ts";

/** The order in which SageMaker's words can follow each other. */
const RANKS: Record<string, number> = { InProgress: 1, Stopping: 2, Completed: 3, Failed: 3, Stopped: 3 };
/** A create that arrives late is sent no longer before than this. */
const LATE_MS = 60_000;
/** Reasons of `Error` that may turn out to be wrong. */
const REVISED = ["JobLost", "Restored"];

const LEASE = "sagemaker-operator";

/** What must hold at every moment, whatever happens. Notes each violation; the test asks for them after each step. */
export class Rules {
  readonly violations: string[] = [];
  /** Jobs whose records were deleted. */
  readonly deletedRecords = new Set<string>();
  readonly budgets: Budgets;
  /** How many changes of resources there were. */
  writes = 0;
  /** Names of jobs that an operator has stopped, though their resource was not deleted. */
  readonly #suspended = new Set<string>();
  /** Names of jobs that others have stopped. */
  readonly stoppedByOthers = new Set<string>();
  /** Names of jobs that a status has said to exist. */
  readonly #shown = new Set<string>();
  readonly #stage: Stage;
  /** By the name that the first job has. */
  readonly #lives = new Map<string, Life>();
  readonly #knowledge = new Knowledge();
  #isByUser = false;
  readonly #calls: CallRules;
  readonly #truth: Truth;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#truth = new Truth(stage, this.deletedRecords);
    this.#calls = new CallRules(stage, this.#knowledge, (rule) => this.broken(rule));
    this.budgets = new Budgets(stage.clock, (rule) => this.broken(rule));
  }

  /** @returns how many jobs were created for all resources */
  get created(): number {
    return [...this.#lives.values()].reduce((sum, { creates }) => sum + creates.size, 0);
  }

  /** What is not yet true, though it must become so once faults have ended; nothing if all is well. */
  unsettled(): string[] {
    return [...this.#lives.values()].flatMap((life) => this.#truth.problemsOf(life));
  }

  broken(rule: string): void {
    this.violations.push(rule);
    this.#stage.note(`VIOLATION ${rule}`);
  }

  onDelivered(operator: string, object: Thing): void {
    this.#knowledge.learn(operator, object, this.#now());
  }

  #now(): number {
    return this.#stage.clock.monotonic();
  }

  #lifeOf(job: string): Life | undefined {
    return this.#lives.get(job.replace(/-r\d+$/, ""));
  }

  /** @param what as in `a/status`; leases are renewed by the clock */
  onWrite(what: string): void {
    this.budgets.count("PATCH", what === LEASE ? "" : what);
  }

  onCall(call: OperatorCall): void {
    this.budgets.count(call.operation, call.job);
    const life = this.#lifeOf(call.job);
    if (life === undefined) return;
    if (call.operation === "StopProcessingJob" && !isDeleting(life.resource)) this.#suspended.add(call.job);
    this.#calls.check(life, call);
  }

  onCreated(name: string): void {
    const life = this.#lifeOf(name);
    if (life === undefined) return this.broken(`the job ${name} belongs to no resource`);
    const { metadata, status } = life.resource;
    const times = (life.creates.get(name) ?? 0) + 1;
    if (times > 1) this.broken(`the job ${name} was created a second time`);
    for (const other of life.creates.keys()) {
      const isRunning = this.#stage.accounts.named(other).some((job) => this.#stage.isRunning(job));
      if (isRunning && other !== name) this.broken(`the job ${name} was created while ${other} runs`);
    }
    life.creates.set(name, times);
    if (life.goneAt !== undefined) {
      // Under `Retain` a job that was asked for may run on, so it may as well begin.
      const isLeft = isForced(life.resource) || life.isRetained;
      const isSentBefore = (life.sentAt.get(name) ?? Infinity) <= life.goneAt;
      if (!life.isLost && !(isLeft && isSentBefore)) {
        this.broken(`the job ${name} was created when its resource was gone`);
      }
    } else if (!metadata.finalizers?.includes(FINALIZER)) {
      this.broken(`the job ${name} was created before its resource had the finalizer`);
    }
    if (name !== life.attempt) this.broken(`the job ${name} was created before a status spoke of it`);
    if (life.rank > 0) this.broken(`the job ${name} was created after a status had shown it`);
    const created = findCondition(status?.conditions, "Created");
    if (created?.status === "False") {
      this.broken(`the job ${name} was created while its status said that no create was sent`);
    }
    if (isAtRest(status)) this.broken(`the job ${name} was created though the status says that it is suspended`);
    this.#checkAttempts(life, name);
    this.#checkPauses(life, name);
  }

  /** However often `suspend` is set and taken away, a minute sees a few attempts, each of which is paid for. */
  #checkPauses(life: Life, name: string): void {
    const { maxAttempts = 1 } = life.resource.spec.retryPolicy ?? {};
    life.createdAt.push(this.#now());
    const lately = life.createdAt.filter((at) => this.#now() - at < 60_000).length;
    // The first, three resumptions at once, and those after 10 s and 20 s more; besides those that the policy allows.
    if (lately > 5 + maxAttempts) this.broken(`the job ${name} is the attempt number ${lately} within a minute`);
  }

  #checkAttempts(life: Life, name: string): void {
    const isWithin = ({ spec, metadata }: ProcessingJob) => {
      const { maxAttempts = 1, expireAfterSeconds = Infinity } = spec.retryPolicy ?? {};
      const ageMs = this.#stage.clock.now() - Date.parse(metadata.creationTimestamp);
      const isOnTime = life.suspensions > 0 || ageMs - expireAfterSeconds * 1000 <= LATE_MS;
      return life.creates.size <= maxAttempts + life.suspensions && (life.creates.size === 1 || isOnTime);
    };
    if (!life.wasSince(this.#now() - LATE_MS, isWithin)) {
      this.broken(`the job ${name} is an attempt more than the policy allows, or comes after it has expired`);
    }
  }

  hasBeenCreated(name: string): boolean {
    return this.#lifeOf(name)!.creates.has(name);
  }

  /** The controller before this one has created the job. */
  onInherited(name: string): void {
    this.#lifeOf(name)!.creates.set(name, 1);
    this.#shown.add(name);
  }

  onLost({ metadata: { name, uid } }: ProcessingJob): void {
    this.#lives.get(jobName(name, uid))!.isLost = true;
  }

  onRestored({ metadata: { name, uid } }: ProcessingJob): void {
    this.#lives.get(jobName(name, uid))!.isRestored = true;
  }

  isRestored(name: string): boolean {
    return this.#lifeOf(name)!.isRestored;
  }

  onAskedAgain({ metadata: { name, uid } }: ProcessingJob): void {
    this.#lives.get(jobName(name, uid))!.isAskedAgain = true;
  }

  /** A user writes, who is bound by no rule for operators. */
  byUser(write: () => void): void {
    this.#isByUser = true;
    write();
    this.#isByUser = false;
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

  onRecordDeleted(name: string): void {
    this.deletedRecords.add(name);
  }

  // Changes of resources.

  onChange({ type, before, object }: Change): void {
    this.writes++;
    const resource = object as unknown as ProcessingJob;
    const name = jobName(resource.metadata.name, resource.metadata.uid);
    const was = before as unknown as ProcessingJob | undefined;
    let life = this.#lives.get(name);
    if (life === undefined) {
      this.#lives.set(name, life = new Life(resource));
      if (resource.spec.suspend) life.suspensions++;
    } else life.change(resource, this.#now());
    if (isDeleting(resource) && was && !isDeleting(was)) this.#onDeletion(life, was);
    if (type === "DELETED") this.#onGone(life);
    else if (was && !this.#isByUser && !life.isLost) {
      this.#onStatus(life, was);
      this.#onPaused(life, was);
    }
  }

  #onDeletion(life: Life, was: ProcessingJob): void {
    if (life.isDeletedByUser || life.isLost) return;
    const { spec, status } = was;
    const { ttlSecondsAfterFinished = Infinity } = spec;
    // Where the end is not known, it is no later than its condition, which our own clock has dated.
    const ended = (["Complete", "Failed", "Stopped"] as const).map((type) => findCondition(status?.conditions, type));
    const known = ended.find((condition) => condition !== undefined)?.lastTransitionTime ?? "";
    const isDated = status?.processingEndTime !== undefined;
    const end = Date.parse(status?.processingEndTime ?? known);
    const now = isDated ? this.#stage.serviceNow() : this.#stage.clock.now();
    // A look may have told when it ended that no status shows.
    const records = this.#stage.accounts.named(life.attempt).map(({ phases }) => phases.at(-1)!.at);
    const isOverByRecord = records.some((at) => this.#stage.serviceNow() >= at + ttlSecondsAfterFinished * 1000);
    if (!isOverByRecord && !(now >= end + ttlSecondsAfterFinished * 1000)) {
      this.broken(`the resource of ${life.name} was deleted before its time to live was over`);
    }
    if (isPaused(was)) this.broken(`the resource of ${life.name} was deleted while it was paused`);
  }

  #onGone(life: Life): void {
    life.goneAt = this.#now();
    life.isRetained = this.#calls.policyOf(life.resource) === "Retain";
    if (life.isTaken || life.isLost || isForced(life.resource) || life.isRetained) return;
    for (const job of this.#runningJobs(life)) {
      this.broken(
        `the resource of ${life.name} was released while its job ${job.name} was ${this.#stage.statusOf(job)}`,
      );
    }
  }

  #runningJobs({ creates }: Life): StoredJob[] {
    return [...creates.keys()].flatMap((name) => this.#stage.accounts.named(name))
      .filter((job) => this.#stage.isRunning(job));
  }

  /** A paused resource is left alone, but for what says that it is. */
  #onPaused({ name }: Life, was: ProcessingJob): void {
    const { resource } = this.#lives.get(name)!;
    if (!isPaused(was) || isDeleting(resource) || this.#lives.get(name)!.isRestored) return;
    const [before, after] = [was.status, resource.status];
    const isLeft = before?.processingJobStatus === after?.processingJobStatus &&
      before?.attemptCount === after?.attemptCount &&
      (isOver(before) || before?.processingJobArn === after?.processingJobArn) &&
      was.metadata.finalizers?.includes(FINALIZER) === resource.metadata.finalizers?.includes(FINALIZER);
    if (!isLeft) this.broken(`the resource of ${name} was written while it was paused`);
  }

  #onStatus(life: Life, was: ProcessingJob): void {
    const { name, resource } = life;
    const [before, after] = [was.status, resource.status];
    if (before?.attemptCount !== after?.attemptCount) life.rank = 0;
    const [from, to] = [before?.processingJobStatus ?? "", after?.processingJobStatus ?? ""];
    // What was put back is another resource's; its ending stays unless there is a job of this one's.
    if (isOfOther(was) || (isOfOther(resource) && life.isRestored)) return;
    if (isOver(before)) {
      for (const type of ["Complete", "Failed", "Stopped"] as const) {
        const [holds, held] = [after, before].map((status) => findCondition(status?.conditions, type)?.status);
        if (held === "True" && holds !== "True") {
          this.broken(`the condition ${type} of ${name}, which has ended, changed to ${holds}`);
        }
      }
    }
    if (from === to) return;
    if (isOver(before) || (from === "Error" && !mayRevise(was, resource))) {
      return this.broken(`the status of ${name} changed from ${from}, which is final, to ${to}`);
    }
    if (to === "Error" && readyReason(after) === "JobLost") this.#onLost(life);
    const rank = RANKS[to];
    if (rank === undefined || (isAtRest(after) && after?.processingJobArn === undefined)) return;
    if (rank < life.rank) this.broken(`the status of ${name} went backwards to ${to}`);
    life.rank = rank;
    const job = life.attempt;
    if (
      to === "Stopped" && !isAtRest(after) && this.#suspended.has(job) && !this.stoppedByOthers.has(job) &&
      !isDeleting(resource)
    ) {
      this.broken(`the status of ${name} takes the stop of ${job} for another's`);
    }
    this.#shown.add(job);
    if (!life.creates.has(job)) {
      this.broken(`the status of ${name} says ${to}, but there was never a job`);
    }
  }

  #onLost(life: Life): void {
    if (this.#stage.accounts.named(life.attempt).length > 0 && !life.isTaken) {
      this.broken(`the status of ${life.name} says that the job ${life.attempt} is lost, which it is not`);
    }
  }
}

/** A deletion goes on after an `Error`, and says how; another try may be asked for; and what is lost may be found. */
function mayRevise(was: ProcessingJob, { metadata }: ProcessingJob): boolean {
  if (isDeleting(was) || REVISED.includes(readyReason(was.status) ?? "")) return true;
  const asked = metadata.annotations?.[ANNOTATIONS.reconcileAt];
  return asked !== undefined && asked !== was.status?.observedReconcileAt;
}
