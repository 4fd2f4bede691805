import { getLogger } from "@logtape/logtape";
import { FINALIZER, GROUP, PLURAL, VERSION } from "../api/group.ts";
import { type Failure, type JobRef, SageMakerError, type Sighting } from "../api/job.ts";
import { jobName } from "../api/job_name.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import type { Store } from "../kubernetes/store.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Result } from "../runtime/controller.ts";
import type { SageMakerFor } from "../sagemaker/client.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import type { JobInformer } from "../sagemaker/informer.ts";
import { cloudWatchLogUrl } from "../sagemaker/region.ts";
import { decide, type Limits, type Names, type Next, type Observed } from "./decide.ts";
import { canonical, statusPatch } from "./status.ts";

const log = getLogger(["operator", "processing-job"]);

/** The longest way through `decide`: finalizer, look, create, look (a name in use), settle. More would be a loop. */
const MAX_STEPS = 8;
const CONFLICT_RETRY_MS = 100;

export interface ReconcilerOptions {
  kube: KubeClient;
  store: Store<ProcessingJob>;
  jobs: JobInformer;
  sageMakerFor: SageMakerFor;
  limits: Limits;
  clock: Clock;
}

/** The shell around `decide`: reads what is known, carries out one step after another, writes the status once at the end. */
export class ProcessingJobReconciler {
  readonly #options: ReconcilerOptions;
  /** By key, the gist of the resource as the last write meant it to be, until the watch brings that back. */
  readonly #written = new Map<string, string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Whether a change of the resource under `key` is but this reconciler's own last write, which the watch brings back. To act
   * on that would try what has just failed again at once, and write anew, without end.
   */
  isEcho(key: string): boolean {
    const resource = this.#options.store.get(key);
    const isEcho = resource !== undefined && this.#written.get(key) === gistOf(resource);
    if (isEcho) this.#written.delete(key);
    return isEcho;
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
      // The store is behind the apiserver; what it has not seen yet is on its way.
      if (error instanceof KubeError && error.status === 404) return { kind: "done" };
      if (error instanceof KubeError && error.status === 409) return { kind: "after", ms: CONFLICT_RETRY_MS };
      throw error;
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const { store, jobs, limits, clock } = this.#options;
    let resource = store.get(key);
    // The CRD before this one took resources without a spec. They stand for no job, and today's refuses every patch of them.
    if (resource?.spec === undefined) {
      this.#forget(key);
      return { kind: "done" };
    }
    const ref = refOf(resource);
    const names: Names = { jobName: ref.name, cloudWatchLogUrl: cloudWatchLogUrl(ref.region, ref.name) };
    const observed: Observed = { ...known(jobs.get(key, ref)) };

    for (let step = 0; step < MAX_STEPS; step++) {
      const action = decide(resource, observed, names, limits, clock.now());
      switch (action.do) {
        case "ignore":
          this.#forget(key);
          return { kind: "done" };
        case "add-finalizer":
          resource = await this.#setFinalizer(resource, true, signal);
          break;
        case "look":
          observed.sighting = await jobs.look(key, ref, signal);
          break;
        case "create":
          await this.#create(key, resource, ref, observed, signal);
          break;
        case "stop":
          await this.#stop(key, resource, ref, observed, signal);
          break;
        case "release-finalizer":
          await this.#setFinalizer(resource, false, signal);
          this.#forget(key);
          log.info("Released the resource", { ...identity(resource), job: ref.name });
          return { kind: "done" };
        case "settle":
          if (action.follow) jobs.watch(key, ref);
          else if (action.next.kind === "wait") jobs.forget(key);
          await this.#writeStatus(resource, action.status, signal);
          return outcome(action.next);
      }
    }
    throw new Error(`Cannot settle '${key}': it still needs a step after ${MAX_STEPS}`);
  }

  #forget(key: string): void {
    this.#options.jobs.forget(key);
    this.#written.delete(key);
  }

  async #create(key: string, resource: ProcessingJob, ref: JobRef, observed: Observed, signal: AbortSignal) {
    const { jobs, sageMakerFor, clock } = this.#options;
    const sentAt = clock.now();
    try {
      const sageMaker = sageMakerFor(ref.region, ref.endpoint);
      const arn = await sageMaker.create(toCreateRequest(resource.spec, ref.name), signal);
      observed.sighting = jobs.record(key, ref, { name: ref.name, arn, status: "InProgress" }, sentAt);
      log.info("Created the processing job", { ...identity(resource), job: ref.name, region: ref.region });
    } catch (error) {
      if (!(error instanceof SageMakerError)) throw error;
      // The answer to an earlier create was lost: the job is there, under the one name that this resource can have.
      if (error.failure.code === "ResourceInUse") observed.sighting = await jobs.look(key, ref, signal);
      if (observed.sighting?.job === undefined) observed.failure = error.failure;
    }
  }

  async #stop(key: string, resource: ProcessingJob, ref: JobRef, observed: Observed, signal: AbortSignal) {
    const { jobs, sageMakerFor } = this.#options;
    observed.stopSent = true;
    let failure: Failure | undefined;
    try {
      await sageMakerFor(ref.region, ref.endpoint).stop(ref.name, signal);
      log.info("Stopped the processing job", { ...identity(resource), job: ref.name, region: ref.region });
    } catch (error) {
      if (!(error instanceof SageMakerError)) throw error;
      failure = error.failure;
    }
    observed.sighting = await jobs.look(key, ref, signal);
    // A stop is also refused because the job has ended meanwhile, in words that are documented nowhere; the look tells.
    if (failure && observed.sighting.job?.status === "InProgress") observed.failure = failure;
  }

  /** To be called before the write: the watch may bring it back sooner than the write's own answer comes. */
  #willWrite(resource: ProcessingJob): void {
    this.#written.set(`${resource.metadata.namespace}/${resource.metadata.name}`, gistOf(resource));
  }

  /** @throws {KubeError} with status 409 where the resource has changed meanwhile */
  async #setFinalizer(resource: ProcessingJob, held: boolean, signal: AbortSignal): Promise<ProcessingJob> {
    const { kube, store } = this.#options;
    const { resourceVersion, uid, finalizers = [] } = resource.metadata;
    const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
    const metadata = { resourceVersion, uid, finalizers: held ? [...others, FINALIZER] : others };
    this.#willWrite({ ...resource, metadata: { ...resource.metadata, ...metadata } });
    const answer = await kube.patch<ProcessingJob>(pathOf(resource), { metadata }, { type: "merge", signal });
    if (held) store.refresh(answer);
    return answer;
  }

  async #writeStatus(resource: ProcessingJob, status: ProcessingJobStatus, signal: AbortSignal): Promise<void> {
    const { kube, store, limits } = this.#options;
    const patch = statusPatch(resource.status, status, limits.heartbeatMs);
    if (patch === undefined) return;
    const { resourceVersion, uid } = resource.metadata;
    const body = { metadata: { resourceVersion, uid }, status: patch };
    this.#willWrite({ ...resource, status });
    const answer = await kube.patch<ProcessingJob>(`${pathOf(resource)}/status`, body, { type: "merge", signal });
    store.refresh(answer);
    const word = status.processingJobStatus;
    if (word !== resource.status?.processingJobStatus) {
      log.info("Status changed", { ...identity(resource), status: word, additional: status.additional });
    }
  }
}

/** A look that failed earlier says nothing now: without an answer there is nothing known, and `decide` asks again. */
function known(sighting: Sighting | undefined): Pick<Observed, "sighting"> {
  return sighting && (sighting.job || sighting.absent) ? { sighting } : {};
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

/** All of a resource by which somebody may ask for something; not its version, which each write changes. */
function gistOf({ metadata, status }: ProcessingJob): string {
  const { uid, generation, deletionTimestamp, finalizers = [], labels, annotations } = metadata;
  return JSON.stringify(canonical({ uid, generation, deletionTimestamp, finalizers, labels, annotations, status }));
}

/** Where the job of `resource` is. */
export function refOf({ metadata, spec }: ProcessingJob): JobRef {
  const ref = { region: spec.region, name: jobName(metadata.name, metadata.uid) };
  return spec.sageMakerEndpoint === undefined ? ref : { ...ref, endpoint: spec.sageMakerEndpoint };
}

function pathOf({ metadata }: ProcessingJob): string {
  return `/apis/${GROUP}/${VERSION}/namespaces/${metadata.namespace}/${PLURAL}/${metadata.name}`;
}

function identity({ metadata }: ProcessingJob): { namespace: string; name: string } {
  return { namespace: metadata.namespace, name: metadata.name };
}
