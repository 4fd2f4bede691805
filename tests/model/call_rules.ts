/** What must hold of each call of SageMaker when it is sent: something asks for it. */
import { findCondition } from "../../src/api/conditions.ts";
import { NAMESPACE_ANNOTATIONS } from "../../src/api/group.ts";
import type { DeletionPolicy } from "../../src/api/policies.ts";
import type { ProcessingJob } from "../../src/api/processing_job.ts";
import type { Knowledge } from "./knowledge.ts";
import { ACTS_WITHIN_MS, isDeleting, isOver, isSuspended, type Life } from "./lives.ts";
import type { Stage } from "./stage.ts";

/** A call of SageMaker by an operator. */
export interface OperatorCall {
  sender: string;
  operation: string;
  /** Empty for none. */
  job: string;
  account: string;
}

export class CallRules {
  readonly #stage: Stage;
  readonly #knowledge: Knowledge;
  readonly #broken: (rule: string) => void;

  constructor(stage: Stage, knowledge: Knowledge, broken: (rule: string) => void) {
    this.#stage = stage;
    this.#knowledge = knowledge;
    this.#broken = broken;
  }

  #now(): number {
    return this.#stage.clock.monotonic();
  }

  check(life: Life, call: OperatorCall): void {
    const { operation, job, sender } = call;
    const pausedSince = this.#knowledge.pausedSince(sender, life.resource.metadata.uid) ?? Infinity;
    // Nothing follows from a status before it is written, so a pause takes effect once the status shows it.
    const isShown = findCondition(life.resource.status?.conditions, "Paused")?.status === "True";
    const isLate = this.#now() - pausedSince > ACTS_WITHIN_MS;
    if (isShown && isLate && !isOver(life.resource.status) && !life.isRestored) {
      this.#broken(`${operation} was sent for ${job}, though its resource is paused`);
    }
    if (operation === "CreateProcessingJob") this.#onCreateSent(life, call);
    if (operation === "StopProcessingJob") this.#onStop(life, job);
    if (operation === "DeleteProcessingJob") this.#onDeleteRecord(life, job);
  }

  #onCreateSent(life: Life, { job, account, sender }: OperatorCall): void {
    const since = this.#now() - ACTS_WITHIN_MS;
    life.sentAt.set(job, this.#now());
    if (life.goneAt !== undefined && life.goneAt < since) {
      this.#broken(`the create of ${job} was sent when its resource was gone`);
    }
    if (life.isRestored && !life.isAskedAgain) {
      this.#broken(`the create of ${job} was sent, though its resource came from a backup`);
    }
    if (!life.wasSince(since, ({ spec }) => spec.suspend !== true)) {
      this.#broken(`the create of ${job} was sent, though its resource is suspended`);
    }
    const { namespace } = life.resource.metadata;
    if (!this.#knowledge.mayCreate(sender, { namespace, account, since })) {
      this.#broken(`the create of ${job} was sent in account ${account}, which its namespace does not allow`);
    }
  }

  #onStop(life: Life, job: string): void {
    if (life.isTaken) this.#broken(`the job ${job} is another's, and was stopped`);
    const since = this.#now() - ACTS_WITHIN_MS;
    const isAskedFor = life.wasSince(since, (resource) => {
      return isDeleting(resource) || resource.spec.suspend === true || isSuspended(resource.status);
    });
    if (!isAskedFor) this.#broken(`the job ${job} was stopped, though nothing asks for that`);
    const isRetained = !life.wasSince(since, (resource) => !isDeleting(resource) || !this.#mayRetain(resource));
    if (isRetained && life.suspensions === 0) {
      this.#broken(`the job ${job} was stopped, though it is to be retained`);
    }
  }

  #onDeleteRecord(life: Life, job: string): void {
    if (life.isTaken) this.#broken(`the record of ${job} is another's, and was deleted`);
    const since = this.#now() - ACTS_WITHIN_MS;
    const isAskedFor = life.wasSince(
      since,
      (resource) => isDeleting(resource) && this.policyOf(resource) === "Delete",
    );
    if (!isAskedFor) this.#broken(`the record of ${job} was deleted, though nothing asks for that`);
  }

  /** The policy that holds, the resource's own or its namespace's. */
  policyOf({ spec, metadata: { namespace } }: ProcessingJob): DeletionPolicy {
    return spec.deletionPolicy ??
      (this.#stage.annotationsOf(namespace)[NAMESPACE_ANNOTATIONS.defaultDeletionPolicy] as DeletionPolicy) ?? "Stop";
  }

  #mayRetain(resource: ProcessingJob): boolean {
    return this.policyOf(resource) === "Retain";
  }
}
