import type { Clock } from "../../src/runtime/clock.ts";

/** What can befall one call. */
export const FAULTS = [
  /** It is refused with an error that may pass. */
  "error",
  /** It is refused because there are too many. */
  "throttled",
  /** The connection is lost before it arrives. */
  "reset",
  /** It arrives, and the answer is lost. */
  "lost",
  /** It never arrives, and nobody says so. */
  "hang",
  /** It arrives when nobody waits for its answer any more. */
  "late",
  /** It arrives twice, as by a client that sends again without saying so; the second answer is given. */
  "twice",
  /** Its answer takes a while, perhaps too long. */
  "slow",
  /** It is answered from what was true a while ago. */
  "stale",
  /** SageMaker refuses it for lack of a permission. */
  "denied",
  /** The name of SageMaker's host does not resolve. */
  "unresolved",
  /** The apiserver refuses it as a conflict. */
  "conflict",
] as const;
export type Fault = typeof FAULTS[number];

const REFUSALS = ["error", "throttled", "denied", "conflict"] as const;
/** A server's refusal of a call. */
export type Refusal = typeof REFUSALS[number];

/** How long a call can be under way unseen after its caller has given it up. */
const LATE_MS = [1, 2_000, 15_000, 40_000];
/** How long callers wait. */
export const DEADLINE_MS = 10_000;
const SLOW_MS = [200, 3_000, 9_000, 12_000];
const LATENCY_MS = [0, 0, 0, 2, 15, 100];

/** One call of an operator, to be carried over the wire. */
export interface Call<T> {
  /** For people, as in `PATCH …` or `CreateProcessingJob`. */
  what: string;
  /** It changes something where it arrives. */
  isEffect: boolean;
  /** Has its effect, and gives the answer; what it throws is an answer too. */
  apply(how: { stale: boolean }): T;
  /** The answer of a server that refuses. */
  refuse(fault: Refusal): T;
  /** What a caller gets when the connection is lost, or cannot be made. */
  reset(fault: "reset" | "unresolved"): Error;
  signal?: AbortSignal | null | undefined;
}

/** Whoever sends calls, and may die at any moment: what has not arrived by then never does, and no answer is heard. */
export interface Sender {
  readonly isAlive: boolean;
}

export interface WireOptions {
  clock: Clock;
  random: () => number;
  /** What shall befall this call. */
  faultOf(call: Call<unknown>): Fault | undefined;
  /** Milliseconds that the call waits at its server's door. */
  heldFor(call: Call<unknown>): number;
  /** Told of each effect on both sides of its arrival. */
  onEffect(when: "before" | "after", call: Call<unknown>, sender: Sender): void;
}

/** Carries calls between an operator and what it talks to, with latency and with faults, by a clock that the test moves. */
export class Wire {
  /** How many calls may still arrive late. */
  lateOnTheWay = 0;
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#options.random() * from.length)]!;
  }

  /** @throws `call.signal`'s reason once that is aborted, the network's error, or the server's where `apply` throws */
  send<T>(call: Call<T>, sender: Sender): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { signal } = call;
    const fault = this.#options.faultOf(call);
    const answered = (settle: () => void) => {
      if (sender.isAlive && !signal?.aborted) settle();
    };
    const onAbort = () => sender.isAlive && reject(signal!.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const done = promise.finally(() => signal?.removeEventListener("abort", onAbort));

    const arrive = () => {
      if (!sender.isAlive || signal?.aborted) return;
      if (fault === "hang" || fault === "late") {
        if (fault === "late") this.#deliverLate(call, sender);
        return;
      }
      const answer = isRefusal(fault)
        ? outcomeOf(() => call.refuse(fault))
        : fault === "reset" || fault === "unresolved"
        ? outcomeOf<T>(() => {
          throw call.reset(fault);
        })
        : this.#deliver(call, sender, fault);
      const settle = fault === "lost" ? () => reject(call.reset("reset")) : () => answer.settle(resolve, reject);
      this.#after(fault === "slow" ? this.pick(SLOW_MS) : this.pick(LATENCY_MS), () => answered(settle));
    };
    this.#after(Math.max(this.pick(LATENCY_MS), this.#options.heldFor(call)), arrive);
    return done;
  }

  /** It arrives also if its sender has died meanwhile. */
  #deliverLate(call: Call<unknown>, sender: Sender): void {
    this.lateOnTheWay++;
    this.#after(this.pick(LATE_MS) + DEADLINE_MS, () => {
      this.lateOnTheWay--;
      this.#deliver(call, sender, "late");
    });
  }

  #deliver<T>(call: Call<T>, sender: Sender, fault: Fault | undefined): Outcome<T> {
    const late = fault === "late";
    const once = () => {
      if (call.isEffect && !late) this.#options.onEffect("before", call, sender);
      if (!sender.isAlive && !late) return outcomeOf<T>(() => call.refuse("error"));
      const outcome = outcomeOf(() => call.apply({ stale: fault === "stale" }));
      if (call.isEffect && !late) this.#options.onEffect("after", call, sender);
      return outcome;
    };
    const first = once();
    return fault === "twice" ? once() : first;
  }

  #after(ms: number, then: () => void): void {
    if (ms <= 0) then();
    else this.#options.clock.setTimer(ms, then);
  }
}

function isRefusal(fault: Fault | undefined): fault is Refusal {
  return (REFUSALS as readonly (string | undefined)[]).includes(fault);
}

interface Outcome<T> {
  settle(resolve: (value: T) => void, reject: (error: unknown) => void): void;
}

function outcomeOf<T>(run: () => T): Outcome<T> {
  try {
    const value = run();
    return { settle: (resolve) => resolve(value) };
  } catch (error) {
    return { settle: (_, reject) => reject(error) };
  }
}
