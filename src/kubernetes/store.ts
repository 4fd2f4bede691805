import { compareResourceVersions, keyOf, type KubeObject, stripBookkeeping } from "./objects.ts";
import { SharedTexts } from "./shared_texts.ts";

interface Entry<T> {
  /** The one copy of the key, for all who keep it. */
  key: string;
  object: T;
  /** The informer that brought it; only that one's relist may drop it. */
  scope: object;
  /** The resourceVersion of the last event that listeners were told of. */
  announced: string;
}

/** How many deleted keys are remembered, so that a late event can't bring one back. */
const MAX_TOMBSTONES = 1000;

/** A list under way: it changes nothing until it is complete. */
export interface Relist<T> {
  add(object: T): void;
  remove(object: T): void;
  /** Swaps the scope's content for the list's at once, then tells listeners the keys that are new, changed or gone. */
  commit(): void;
}

/**
 * The objects that informers have seen, by `namespace/name`. What it returns is shared: treat it as read-only.
 *
 * Listeners get keys only, and read the store when they act: an event lost, repeated or reordered must change nothing.
 */
export class Store<T extends KubeObject> {
  readonly #transform: (object: T) => T;
  readonly #texts = new SharedTexts();
  readonly #entries = new Map<string, Entry<T>>();
  readonly #tombstones = new Map<string, string>();
  readonly #listeners = new Set<(key: string) => void>();

  /** @param options.transform what to keep of an object; drops managedFields and the like unless given */
  constructor(options: { transform?: (object: T) => T } = {}) {
    this.#transform = options.transform ?? stripBookkeeping;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  /** Calls `listener` with the key of each object that comes, changes or goes; the returned function ends that. */
  onChange(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Takes in the answer to one's own write, so that the next look isn't stale: only if that very object is still there and
   * the answer is newer. The watch will bring the same version, so listeners aren't told now but then.
   */
  refresh(object: T): void {
    const entry = this.#entries.get(keyOf(object));
    if (entry && entry.object.metadata.uid === object.metadata.uid && isNewer(object, version(entry.object))) {
      entry.object = this.#kept(object);
    }
  }

  /** For informers: an object was added or changed. Older than what is known, it is ignored. */
  apply(object: T, scope: object): void {
    let key = keyOf(object);
    const gone = this.#tombstones.get(key);
    if (gone !== undefined && !isNewer(object, gone)) return;
    const entry = this.#entries.get(key);
    if (entry && !isNewer(object, entry.announced)) return;
    const kept = !entry || isNewer(object, version(entry.object)) ? this.#kept(object) : entry.object;
    key = entry?.key ?? key;
    this.#entries.set(key, { key, object: kept, scope, announced: version(object) });
    this.#notify([key]);
  }

  /** For informers: an object was deleted. Ignored if another of its name has been made since. */
  remove(object: T): void {
    const key = keyOf(object);
    const known = this.#entries.get(key)?.object;
    if (known && known.metadata.uid !== object.metadata.uid && !isNewer(object, version(known))) return;
    this.#bury(key, known && isNewer(known, version(object)) ? known : object);
    if (this.#entries.delete(key)) this.#notify([key]);
  }

  /** For informers: starts a list of everything in `scope`. It is believed also where it is older (a restored etcd). */
  relist(scope: object): Relist<T> {
    const listed = new Map<string, T>();
    return {
      add: (object) => void listed.set(keyOf(object), this.#kept(object)),
      remove: (object) => void listed.delete(keyOf(object)),
      commit: () => this.#swap(scope, listed),
    };
  }

  #swap(scope: object, listed: Map<string, T>): void {
    const changed: string[] = [];
    this.#tombstones.clear();
    for (const [key, entry] of this.#entries) {
      if (entry.scope !== scope || listed.has(key)) continue;
      this.#entries.delete(key);
      changed.push(key);
    }
    for (const [listedKey, object] of listed) {
      const known = this.#entries.get(listedKey);
      const key = known?.key ?? listedKey;
      this.#entries.set(key, { key, object, scope, announced: version(object) });
      if (known?.object.metadata.uid !== object.metadata.uid || known.announced !== version(object)) changed.push(key);
    }
    this.#notify(changed);
  }

  #kept(object: T): T {
    const kept = this.#transform(object);
    this.#texts.shareWithin(kept);
    return kept;
  }

  #bury(key: string, object: T): void {
    const earlier = this.#tombstones.get(key);
    if (earlier !== undefined && !isNewer(object, earlier)) return;
    this.#tombstones.delete(key);
    this.#tombstones.set(key, version(object));
    if (this.#tombstones.size <= MAX_TOMBSTONES) return;
    const [oldest] = this.#tombstones.keys();
    this.#tombstones.delete(oldest!);
  }

  #notify(keys: string[]): void {
    for (const key of keys) for (const listener of this.#listeners) listener(key);
  }
}

function version(object: KubeObject): string {
  return object.metadata.resourceVersion;
}

function isNewer(object: KubeObject, resourceVersion: string): boolean {
  return compareResourceVersions(version(object), resourceVersion) > 0;
}
