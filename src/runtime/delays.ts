interface Delay {
  readonly key: string;
  due: number;
  /** Of two that are due at the same time, the one that was set first comes first. */
  order: number;
  /** Where it is in the heap. */
  index: number;
}

/** Keys that wait for their time, each once; a binary heap, so that ten thousand of them need one timer. */
export class Delays {
  readonly #byKey = new Map<string, Delay>();
  readonly #heap: Delay[] = [];
  #count = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** When the first key is due; `undefined` while none waits. */
  get nextDue(): number | undefined {
    return this.#heap[0]?.due;
  }

  /** Lets `key` wait until `due`; of several times the earliest counts. */
  set(key: string, due: number): void {
    const pending = this.#byKey.get(key);
    if (pending && pending.due <= due) return;
    const delay = pending ?? { key, due, order: 0, index: this.#heap.length };
    delay.due = due;
    delay.order = this.#count++;
    this.#byKey.set(key, delay);
    this.#rise(delay);
  }

  /** Takes out the first key if it is due at `now`. */
  take(now: number): string | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.due > now) return undefined;
    const last = this.#heap.pop()!;
    if (last !== first) this.#sink(last);
    this.#byKey.delete(first.key);
    return first.key;
  }

  /** Ends the wait of `key`, if it waits. */
  delete(key: string): void {
    const delay = this.#byKey.get(key);
    if (delay === undefined) return;
    this.#byKey.delete(key);
    const last = this.#heap.pop()!;
    if (last === delay) return;
    // It may belong above the place that has become free, or below it.
    last.index = delay.index;
    this.#rise(last);
    this.#sink(last, last.index);
  }

  clear(): void {
    this.#byKey.clear();
    this.#heap.length = 0;
  }

  #rise(delay: Delay): void {
    let index = delay.index;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1]!;
      if (isBefore(parent, delay)) break;
      const vacated = parent.index;
      this.#place(parent, index);
      index = vacated;
    }
    this.#place(delay, index);
  }

  /** Finds the place of `delay` from `index` down, where one was taken out. */
  #sink(delay: Delay, index = 0): void {
    for (;;) {
      const [left, right] = [this.#heap[2 * index + 1], this.#heap[2 * index + 2]];
      const child = left && right && isBefore(right, left) ? right : left;
      if (child === undefined || isBefore(delay, child)) break;
      const vacated = child.index;
      this.#place(child, index);
      index = vacated;
    }
    this.#place(delay, index);
  }

  #place(delay: Delay, index: number): void {
    this.#heap[index] = delay;
    delay.index = index;
  }
}

function isBefore(a: Delay, b: Delay): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
