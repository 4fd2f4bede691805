/** When somebody came: by `since` and, of the same `since`, by `number`, which nobody else has. */
export interface Arrival {
  since: number;
  number: number;
}

/** A map whose values come in the order of their arrivals, whatever the order in which they were added. */
export class ByArrival<T extends { readonly key: string; readonly arrival: Arrival }> {
  readonly #byKey = new Map<string, T>();
  readonly #inOrder: T[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  /** Who came first; `undefined` where there is nobody. */
  get first(): T | undefined {
    return this.#inOrder[0];
  }

  /** How many came before `arrival`. */
  countBefore(arrival: Arrival): number {
    return this.#indexOf(arrival);
  }

  /** `value.key` must not be there yet. */
  add(value: T): void {
    this.#byKey.set(value.key, value);
    this.#inOrder.splice(this.#indexOf(value.arrival), 0, value);
  }

  delete(key: string): void {
    const value = this.#byKey.get(key);
    if (value === undefined) return;
    this.#byKey.delete(key);
    this.#inOrder.splice(this.#indexOf(value.arrival), 1);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#inOrder.values();
  }

  /** Of the first that did not come before `arrival`. */
  #indexOf(arrival: Arrival): number {
    let [low, high] = [0, this.#inOrder.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareArrivals(this.#inOrder[middle]!.arrival, arrival) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Below 0 if `a` came before `b`. */
export function compareArrivals(a: Arrival, b: Arrival): number {
  return a.since - b.since || a.number - b.number;
}
