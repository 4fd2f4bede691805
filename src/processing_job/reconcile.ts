import { getLogger } from "@logtape/logtape";
import { type Job, SageMakerError } from "../api/job.ts";
import type { PolicyDefaults } from "../api/policies.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import type { EventText, ObjectReference } from "../kubernetes/events.ts";
import type { Store } from "../kubernetes/store.ts";
import type { Result } from "../runtime/controller.ts";
import { cloudWatchLogUrl } from "../sagemaker/region.ts";
import type { Limits, Names, Next, Observed, Settle } from "./action.ts";
import { ownPart } from "./backup.ts";
import { Asks } from "./asks.ts";
import { decide } from "./decide.ts";
import {
  type EventContext,
  eventsFor,
  expiredEvent,
  forceDeletedEvent,
  jobTagsDeniedEvent,
  recreatedEvent,
  referenceTo,
  releasedEvent,
  retainedEvent,
} from "./events.ts";
import { Expiries } from "./expiries.ts";
import { errorReason, isOver, needsFirstCreate } from "./history.ts";
import { identity, keyOf, refOf } from "./identity.ts";
import { JobCalls, type JobCallsOptions, NotNow } from "./job_calls.ts";
import { isConflict, ResourceClient } from "./resource_client.ts";
import { statusPatch } from "./status_patch.ts";

const log = getLogger(["operator", "processing-job"]);

/** The longest way through `decide` is shorter: look, prepare, announce, create (a name in use), verify, settle. More would be a loop. */
const MAX_STEPS = 8;
/** What is told of a call comes behind the calls of others. */
const WAITING: Result = { kind: "after", ms: 500 };

export interface ReconcilerOptions extends Omit<JobCallsOptions, "onTagsDenied"> {
  kube: KubeClient;
  store: Store<ProcessingJob>;
  /** Tells people what happens to a resource. */
  record: (event: EventText & { regarding: ObjectReference }) => void;
  limits: Limits;
  /** What policies hold for resources that ask for none. */
  defaults?: PolicyDefaults;
  /** Told of each status that was written, and of the resource as it was before. */
  onStatus?: (resource: ProcessingJob, status: ProcessingJobStatus) => void;
  /** Told of each deleted resource that was let go, and of its job if that was seen. */
  onRelease?: (resource: ProcessingJob, job: Job | undefined) => void;
}

/** The shell around `decide`: reads what is known, carries out one step after another, writes the status once at the end. */
export class ProcessingJobReconciler {
  readonly #options: ReconcilerOptions;
  readonly #client: ResourceClient;
  readonly #calls: JobCalls;
  readonly #expiries: Expiries;
  readonly #asks: Asks;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#client = new ResourceClient(options);
    this.#expiries = new Expiries(options.clock);
    this.#asks = new Asks(options.clock);
    const onTagsDenied: JobCallsOptions["onTagsDenied"] = (resource, failure) => {
      log.warn("Created the job without the operator's own tags, which are denied", { ...identity(resource), failure });
      this.#record(resource, jobTagsDeniedEvent(failure.message));
    };
    this.#calls = new JobCalls({ ...options, onTagsDenied });
  }

  /** How many things are remembered by key. */
  get size(): number {
    return this.#client.size + this.#calls.size + this.#asks.size;
  }

  /**
   * Whether a change of the resource under `key` is but this reconciler's own last write, which the watch brings back. To act
   * on that would try what has just failed again at once, and write anew, without end.
   */
  isEcho(key: string): boolean {
    return this.#client.isEcho(key);
  }

  /**
   * Brings the resource under `key` (`namespace/name`) one stretch further.
   *
   * @throws {SageMakerError} a failure that the queue's backoff answers, after the status has been written
   * @throws {KubeError} the apiserver refused or could not be reached; a resource that is gone or has changed is no error
   */
  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    try {
      return await this.#reconcile(key, signal);
    } catch (error) {
      if (error instanceof NotNow) return { kind: "after", ms: error.waitMs, isWaiting: true };
      // The resource is gone. The watch will say so, which brings the key back.
      if (error instanceof KubeError && error.status === 404) return { kind: "done" };
      // The watch brings the key back too, at once if it works.
      if (isConflict(error)) return { kind: "back-off" };
      throw error;
    } finally {
      this.#calls.letGo(key);
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const { limits, clock } = this.#options;
    const calls = this.#calls;
    let resource = await this.#client.read(key, signal);
    // The CRD before this one took resources without a spec. They stand for no job, and today's refuses every patch of them.
    if (resource?.spec === undefined) {
      this.#forget(key);
      return { kind: "gone" };
    }
    const asksInMs = this.#asks.waitMs(resource);
    if (asksInMs > 0) return { kind: "after", ms: asksInMs, isWaiting: true };
    const ref = refOf(resource);
    const names: Names = { jobName: ref.name, cloudWatchLogUrl: cloudWatchLogUrl(ref.region, ref.name) };
    const observed: Observed = { ...calls.known(ownPart(resource)), defaults: this.#defaultsFor(resource) };
    if (calls.mayWait(resource, observed.sighting)) return WAITING;

    for (let step = 0; step < MAX_STEPS; step++) {
      const action = decide(resource, observed, names, limits, clock.now());
      const own = ownPart(resource);
      switch (action.do) {
        case "ignore":
          this.#forget(key);
          return { kind: "done" };
        case "add-finalizer":
          // The finalizer is the first of the writes that lead to a create: it waits with it.
          if (needsFirstCreate(resource.status) && !await calls.mayCreate(resource, observed, signal)) break;
          resource = await this.#client.setFinalizer(resource, true, signal);
          calls.hold(resource, observed);
          observed.isCurrent = true;
          break;
        case "drop-finalizer":
          resource = await this.#client.setFinalizer(resource, false, signal);
          break;
        case "confirm":
          if (!await calls.mayCreate(own, observed, signal)) break;
          resource = await this.#client.confirm(resource, signal);
          observed.isCurrent = true;
          break;
        case "announce":
          resource = await this.#patchStatus(resource, action.status, signal) ?? resource;
          calls.announced(resource);
          observed.isCurrent = true;
          break;
        case "prepare":
          if (!await calls.mayCreate(own, observed, signal)) break;
          resource = await this.#client.whole(resource, signal);
          await calls.prepare(ownPart(resource), observed, signal);
          break;
        case "verify":
        case "create":
          resource = await this.#client.whole(resource, signal);
          await calls[action.do](ownPart(resource), observed, signal);
          if (calls.mayWait(resource, observed.sighting)) return WAITING;
          break;
        case "look":
        case "stop":
          await calls[action.do](own, observed, signal);
          if (calls.mayWait(resource, observed.sighting)) return WAITING;
          break;
        case "identify":
          await calls.identify(own, action.account, observed, signal);
          break;
        case "delete-records":
          await calls.deleteRecords(own, observed, signal);
          break;
        case "delete":
          await this.#delete(resource, signal);
          return { kind: "done" };
        case "release":
          await this.#release(resource, observed, action, signal);
          return { kind: "done" };
        case "settle":
          // Nothing follows from a status before it is written: a refused write leaves everything as it was.
          await this.#writeStatus(resource, action, signal);
          calls.settle(own, observed, {
            follow: action.follow,
            isDone: action.next.kind === "wait" || isOver(action.status) || errorReason(action.status) !== undefined,
          });
          return outcome(action.next);
      }
    }
    throw new Error(`Cannot settle '${key}': it still needs a step after ${MAX_STEPS}`);
  }

  #forget(key: string): void {
    this.#asks.forget(key);
    this.#calls.forget(key);
    this.#client.forget(key);
  }

  /** The namespace's come before the operator's. */
  #defaultsFor({ metadata: { namespace }, status }: ProcessingJob): PolicyDefaults {
    const { defaults = {}, policyOf } = this.#options;
    const policy = policyOf?.(namespace);
    // While the Namespace is unknown, what it said holds.
    const ofNamespace = policy?.unknown === undefined ? policy?.deletionPolicy : status?.deletionPolicy;
    const deletionPolicy = ofNamespace ?? defaults.deletionPolicy;
    return { ...defaults, deletionPolicy };
  }

  async #release(
    resource: ProcessingJob,
    observed: Observed,
    { forced, retained }: { forced: boolean; retained?: true },
    signal: AbortSignal,
  ) {
    await this.#client.setFinalizer(resource, false, signal);
    this.#forget(keyOf(resource));
    this.#options.onRelease?.(resource, observed.sighting?.job);
    log.info("Released the resource", { ...identity(resource), job: refOf(resource).name, forced });
    const context = eventContext(resource);
    const event = forced
      ? forceDeletedEvent(context)
      : retained
      ? retainedEvent(resource.status, context)
      : releasedEvent(resource.status, observed.sighting?.job?.status, context);
    if (event) this.#record(resource, event);
  }

  /** Its time to live is over. What holds it, as our own finalizer, holds it still. */
  async #delete(resource: ProcessingJob, signal: AbortSignal): Promise<void> {
    await this.#client.delete(resource, signal);
    this.#expiries.note(keyOf(resource));
    this.#record(resource, expiredEvent(resource.status));
    log.info("Deleted the resource, whose time to live is over", identity(resource));
  }

  #record(resource: ProcessingJob, event: EventText): void {
    this.#options.record({ ...event, regarding: referenceTo(resource) });
  }

  /** Writes `status`; gives the resource as it is then, or nothing where there is nothing to write. */
  async #patchStatus(
    resource: ProcessingJob,
    status: ProcessingJobStatus,
    signal: AbortSignal,
  ): Promise<ProcessingJob | undefined> {
    const { limits, clock } = this.#options;
    const heartbeat = { phase: this.#calls.heartbeats.of(keyOf(resource)), intervalMs: limits.heartbeatMs };
    const patch = statusPatch(resource, status, heartbeat, clock.now());
    return patch && await this.#client.patchStatus(resource, status, patch, signal);
  }

  async #writeStatus(resource: ProcessingJob, settled: Settle, signal: AbortSignal): Promise<void> {
    const { status, next, follow, recordKept = false } = settled;
    if (await this.#patchStatus(resource, status, signal) === undefined) return;
    this.#options.onStatus?.(resource, status);
    // Who waits in a line is told when its turn comes, so no time would be true.
    const isInLine = status.additional?.startsWith("Waiting") ?? false;
    const retryMs = next.kind === "after" && !follow && !isInLine ? { retryMs: next.ms } : {};
    for (const event of eventsFor(resource.status, status, { ...eventContext(resource), ...retryMs, recordKept })) {
      this.#record(resource, event);
      const expiredMs = event.reason === "Created" ? this.#expiries.take(keyOf(resource)) : undefined;
      if (expiredMs !== undefined) this.#record(resource, recreatedEvent(expiredMs));
    }
    const word = status.processingJobStatus;
    if (word !== resource.status?.processingJobStatus) {
      log.info("Status changed", { ...identity(resource), status: word, additional: status.additional });
    }
  }
}

function outcome(next: Next): Result {
  switch (next.kind) {
    case "wait":
      return { kind: "done" };
    case "after":
      return { kind: "after", ms: next.ms };
    case "back-off":
      throw new SageMakerError(next.failure);
  }
}

function eventContext(resource: ProcessingJob): EventContext {
  const { name, region } = refOf(resource);
  return { jobName: name, region, deleting: resource.metadata.deletionTimestamp !== undefined };
}
