/** How many calls and writes a minute may see: more than these is a loop, whatever goes wrong. */
import type { Clock } from "../../src/runtime/clock.ts";

const MINUTE_MS = 60_000;
/** Of one operation for all resources together, which number a handful. */
const CALLS = 200;
/** Of one operation for one resource while users and faults are at work, and so many more for each thing that they do. */
const CALLS_OF_ONE = 20;
const CALLS_PER_STEP = 3;

export class Budgets {
  readonly #clock: Clock;
  readonly #onExceeded: (rule: string) => void;
  #minute = 0;
  #steps = 0;
  readonly #calls = new Map<string, number>();

  constructor(clock: Clock, onExceeded: (rule: string) => void) {
    this.#clock = clock;
    this.#onExceeded = onExceeded;
  }

  /** Something happens that may give reason for calls. */
  step(): void {
    this.#turn();
    this.#steps++;
  }

  /** @param of the resource or job that it is about; empty for none */
  count(operation: string, of: string): void {
    this.#turn();
    this.#check(operation, CALLS);
    if (of !== "") this.#check(`${operation} for ${of}`, CALLS_OF_ONE + CALLS_PER_STEP * this.#steps);
  }

  #check(what: string, limit: number): void {
    const calls = (this.#calls.get(what) ?? 0) + 1;
    this.#calls.set(what, calls);
    if (calls === limit) this.#onExceeded(`${calls} calls of ${what} within a minute`);
  }

  #turn(): void {
    const minute = Math.floor(this.#clock.monotonic() / MINUTE_MS);
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#steps = 0;
    this.#calls.clear();
  }
}
