import { API_VERSION, KIND, PLURAL } from "../api/group.ts";
import type { ProcessingJob } from "../api/processing_job.ts";
import { Backoff } from "../kubernetes/backoff.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import { isSilence, watch, WATCH_TIMES } from "../kubernetes/watch.ts";
import { type Clock, sleep } from "../runtime/clock.ts";
import { type JobView, latestAttempt, viewOf } from "./job_view.ts";

/** For those who may read a resource but not watch it. */
const POLL_MS = 5_000;
/** Between two watches; some servers end each at once. */
const PAUSE_MS = 1_000;

export interface JobWatchOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  /** Of whose job; the latest unless given. */
  attempt?: number | undefined;
  clock: Clock;
  /** Told whenever the status word or its text is another. */
  onChange?: (view: JobView) => void;
  /** Told of the first of several failures in a row. */
  onTrouble?: (error: unknown) => void;
}

/** What becomes of one resource, followed by a watch. */
export class JobWatch {
  readonly #options: JobWatchOptions;
  readonly #uid: string;
  #version: string;
  /** As it was seen last. */
  #resource: ProcessingJob;
  #isGone = false;
  #view: JobView;

  private constructor(options: JobWatchOptions, resource: ProcessingJob) {
    this.#options = options;
    this.#uid = resource.metadata.uid;
    this.#version = resource.metadata.resourceVersion;
    this.#resource = resource;
    this.#view = this.viewOf(options.attempt);
  }

  /**
   * Finds the resource.
   *
   * @throws Error if there is no such resource; {KubeError} where the API server refuses or can't be reached
   */
  static async open(options: JobWatchOptions, signal: AbortSignal): Promise<JobWatch> {
    const { client, namespace, name } = options;
    try {
      const resource = await client.get<ProcessingJob>(pathOf(options), { signal });
      // The CRD before this one took such.
      if (resource.spec === undefined) throw new Error(`The ${KIND} '${name}' has no spec, so there is no job of it`);
      return new JobWatch(options, resource);
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      const where = client.cluster.source;
      // The path as a whole is unknown where the CRD is missing.
      throw new Error(
        error.reason === "NotFound"
          ? `There is no ${KIND} '${name}' in namespace '${namespace}' of ${where}; --namespace names another`
          : `There are no ${KIND} resources in the cluster of ${where}: the CRD is not installed`,
      );
    }
  }

  /** What is known now. */
  get view(): JobView {
    return this.#view;
  }

  /** The number of the attempt that the resource is at. */
  get latest(): number {
    return latestAttempt(this.#resource);
  }

  /** What is known of an attempt now; of the latest unless `attempt` is given. */
  viewOf(attempt?: number): JobView {
    const view = viewOf(this.#resource, attempt);
    return this.#isGone ? { ...view, end: view.end ?? { outcome: "Gone" } } : view;
  }

  /** Keeps `view` up to date until nothing more will happen to the job, or `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, onTrouble } = this.#options;
    const backoff = new Backoff(clock);
    let isTrouble = false;
    while (!this.#view.end) {
      let pause = PAUSE_MS;
      try {
        await this.#watch(signal);
        isTrouble = false;
      } catch (error) {
        if (signal.aborted) return;
        const isForbidden = error instanceof KubeError && error.status === 403;
        const isOutdated = error instanceof KubeError && error.status === 410;
        if (!isTrouble && !isForbidden && !isOutdated) onTrouble?.(error);
        isTrouble = !isForbidden && !isOutdated;
        pause = isForbidden ? POLL_MS : backoff.next();
      }
      if (this.#view.end) return;
      try {
        await sleep(clock, pause, signal);
        this.#take(await client.get<ProcessingJob>(pathOf(this.#options), { signal }));
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof KubeError && error.status === 404) this.#take(undefined);
      }
    }
  }

  /** Returns when the watch ends, is silent for too long, or the job has ended. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, namespace, name, clock } = this.#options;
    const path = `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}`;
    const query = { fieldSelector: `metadata.name=${name}` };
    let isOpen = false;
    const events = watch<ProcessingJob>(client, path, {
      ...WATCH_TIMES,
      resourceVersion: this.#version,
      query,
      clock,
      signal,
      onContact: () => isOpen = true,
    });
    try {
      for await (const { type, object } of events) {
        if (type === "BOOKMARK") this.#version = object.metadata.resourceVersion;
        else this.#take(type === "DELETED" ? undefined : object);
        if (this.#view.end) return;
      }
    } catch (error) {
      if (!isOpen || !isSilence(error)) throw error;
    }
  }

  #take(resource: ProcessingJob | undefined): void {
    const before = this.#view;
    // One of the same name that was made after it is another.
    if (resource === undefined || resource.metadata.uid !== this.#uid) {
      this.#isGone = true;
    } else {
      this.#version = resource.metadata.resourceVersion;
      this.#resource = resource;
    }
    this.#view = this.viewOf(this.#options.attempt);
    const { word, text, end } = this.#view;
    if (word !== before.word || text !== before.text || end?.outcome !== before.end?.outcome) {
      this.#options.onChange?.(this.#view);
    }
  }
}

function pathOf({ namespace, name }: JobWatchOptions): string {
  return `/apis/${API_VERSION}/namespaces/${namespace}/${PLURAL}/${encodeURIComponent(name)}`;
}
