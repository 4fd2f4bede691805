import { isDeepStrictEqual } from "node:util";
import { FINALIZER, MARK } from "../api/group.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../api/processing_job.ts";
import { type KubeClient, KubeError } from "../kubernetes/client.ts";
import { compareResourceVersions } from "../kubernetes/objects.ts";
import type { Store } from "../kubernetes/store.ts";
import { collectionPath, keyOf, pathOf } from "./identity.ts";
import { ownAnnotations } from "./annotations.ts";
import { lacksFinalizers } from "./kept.ts";

/** Up to this many writes of one resource may be under way back through the watch at once. */
const MAX_ECHOES = 3;

/**
 * Reads and writes of one kind, ProcessingJob. Each write carries the resourceVersion that was read, so the apiserver refuses it
 * with a conflict (409) if the resource has changed since. Reads come from the informer's store; after a conflict, from the
 * apiserver, until the store has moved on.
 *
 * @throws {KubeError} every method but `isEcho` and `forget`: the apiserver refused the request or can't be reached
 */
export class ResourceClient {
  readonly #kube: KubeClient;
  readonly #store: Store<ProcessingJob>;
  /** By key, the gists of the resource as the latest writes meant it to be, in order, until the watch brings them back. */
  readonly #written = new Map<string, Gist[]>();
  /** By key, the resourceVersion of the last write, where that was refused as a conflict. */
  readonly #refused = new Map<string, string>();

  constructor({ kube, store }: { kube: KubeClient; store: Store<ProcessingJob> }) {
    this.#kube = kube;
    this.#store = store;
  }

  /** How many things are remembered by key. */
  get size(): number {
    return this.#written.size + this.#refused.size;
  }

  /** Whether the change of the resource under `key` that the watch has just brought is only this client's own last write. */
  isEcho(key: string): boolean {
    const resource = this.#store.get(key);
    const written = this.#written.get(key);
    if (resource === undefined || written === undefined) return false;
    const gist = gistOf(resource);
    const index = written.findIndex((other) => isDeepStrictEqual(other, gist));
    written.splice(0, index + 1);
    if (written.length === 0) this.#written.delete(key);
    return index >= 0;
  }

  /** Ends everything that is remembered of `key`. */
  forget(key: string): void {
    this.#written.delete(key);
    this.#refused.delete(key);
  }

  /**
   * The resource under `key` as the store has it. If the store still has the version that the last write was refused for, the watch
   * may be silent, so the apiserver is asked.
   *
   * @throws {KubeError} 404 if the resource is gone, also if another one has its name by now
   */
  async read(key: string, signal: AbortSignal): Promise<ProcessingJob | undefined> {
    const known = this.#store.get(key);
    const refused = this.#refused.get(key);
    if (known === undefined || refused === undefined) return known;
    if (compareResourceVersions(known.metadata.resourceVersion, refused) > 0) return known;
    this.#store.refresh(await this.#fresh(known, signal));
    return this.#store.get(key);
  }

  /**
   * The resource as the apiserver has it now.
   *
   * @throws {KubeError} 404 if it is gone, also if another one has its name by now
   */
  async #fresh({ metadata }: ProcessingJob, signal: AbortSignal): Promise<ProcessingJob> {
    const { namespace, name, uid } = metadata;
    // As a list, which the Role allows already. Without a resourceVersion it is as fresh as a read of the object itself.
    const query = { fieldSelector: `metadata.name=${name}` };
    const { items: [fresh] } = await this.#kube.list<ProcessingJob>(collectionPath(namespace), { query, signal });
    if (fresh?.metadata.uid === uid) return fresh;
    const message = `'${namespace}/${name}' was deleted, which the watch has not shown yet`;
    throw new KubeError(message, { status: 404, reason: "NotFound" });
  }

  /** Adds the operator's finalizer and its mark, or removes the finalizer. Gives the resource as it is then, with its whole spec. */
  async setFinalizer(resource: ProcessingJob, held: boolean, signal: AbortSignal): Promise<ProcessingJob> {
    if (lacksFinalizers(resource)) resource = await this.#unchanged(resource, signal);
    const { resourceVersion, uid, finalizers = [] } = resource.metadata;
    const others = finalizers.filter((finalizer) => finalizer !== FINALIZER);
    const metadata = {
      resourceVersion,
      uid,
      finalizers: held ? [...others, FINALIZER] : others,
      ...(held && { annotations: { [MARK]: uid } }),
    };
    const answer = await this.#patch(merged(resource, metadata), pathOf(resource), { metadata }, signal);
    if (held) this.#store.refresh(answer);
    return answer;
  }

  /**
   * A patch that succeeds only if the resource has not changed since it was read, where a read might be answered from a cache that is
   * behind. It changes nothing, but for a mark that is not there yet, as on resources of the controller before this one.
   */
  async confirm(resource: ProcessingJob, signal: AbortSignal): Promise<ProcessingJob> {
    const { resourceVersion, uid, annotations } = resource.metadata;
    if (annotations?.[MARK] !== uid) return await this.setFinalizer(resource, true, signal);
    const patch = { metadata: { resourceVersion, uid } };
    return await this.#send(
      resource,
      () => this.#kube.patch<ProcessingJob>(pathOf(resource), patch, { type: "merge", signal }),
    );
  }

  /**
   * The resource with its whole spec: itself if it has that, else as the apiserver has it.
   *
   * @throws {KubeError} 409 if it has changed since it was read
   */
  async whole(resource: ProcessingJob, signal: AbortSignal): Promise<ProcessingJob> {
    return resource.reduced === undefined ? resource : await this.#unchanged(resource, signal);
  }

  /** @throws {KubeError} 409 if it has changed since it was read */
  async #unchanged(resource: ProcessingJob, signal: AbortSignal): Promise<ProcessingJob> {
    const { resourceVersion } = resource.metadata;
    return await this.#send(resource, async () => {
      const fresh = await this.#fresh(resource, signal);
      if (fresh.metadata.resourceVersion === resourceVersion) return fresh;
      const message = `'${keyOf(resource)}' has changed, which the watch has not shown yet`;
      throw new KubeError(message, { status: 409, reason: "Conflict" });
    });
  }

  /**
   * Gives the resource as it is then, with its whole spec.
   *
   * @param patch the merge patch that makes `status` of the resource's status
   */
  async patchStatus(
    resource: ProcessingJob,
    status: ProcessingJobStatus,
    patch: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<ProcessingJob> {
    const { resourceVersion, uid } = resource.metadata;
    const body = { metadata: { resourceVersion, uid }, status: patch };
    const answer = await this.#patch({ ...resource, status }, `${pathOf(resource)}/status`, body, signal);
    this.#store.refresh(answer);
    return answer;
  }

  /** Asks for the deletion. Finalizers, the operator's own included, still hold the resource. */
  async delete(resource: ProcessingJob, signal: AbortSignal): Promise<void> {
    const { resourceVersion, uid } = resource.metadata;
    const body = { preconditions: { resourceVersion, uid }, propagationPolicy: "Background" };
    await this.#send(resource, () => this.#kube.delete(pathOf(resource), { body, signal }));
  }

  /** Sends a patch that makes `wanted` of the resource. */
  async #patch(wanted: ProcessingJob, path: string, patch: object, signal: AbortSignal): Promise<ProcessingJob> {
    const key = keyOf(wanted);
    // Before the request is sent, since the watch may bring it back sooner than the answer.
    this.#written.set(key, [...(this.#written.get(key) ?? []).slice(-MAX_ECHOES), gistOf(wanted)]);
    try {
      return await this.#send(
        wanted,
        () => this.#kube.patch<ProcessingJob>(path, patch, { type: "merge", signal }),
      );
    } catch (error) {
      // It may still be carried out, after something else has become true.
      this.#written.delete(key);
      throw error;
    }
  }

  async #send<T>(resource: ProcessingJob, write: () => Promise<T>): Promise<T> {
    const key = keyOf(resource);
    try {
      const answer = await write();
      this.#refused.delete(key);
      return answer;
    } catch (error) {
      if (isConflict(error)) this.#refused.set(key, resource.metadata.resourceVersion);
      throw error;
    }
  }
}

/** `resource` as it is once `metadata` is merged into it. */
function merged(resource: ProcessingJob, metadata: Partial<ProcessingJob["metadata"]>): ProcessingJob {
  const { annotations } = resource.metadata;
  const both = metadata.annotations ? { annotations: { ...annotations, ...metadata.annotations } } : {};
  return { ...resource, metadata: { ...resource.metadata, ...metadata, ...both } };
}

/** The apiserver refused a write because the resource has changed since it was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409;
}

type Gist = ReturnType<typeof gistOf>;

/** Everything in a resource that can ask the operator for something. Not its version, which each write changes. */
function gistOf({ metadata, status }: ProcessingJob) {
  const { uid, generation, deletionTimestamp, finalizers = [] } = metadata;
  return { uid, generation, deletionTimestamp, finalizers, annotations: ownAnnotations(metadata.annotations), status };
}
