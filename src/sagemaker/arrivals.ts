/** Who came, and when: by `since` and, of the same `since`, by `number`, which nobody else has. */
export interface Arrival {
  since: number;
  number: number;
  /** With whom it takes turns together. */
  tenant: string;
}

/**
 * Those who wait, in the order in which they are to be served: of one tenant in the order of arrival, whatever the order in which they
 * were added; of several tenants one of each in turn. A tenant that comes joins at the end of the turns.
 */
export class ByTurn<T extends { readonly key: string; readonly arrival: Arrival }> {
  readonly #byKey = new Map<string, T>();
  /** By tenant; the tenants in the order of their turns, and none of whom nobody waits. */
  readonly #inOrder = new Map<string, T[]>();
  readonly #tenantOf: (arrival: Arrival) => string;

  /** @param isFair whether tenants take turns; otherwise they are all one */
  constructor(isFair: boolean) {
    this.#tenantOf = isFair ? ({ tenant }) => tenant : () => "";
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  /** Who is next; `undefined` where there is nobody. */
  get first(): T | undefined {
    for (const [first] of this.#inOrder.values()) return first;
    return undefined;
  }

  /** How many are served before `value`, which waits, should nobody come or go. */
  countBefore({ arrival }: T): number {
    const mine = this.#tenantOf(arrival);
    const before = indexOf(this.#inOrder.get(mine) ?? [], arrival);
    let count = before;
    let reach = before + 1;
    for (const [tenant, all] of this.#inOrder) {
      if (tenant === mine) reach = before;
      else count += Math.min(all.length, reach);
    }
    return count;
  }

  /** `value.key` must not be there yet. */
  add(value: T): void {
    this.#byKey.set(value.key, value);
    const tenant = this.#tenantOf(value.arrival);
    const all = this.#inOrder.get(tenant);
    if (all) all.splice(indexOf(all, value.arrival), 0, value);
    else this.#inOrder.set(tenant, [value]);
  }

  delete(key: string): void {
    const value = this.#byKey.get(key);
    if (value === undefined) return;
    this.#byKey.delete(key);
    const tenant = this.#tenantOf(value.arrival);
    const all = this.#inOrder.get(tenant)!;
    all.splice(indexOf(all, value.arrival), 1);
    if (all.length === 0) this.#inOrder.delete(tenant);
  }

  /** `key` is served now, whether or not it stays: its tenant is the last to have another turn. */
  served(key: string): void {
    const value = this.#byKey.get(key);
    if (value === undefined) return;
    const tenant = this.#tenantOf(value.arrival);
    const all = this.#inOrder.get(tenant)!;
    this.#inOrder.delete(tenant);
    this.#inOrder.set(tenant, all);
  }

  /** In the order of the turns, as it would be if nobody came or went. */
  *[Symbol.iterator](): Iterator<T> {
    let tenants = [...this.#inOrder.values()];
    for (let place = 0; tenants.length > 0; place++) {
      for (const all of tenants) yield all[place]!;
      tenants = tenants.filter((all) => all.length > place + 1);
    }
  }
}

/** Of the first in `all` that did not come before `arrival`. */
function indexOf(all: { readonly arrival: Arrival }[], arrival: Arrival): number {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareArrivals(all[middle]!.arrival, arrival) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Below 0 if `a` came before `b`. */
function compareArrivals(a: Arrival, b: Arrival): number {
  return a.since - b.since || a.number - b.number;
}
