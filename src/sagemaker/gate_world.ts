import type { Failure } from "../api/job.ts";
import { type Call, CallGate } from "./gate.ts";
import { FaultPlan } from "./stand_in/faults.ts";

/** A call that arrived at the scripted service. */
export interface Arrived {
  at: number;
  key: string;
  call: Call;
  outcome: "ok" | Failure;
}

interface Event {
  at: number;
  number: number;
  run: () => void;
}

/** More events than this at one moment are a loop. */
const SPIN = 10_000;

/**
 * For tests: resources that each have one call to make, workers that make it, and a scripted service; the way in which the
 * reconciler uses the gate, with time that only passes when told to.
 */
export class GateWorld {
  now = 0;
  readonly arrived: Arrived[] = [];
  /** By key, how often it was told to wait, and why. */
  readonly waits = new Map<string, number>();
  /** How often one was told to wait for a moment, with nothing wrong. */
  briefWaits = 0;
  readonly done = new Set<string>();
  wakeUps = 0;
  readonly gate: CallGate;
  readonly #service: (key: string, call: Call, now: number) => "ok" | Failure;
  readonly #workers: number;
  readonly #latencyMs: (call: Call) => number;
  readonly #calls = new Map<string, Call>();
  readonly #attempts = new Map<string, number>();
  readonly #ready = new Set<string>();
  /** By key, when it comes back by itself: like a work queue, the world keeps the earliest of several delays. */
  readonly #dueAt = new Map<string, number>();
  readonly #busy = new Set<string>();
  readonly #events: Event[] = [];
  #numbered = 0;

  constructor(
    { service, workers = 16, mostUnderWay = workers, latencyMs = () => 20, random = () => 0.5 }: {
      service: (key: string, call: Call, now: number) => "ok" | Failure;
      workers?: number;
      mostUnderWay?: number;
      latencyMs?: (call: Call) => number;
      random?: () => number;
    },
  ) {
    this.#service = service;
    this.#workers = workers;
    this.#latencyMs = latencyMs;
    const clock = {
      now: () => this.now,
      monotonic: () => this.now,
      setTimer: () => {
        throw new Error("The gate has no timers");
      },
    };
    const onRelease = (key: string) => this.after(0, () => this.wake(key));
    this.gate = new CallGate({ clock, random, mostUnderWay, workers, onRelease });
  }

  /** A resource is made now. */
  make(key: string, call: Omit<Call, "createdAt">): void {
    this.#calls.set(key, { ...call, createdAt: this.now });
    this.wake(key);
  }

  /** A resource is deleted, be it that it waits or that its call is under way. */
  remove(key: string): void {
    this.#calls.delete(key);
    this.gate.leave(key);
  }

  wake(key: string): void {
    this.#ready.add(key);
    this.#work();
  }

  /** Calls `run` when `ms` have passed. */
  after(ms: number, run: () => void): void {
    const event = { at: this.now + ms, number: this.#numbered++, run };
    let index = this.#events.length;
    while (index > 0 && isBefore(event, this.#events[index - 1]!)) index--;
    this.#events.splice(index, 0, event);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    let events = 0;
    for (let event = this.#events[0]; event && event.at <= end; event = this.#events[0]) {
      this.#events.shift();
      events = event.at === this.now ? events + 1 : 0;
      if (events > SPIN) throw new Error(`The gate and its keys spin at ${this.now}`);
      this.now = event.at;
      event.run();
    }
    this.now = end;
  }

  /** The calls that failed, in the order in which they arrived. */
  get failed(): Arrived[] {
    return this.arrived.filter(({ outcome }) => outcome !== "ok");
  }

  /** The keys whose calls succeeded, in order. */
  get succeeded(): string[] {
    return this.arrived.filter(({ outcome }) => outcome === "ok").map(({ key }) => key);
  }

  #wakeAfter(key: string, ms: number): void {
    const dueAt = this.now + ms;
    if (dueAt >= (this.#dueAt.get(key) ?? Infinity)) return;
    this.#dueAt.set(key, dueAt);
    this.after(ms, () => {
      if (this.#dueAt.get(key) !== dueAt) return;
      this.#dueAt.delete(key);
      this.wake(key);
    });
  }

  #work(): void {
    for (const key of this.#ready) {
      if (this.#busy.size >= this.#workers) return;
      if (this.#busy.has(key)) continue;
      this.#ready.delete(key);
      this.#reconcile(key);
    }
  }

  #reconcile(key: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return this.gate.leave(key);
    if (this.done.has(key)) return;
    this.wakeUps++;
    const admission = this.gate.admit(key, call);
    if (!admission.go) {
      if (admission.isBrief) this.briefWaits++;
      else this.waits.set(key, (this.waits.get(key) ?? 0) + 1);
      return this.#wakeAfter(key, admission.waitMs);
    }
    const outcome = this.#service(key, call, this.now);
    this.arrived.push({ at: this.now, key, call, outcome });
    this.#busy.add(key);
    this.after(this.#latencyMs(call), () => this.#end(key, call, outcome));
  }

  #end(key: string, call: Call, outcome: "ok" | Failure): void {
    this.#busy.delete(key);
    const waitMs = this.gate.report(key, call, outcome);
    if (outcome === "ok" || outcome.retry === "never") {
      this.done.add(key);
    } else {
      const attempts = (this.#attempts.get(key) ?? 0) + 1;
      this.#attempts.set(key, attempts);
      this.#wakeAfter(key, waitMs ?? Math.min(500 * 2 ** attempts, 5 * 60_000));
    }
    if (!this.#calls.has(key)) this.gate.leave(key);
    this.#work();
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || a.at === b.at && a.number < b.number;
}

/** The most events in any span of `ms`. */
export function mostWithin(ms: number, events: { at: number }[]): number {
  let most = 0;
  let from = 0;
  for (const [to, { at }] of events.entries()) {
    while (at - events[from]!.at >= ms) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

export const THROTTLED: Failure = {
  reason: "Throttled",
  retry: "soon",
  code: "ThrottledException",
  message: "Throttled",
};

/** A service as the stand-in is one that throttles. */
export function throttle(
  perSecond: number,
  now: () => number,
): (key: string, call: Call, now: number) => "ok" | Failure {
  const clock = { now, monotonic: now, setTimer: () => () => {} };
  const plan = new FaultPlan({ rules: [{ fault: { kind: "throttle", perSecond } }], clock });
  const context = { region: "", apply: () => ({ status: 200, body: "" }), signal: AbortSignal.any([]) };
  return () => {
    const before = plan.injected.throttle;
    // What it decides it has decided when it returns; its answer is of no interest.
    void plan.intercept("CreateProcessingJob", {}, context);
    return plan.injected.throttle === before ? "ok" : THROTTLED;
  };
}
