/**
 * An apiserver in memory: what a controller can tell of the real one, without sockets, so that a fake clock governs it. Whether
 * it answers as the real one does, tests/integration/fake_apiserver_test.ts shows.
 */
import { isDeepStrictEqual } from "node:util";
import { API_VERSION, KIND, PLURAL } from "../../src/api/group.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { rfc3339 } from "../../src/api/time.ts";

/** Any object; what is in it beside its metadata is its kind's business. */
export interface Thing {
  apiVersion?: string;
  kind?: string;
  metadata: Metadata;
  spec?: unknown;
  status?: unknown;
  [field: string]: unknown;
}

export interface Metadata {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  [field: string]: unknown;
}

export interface Request {
  method: string;
  /** With its query. */
  path: string;
  body?: unknown;
  /** A list shows what was so at this version, as a server does that is behind; it must not have been compacted away. */
  asOf?: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** A change; `before` is missing for a new object. */
export interface Change {
  type: EventType;
  version: number;
  before?: Thing;
  object: Thing;
}

export interface Watch {
  /** Gives each line of the answer, without its end, and the object that it tells of. */
  onLine: (line: string, object?: Thing) => void;
  onEnd: () => void;
}

interface Kind {
  apiVersion: string;
  kind: string;
  /** It has a `status` of its own path, and a generation that counts the changes of its spec. */
  custom?: { defaultStatus: unknown };
}

const KINDS: Record<string, Kind> = {
  [PLURAL]: {
    apiVersion: API_VERSION,
    kind: KIND,
    custom: { defaultStatus: { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 } },
  },
  leases: { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
  events: { apiVersion: "events.k8s.io/v1", kind: "Event" },
  namespaces: { apiVersion: "v1", kind: "Namespace" },
};

const BOOKMARK_MS = 60_000;

/** What a path names. */
interface Target {
  plural: string;
  kind: Kind;
  namespace: string | undefined;
  name: string | undefined;
  isStatus: boolean;
  query: URLSearchParams;
}

export class FakeApiserver {
  /** Told of each change once it is made. */
  onChange: (change: Change, plural: string) => void = () => {};
  readonly #clock: Clock;
  /** By plural, then by `namespace/name`. */
  readonly #objects = new Map<string, Map<string, Thing>>();
  readonly #history: { plural: string; change: Change }[] = [];
  readonly #watches = new Set<{ target: Target; watch: Watch }>();
  readonly #pages = new Map<string, { items: Thing[]; version: number }>();
  /** Objects that nothing has been written to since their creation: what is stored lacks their default status still. */
  readonly #fresh = new Set<string>();
  #version = 1000;
  /** Changes up to this version are forgotten. */
  #compacted = 0;
  #uids = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    for (const plural of Object.keys(KINDS)) this.#objects.set(plural, new Map());
    for (const name of ["default", "kube-system"]) {
      this.#post(this.#target("/api/v1/namespaces"), { metadata: { name } });
    }
  }

  /** All objects of a kind, in the order of their keys. */
  all(plural: string): Thing[] {
    const byKey = this.#objects.get(plural)!;
    return [...byKey.keys()].sort().map((key) => byKey.get(key)!);
  }

  request({ method, path, body, asOf }: Request): Answer {
    const target = this.#target(path);
    if (target === undefined) return failure(404, "NotFound", "the server could not find the requested resource");
    switch (method) {
      case "GET":
        return target.name === undefined ? this.#list(target, asOf) : this.#withObject(target, (object) => ok(object));
      case "POST":
        return this.#post(target, body as Draft);
      case "PATCH":
        return this.#withObject(target, (object) => this.#patch(target, object, body as Partial<Thing>));
      case "PUT":
        return this.#withObject(target, (object) => this.#put(target, object, body as Thing));
      case "DELETE":
        return this.#withObject(target, (object) => this.#delete(target, object, body as DeleteOptions | undefined));
      default:
        return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
    }
  }

  /** Opens a watch; the returned function ends it without a word. */
  watch(path: string, watch: Watch): () => void {
    const target = this.#target(path)!;
    const isList = target.query.get("sendInitialEvents") === "true";
    const from = isList ? this.#version : Number(target.query.get("resourceVersion") ?? 0);
    if (from < this.#compacted) {
      const { body } = failure(410, "Expired", `too old resource version: ${from} (${this.#compacted})`);
      watch.onLine(JSON.stringify({ type: "ERROR", object: body }));
      watch.onEnd();
      return () => {};
    }
    const entry = { target, watch };
    this.#watches.add(entry);
    if (isList) {
      for (const object of this.#selected(target)) watch.onLine(JSON.stringify({ type: "ADDED", object }), object);
      const annotations = { "k8s.io/initial-events-end": "true" };
      watch.onLine(JSON.stringify({ type: "BOOKMARK", object: this.#bookmark(target, { annotations }) }));
    }
    for (const { plural, change } of this.#history) {
      if (change.version > from) this.#tell(entry, plural, change);
    }
    const cancels: (() => void)[] = [];
    const close = () => {
      this.#watches.delete(entry);
      for (const cancel of cancels) cancel();
    };
    const bookmark = () => {
      cancels[0] = this.#clock.setTimer(BOOKMARK_MS, () => {
        watch.onLine(JSON.stringify({ type: "BOOKMARK", object: this.#bookmark(target) }));
        bookmark();
      });
    };
    bookmark();
    const seconds = Number(target.query.get("timeoutSeconds") ?? 300);
    cancels[1] = this.#clock.setTimer(seconds * 1000, () => {
      close();
      watch.onEnd();
    });
    return close;
  }

  /** Forgets the past: who wants to watch from before now must list again. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history.length = 0;
    this.#pages.clear();
  }

  #bookmark({ kind }: Target, more: object = {}): object {
    const metadata = { resourceVersion: String(this.#version), ...more };
    return { apiVersion: kind.apiVersion, kind: kind.kind, metadata };
  }

  /** @returns undefined for what isn't served */
  #target(path: string): Target;
  #target(path: string): Target | undefined {
    const url = new URL(path, "https://fake.invalid");
    const match = /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/([^/]+)\/)?([a-z]+)(?:\/([^/]+))?(?:\/(status))?$/
      .exec(
        url.pathname,
      );
    const [, namespace, plural = "", name, status] = match ?? [];
    const kind = KINDS[plural];
    const group = kind?.apiVersion === "v1" ? "/api/v1/" : `/apis/${kind?.apiVersion}/`;
    if (kind === undefined || !url.pathname.startsWith(group)) return undefined;
    return { plural, kind, namespace, name, isStatus: status !== undefined, query: url.searchParams };
  }

  #withObject(target: Target, then: (object: Thing) => Answer): Answer {
    const object = this.#objects.get(target.plural)!.get(keyOf(target.namespace, target.name!));
    const { apiVersion } = target.kind;
    const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
    if (object === undefined) {
      return failure(404, "NotFound", `${target.plural}${group} "${target.name}" not found`);
    }
    return then(object);
  }

  #list(target: Target, asOf: number | undefined): Answer {
    const [, name] = /^metadata\.name=(.+)$/.exec(target.query.get("fieldSelector") ?? "") ?? [];
    const limit = Number(target.query.get("limit") ?? 0);
    const token = target.query.get("continue");
    const page = token !== null
      ? this.#pages.get(token)
      : asOf !== undefined
      ? { items: this.#past(target, asOf), version: asOf }
      : { items: this.#selected(target), version: this.#version };
    if (page === undefined) {
      return failure(410, "Expired", "The provided continue parameter is too old to display a consistent list result.");
    }
    const { version } = page;
    const items = page.items.filter(({ metadata }) => name === undefined || metadata.name === name);
    const metadata: Record<string, unknown> = { resourceVersion: String(version) };
    if (limit > 0 && items.length > limit) {
      const next = `${version}-${items.length - limit}-${this.#pages.size}`;
      this.#pages.set(next, { items: items.slice(limit), version });
      Object.assign(metadata, { continue: next, remainingItemCount: items.length - limit });
    }
    const { apiVersion, kind } = target.kind;
    const shown = limit > 0 ? items.slice(0, limit) : items;
    return ok({ apiVersion, kind: `${kind}List`, metadata, items: shown });
  }

  #past(target: Target, version: number): Thing[] {
    const objects = new Map<string, Thing>();
    for (const { plural, change } of this.#history) {
      if (plural !== target.plural || change.version > version) continue;
      const { namespace, name } = change.object.metadata;
      if (change.type === "DELETED") objects.delete(keyOf(namespace, name));
      else objects.set(keyOf(namespace, name), change.object);
    }
    return [...objects.values()];
  }

  #selected({ plural, namespace }: Target): Thing[] {
    return this.all(plural).filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  }

  #post(target: Target, body: Draft): Answer {
    const { apiVersion, kind, custom } = target.kind;
    const { generateName, ...given } = body.metadata;
    const name = given.name ?? `${generateName}${++this.#uids}`;
    const key = keyOf(target.namespace, name);
    if (this.#objects.get(target.plural)!.has(key)) {
      const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
      return failure(409, "AlreadyExists", `${target.plural}${group} "${name}" already exists`);
    }
    const metadata: Metadata = {
      ...given,
      name,
      ...(target.namespace !== undefined && { namespace: target.namespace }),
      uid: uid(++this.#uids),
      resourceVersion: "",
      creationTimestamp: rfc3339(this.#clock.now()),
      ...(custom && { generation: 1 }),
    };
    delete metadata.deletionTimestamp;
    const object: Thing = { ...body, apiVersion, kind, metadata };
    if (custom) {
      object.status = custom.defaultStatus;
      this.#fresh.add(metadata.uid);
    }
    return { status: 201, body: this.#store(target.plural, "ADDED", undefined, object) };
  }

  #patch(target: Target, before: Thing, patch: Partial<Thing>): Answer {
    const { uid, ...preconditions } = patch.metadata ?? {};
    const conflict = conflictOf(target, before, preconditions);
    if (conflict) return conflict;
    // In a patch it is a change like any other, and one of the status leaves metadata alone.
    if (!target.isStatus && uid !== undefined && uid !== before.metadata.uid) {
      return failure(422, "Invalid", "metadata.uid: Invalid value: field is immutable");
    }
    return this.#update(target, before, undefined, mergePatch(before, patch) as Thing);
  }

  #put(target: Target, before: Thing, body: Thing): Answer {
    if (!body.metadata.resourceVersion) {
      return failure(422, "Invalid", "metadata.resourceVersion: Invalid value: 0: must be specified for an update");
    }
    return this.#update(target, before, body.metadata, body);
  }

  #update(target: Target, before: Thing, preconditions: Partial<Metadata> | undefined, wanted: Thing): Answer {
    const conflict = conflictOf(target, before, preconditions);
    if (conflict) return conflict;
    const after = target.isStatus ? { ...before, status: wanted.status } : settled(target.kind, before, wanted);
    const { deletionTimestamp, finalizers = [] } = after.metadata;
    const added = finalizers.filter((finalizer) => !before.metadata.finalizers?.includes(finalizer));
    if (deletionTimestamp !== undefined && added.length > 0) {
      const message = `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted`;
      return failure(422, "Invalid", message);
    }
    const isFirst = this.#fresh.delete(before.metadata.uid);
    if (isDeepStrictEqual(after, before) && !isFirst) return ok(before);
    const gone = deletionTimestamp !== undefined && finalizers.length === 0;
    return ok(this.#store(target.plural, gone ? "DELETED" : "MODIFIED", before, after));
  }

  #delete(target: Target, before: Thing, options: DeleteOptions | undefined): Answer {
    const conflict = conflictOf(target, before, options?.preconditions);
    if (conflict) return conflict;
    const { metadata } = before;
    if ((metadata.finalizers ?? []).length === 0) {
      this.#store(target.plural, "DELETED", before, before);
      return ok({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" });
    }
    if (metadata.deletionTimestamp !== undefined) return ok(before);
    const after = {
      ...before,
      metadata: {
        ...metadata,
        deletionTimestamp: rfc3339(this.#clock.now()),
        deletionGracePeriodSeconds: 0,
        ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
      },
    };
    return ok(this.#store(target.plural, "MODIFIED", before, after));
  }

  #store(plural: string, type: EventType, before: Thing | undefined, wanted: Thing): Thing {
    const version = ++this.#version;
    const object = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: String(version) } };
    const { namespace, name } = object.metadata;
    const key = keyOf(namespace, name);
    if (type === "DELETED") this.#objects.get(plural)!.delete(key);
    else this.#objects.get(plural)!.set(key, object);
    const change: Change = before === undefined ? { type, version, object } : { type, version, before, object };
    this.#history.push({ plural, change });
    for (const entry of this.#watches) this.#tell(entry, plural, change);
    this.onChange(change, plural);
    return object;
  }

  #tell({ target, watch }: { target: Target; watch: Watch }, plural: string, { type, object }: Change): void {
    if (target.plural !== plural) return;
    if (target.namespace !== undefined && target.namespace !== object.metadata.namespace) return;
    watch.onLine(JSON.stringify({ type, object }), object);
  }
}

/** What a client posts. */
type Draft = Omit<Partial<Thing>, "metadata"> & { metadata: Partial<Metadata> & { generateName?: string } };

interface DeleteOptions {
  preconditions?: { uid?: string; resourceVersion?: string };
}

function conflictOf(
  { plural, kind }: Target,
  { metadata }: Thing,
  wanted: { uid?: string; resourceVersion?: string } | undefined,
): Answer | undefined {
  const group = kind.apiVersion.includes("/") ? `.${kind.apiVersion.split("/")[0]}` : "";
  const conflict = (why: string) =>
    failure(409, "Conflict", `Operation cannot be fulfilled on ${plural}${group} "${metadata.name}": ${why}`);
  if (wanted?.uid !== undefined && wanted.uid !== metadata.uid) {
    return conflict(`Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${metadata.uid}`);
  }
  if (wanted?.resourceVersion && wanted.resourceVersion !== metadata.resourceVersion) {
    return conflict("the object has been modified; please apply your changes to the latest version and try again");
  }
}

/** What becomes of an update by the object's own path: the apiserver's own fields and the status stay as they are. */
function settled(kind: Kind, before: Thing, wanted: Thing): Thing {
  const { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } =
    before.metadata;
  const own = { uid, resourceVersion, generation, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds };
  const metadata = withoutEmpty({ ...wanted.metadata, ...own }) as Metadata;
  const after: Thing = { ...wanted, metadata };
  if (!kind.custom) return after;
  if (before.status !== undefined) after.status = before.status;
  if (!isDeepStrictEqual(after.spec, before.spec)) metadata.generation = generation! + 1;
  return after;
}

function withoutEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) =>
      value !== undefined && value !== null &&
      !(typeof value === "object" && Object.keys(value).length === 0)
    ),
  );
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function uid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function failure(code: number, reason: string, message: string): Answer {
  return {
    status: code,
    body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
  };
}
