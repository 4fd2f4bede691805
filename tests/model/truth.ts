/** What must be true once faults have ended and time has passed: what the spec, the policies and the job in its account say. */
import { findCondition } from "../../src/api/conditions.ts";
import { ANNOTATIONS, NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import type { StoredJob } from "../../src/sagemaker/stand_in/jobs.ts";
import { accountOfArn } from "./accounts.ts";
import {
  attemptOf,
  isAtRest,
  isDeleting,
  isForced,
  isOfOther,
  isOver,
  isPaused,
  isSuspended,
  type Life,
  readyReason,
} from "./lives.ts";
import type { Stage } from "./stage.ts";

/** Finds what is not true of a resource. */
export class Truth {
  readonly #stage: Stage;
  readonly #deletedRecords: ReadonlySet<string>;

  constructor(stage: Stage, deletedRecords: ReadonlySet<string>) {
    this.#stage = stage;
    this.#deletedRecords = deletedRecords;
  }

  problemsOf(life: Life): string[] {
    if (life.isGone) return this.#afterwards(life);
    const { resource } = life;
    if (isDeleting(resource)) return this.#deleting(life);
    return [...this.#seen(life), ...(isPaused(resource) ? paused(resource) : this.#living(life))];
  }

  /** The resource is gone: its jobs must not run, and under `Delete` they have no records. */
  #afterwards({ resource, creates, isTaken, isLost, isRetained }: Life): string[] {
    if (isTaken || isLost || isForced(resource) || isRetained) return [];
    const jobs = this.#jobsOf(creates.keys());
    const problems = jobs.filter((job) => this.#stage.isRunning(job))
      .map(({ name }) => `the job ${name} runs, but its resource is gone`);
    if (resource.spec.deletionPolicy === "Delete") {
      problems.push(
        ...jobs.map(({ name }) => `the record of ${name} is left, though its resource asked for its deletion`),
      );
    }
    return problems;
  }

  #deleting(life: Life): string[] {
    const { name, resource } = life;
    const { status } = resource;
    // Nothing can be asked for such a namespace, and of an account that isn't called nothing is known.
    if (this.#stage.accountFor(resource) === undefined || this.#isElsewhere(life)) return [];
    // A create with an unknown outcome can't be looked up, where SageMaker would have taken it.
    if (this.#isAbroad(resource) && status?.processingJobStatus === "Reconciling") return [];
    return [`the deletion of ${name} has not ended: ${status?.processingJobStatus}: ${status?.additional}`];
  }

  /** What users have asked for has been seen. */
  #seen({ resource: { metadata, status }, isRestored }: Life): string[] {
    const problems: string[] = [];
    if (status?.observedGeneration !== metadata.generation) problems.push("is of an old generation");
    const asked = metadata.annotations?.[ANNOTATIONS.reconcileAt];
    // A request to run what came from a backup stands until it can be done.
    const isKnown = asked === undefined || status?.observedReconcileAt === asked || isRestored;
    if (!isKnown) problems.push("does not know of reconcile-at");
    const conditions = status?.conditions?.filter(({ observedGeneration }) =>
      observedGeneration !== metadata.generation
    );
    const old = conditions?.map(({ type }) => type).filter((type) => type !== "Created") ?? [];
    if (old.length > 0) problems.push(`has conditions of an old generation: ${old}`);
    return problems.map((problem) => `the status of ${metadata.name} ${problem}`);
  }

  #living(life: Life): string[] {
    const { resource, isTaken, attempt } = life;
    const { spec, status } = resource;
    if (life.isRestored) {
      const isShown = (status?.processingJobStatus === "Error" && readyReason(status) === "Restored") || isOver(status);
      if (isShown && (isOfOther(resource) || life.creates.size === 0)) return [];
      if (!life.isAskedAgain) {
        return [`the status of ${attempt} hides that it came from a backup: ${described(status)}`];
      }
    }
    if (isTaken) return this.#isHeldBack(resource) ? [] : conflicting(life);
    if (isOver(status)) return this.#over(life);
    if (findCondition(status?.conditions, "Paused")?.status === "True") {
      return [`the status of ${attempt} says that it is paused`];
    }
    // The operator has given up.
    if (status?.processingJobStatus === "Error") return this.#running(life);
    // Nothing can be asked for such a namespace.
    const isAskable = this.#stage.accountFor(resource) !== undefined;
    if (!isAskable && status?.processingJobStatus === "Reconciling") return [];
    if (this.#isElsewhere(life)) return this.#isHeldBack(resource) ? [] : elsewhere(life);
    if (this.#isAbroad(resource) && status?.processingJobStatus === "Reconciling") return [];
    if (spec.suspend) return this.#suspended(life);
    if (isSuspended(status)) return [`${attempt} is not resumed, though its spec no longer asks for a suspension`];
    return this.#running(life);
  }

  #over(life: Life): string[] {
    const { resource, attempt } = life;
    const { spec, status } = resource;
    const problems: string[] = [];
    const [job] = this.#jobsOf([attempt]);
    const word = status?.processingJobStatus;
    // SageMaker is asked what time it is, which it can't be for such a namespace.
    const isDated = status?.processingEndTime !== undefined && this.#stage.accountFor(resource) !== undefined;
    if (spec.ttlSecondsAfterFinished !== undefined && isDated) {
      problems.push(`${attempt} is finished, and has not been deleted`);
    }
    if (job && this.#stage.statusOf(job) !== word) {
      problems.push(`the job ${attempt} is ${this.#stage.statusOf(job)}, but its status says ${word}`);
    }
    const { maxAttempts = 1, expireAfterSeconds } = spec.retryPolicy ?? {};
    const counted = (status?.attemptCount ?? 1) - (status?.suspendedAttempts ?? 0);
    const isToBeRetried = status?.failureReason?.startsWith("CapacityError") && counted < maxAttempts;
    if (word === "Failed" && isToBeRetried && expireAfterSeconds === undefined) {
      problems.push(`${attempt} was not retried`);
    }
    problems.push(...this.#others(life));
    return problems;
  }

  #suspended(life: Life): string[] {
    const { resource: { status }, attempt, creates } = life;
    const running = this.#jobsOf(creates.keys()).filter((job) => this.#stage.isRunning(job));
    const problems = running.map(({ name }) => `the job ${name} runs, though it is suspended`);
    if (!isAtRest(status)) {
      problems.push(`the status of ${attempt} does not say that it is suspended: ${described(status)}`);
    }
    return problems;
  }

  #running(life: Life): string[] {
    const { resource, attempt, creates } = life;
    const { status } = resource;
    const [job] = this.#jobsOf([attempt]);
    const word = status?.processingJobStatus;
    if (job === undefined) {
      const isLost = this.#deletedRecords.has(attempt) && word === "Error";
      if (isLost || this.#isHeldBack(resource)) return [];
      return [`there is no job ${attempt} (${creates.size} were created), and its status says ${described(status)}`];
    }
    const truth = this.#stage.statusOf(job);
    const problems = this.#others(life);
    if (word !== truth) problems.push(`the job ${attempt} is ${truth}, but its status says ${described(status)}`);
    return problems;
  }

  /** Of all jobs of a resource at most one runs, which is the one that its status speaks of. */
  #others({ creates, attempt }: Life): string[] {
    return this.#jobsOf(creates.keys()).filter((job) => job.name !== attempt && this.#stage.isRunning(job))
      .map(({ name }) => `the job ${name} runs, though the status speaks of ${attempt}`);
  }

  /** No job may be created, or asked for, and the status says so. */
  #isHeldBack(resource: ProcessingJob): boolean {
    const { metadata: { namespace }, status } = resource;
    const regions = this.#stage.annotationsOf(namespace)[NAMESPACE_ANNOTATIONS.allowedRegions];
    const isRefused = regions === "none" || this.#stage.accountFor(resource) === undefined;
    return (isRefused || this.#isAbroad(resource)) && status?.processingJobStatus === "Reconciling";
  }

  /** The role is of another account than the caller, and SageMaker takes none of another account. */
  #isAbroad(resource: ProcessingJob): boolean {
    const account = this.#stage.accountOf(resource);
    // A create without an answer was sent as the operator itself, and is looked for there.
    const isSentElsewhere = readyReason(resource.status) === "WrongAccount" && account !== this.#stage.callerAccount;
    return isSentElsewhere || account !== this.#stage.accountFor(resource);
  }

  /** Its job is, or was, in an account that is not asked now. */
  #isElsewhere({ resource, creates }: Life): boolean {
    const { status } = resource;
    const account = this.#stage.accountFor(resource);
    // With a session that was begun before, the job is seen all the same.
    if (account === undefined) return false;
    const arn = status?.processingJobArn;
    if (arn !== undefined) return accountOfArn(arn) !== account;
    const running = this.#jobsOf([...creates.keys(), attemptOf(resource)]);
    return running.some((job) => this.#stage.isRunning(job) && accountOfArn(job.arn) !== account);
  }

  #jobsOf(names: Iterable<string>): StoredJob[] {
    return [...names].flatMap((name) => this.#stage.accounts.named(name));
  }
}

function paused({ metadata, status }: ProcessingJob): string[] {
  const isShown = findCondition(status?.conditions, "Paused")?.status === "True" || isOver(status);
  return isShown ? [] : [`the status of ${metadata.name} does not say that it is paused`];
}

function conflicting({ resource: { spec, status }, attempt }: Life): string[] {
  // A resource that is held back asks for nothing.
  if (spec.suspend && isAtRest(status)) return [];
  const isShown = status?.processingJobStatus === "Error" && readyReason(status) === "NameConflict";
  return isShown ? [] : [`the status of ${attempt} hides the conflict: ${described(status)}`];
}

function elsewhere({ resource: { status }, attempt }: Life): string[] {
  const isShown = status?.processingJobStatus === "Reconciling" && readyReason(status) === "WrongAccount";
  if (isShown || isAtRest(status)) return [];
  return [`the job ${attempt} is in another account, but its status says ${described(status)}`];
}

function described(status: ProcessingJobStatus | undefined): string {
  return `${status?.processingJobStatus} (${readyReason(status)}): ${status?.additional}`;
}
