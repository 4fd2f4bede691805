/** What the informer and the store need to know of any Kubernetes object. */
export interface KubeObject {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    annotations?: Record<string, string>;
    managedFields?: unknown;
  };
}

/** One page of a list. */
export interface KubeList<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

/** The key of an object in stores and queues: `namespace/name`, or `name` for what has no namespace. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/**
 * Compares two resource versions of one resource type: negative if `a` is older than `b`, 0 if they are equal, else positive.
 * They are decimal integers of any length without leading zeros
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Drops what the API server and `kubectl` keep for themselves and what can be half of an object's size. */
export function stripBookkeeping<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations, ...metadata } = object.metadata;
  if (annotations === undefined) return { ...object, metadata };
  const { [LAST_APPLIED]: __, ...kept } = annotations;
  return { ...object, metadata: { ...metadata, annotations: kept } };
}
