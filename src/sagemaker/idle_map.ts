import type { Clock } from "../runtime/clock.ts";

/**
 * How long a value is kept that nothing asks for, in milliseconds. Longer than the longest pause between two calls of a resource
 * that waits (6 minutes, see gate.ts), so that a value is dropped only if no resource needs it.
 */
export const IDLE_MS = 8 * 60_000;

/** A value that was asked for so lately, in milliseconds, is in use. Longer than a call may take. */
const IN_USE_MS = 30_000;

/** Values by names that users choose, as regions and endpoints: made when first asked for, dropped once they are idle. */
export class IdleMap<V> {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #entries = new Map<string, { value: V; usedAt: number }>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Drops those that were used longest ago, beyond the `most` used last, unless they are in use. Gives what was dropped. */
  dropBeyond(most: number): V[] {
    const excess = this.#entries.size - most;
    if (excess <= 0) return [];
    const before = this.#clock.monotonic() - IN_USE_MS;
    const idle = [...this.#entries].filter(([, { usedAt }]) => usedAt <= before);
    const oldest = idle.sort(([, one], [, other]) => one.usedAt - other.usedAt).slice(0, excess);
    for (const [name] of oldest) this.#entries.delete(name);
    return oldest.map(([, { value }]) => value);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of that name, if there is one. Counts as use. */
  get(name: string): V | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    entry.usedAt = this.#clock.monotonic();
    return entry.value;
  }

  /** Puts `value` in the place of the one before, if there was one. Counts as use. */
  set(name: string, value: V): void {
    this.#entries.set(name, { value, usedAt: this.#clock.monotonic() });
  }

  /** The value of that name, made if there is none. Counts as use. */
  of(name: string, make: () => V): V {
    const known = this.get(name);
    if (known !== undefined) return known;
    const value = make();
    this.set(name, value);
    return value;
  }

  /** Does not count as use. */
  *values(): Iterable<V> {
    for (const { value } of this.#entries.values()) yield value;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Drops each value that was not asked for during `IDLE_MS`, unless `isInUse` says otherwise. Gives what was dropped. */
  dropIdle(isInUse: (value: V) => boolean = () => false): V[] {
    const before = this.#clock.monotonic() - IDLE_MS;
    const dropped: V[] = [];
    for (const [name, { value, usedAt }] of this.#entries) {
      if (usedAt > before || isInUse(value)) continue;
      this.#entries.delete(name);
      dropped.push(value);
    }
    return dropped;
  }
}
