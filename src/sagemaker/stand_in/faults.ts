import { type Clock, sleep, systemClock } from "../../runtime/clock.ts";
import { errorAnswer, jsonAnswer } from "./answer.ts";
import type { Outcome } from "./http.ts";
import type { Intercept, InterceptContext } from "./server.ts";
import { TokenBucket } from "./token_bucket.ts";

/**
 * What can go wrong with a call. With `applied`, the call is carried out all the same and only its answer is harmed: a `reset`
 * is then an answer that got lost, a `latency` one that comes late.
 */
export type Fault =
  /** `status` is 400 unless given. */
  | { kind: "error"; code: string; message?: string; status?: number; applied?: boolean }
  /** Takes `ms` milliseconds longer; what comes after this rule can harm the call as well. */
  | { kind: "latency"; ms: number; applied?: boolean }
  /** The connection stays open without an answer. */
  | { kind: "hang"; applied?: boolean }
  /** The connection ends without an answer. */
  | { kind: "reset"; applied?: boolean }
  /** The call arrives twice, and its sender gets the second answer. */
  | { kind: "duplicate" }
  /** More than `perSecond` calls a second, after a first burst of as many, are refused as `Rate exceeded`. */
  | { kind: "throttle"; perSecond: number }
  /** A read shows what was so `ms` milliseconds ago. Others than Describe and List are left alone. */
  | { kind: "stale"; ms: number }
  /** A page of a list leads to itself. First pages are left alone, since nobody could tell. */
  | { kind: "repeat-token" }
  /** A list has no end: each page after the first is empty, and leads to another. */
  | { kind: "endless" };

/** When a fault happens: to calls that match all of what is given. */
export interface FaultRule {
  fault: Fault;
  /** As in `CreateProcessingJob`; every operation unless given. */
  operation?: string | string[];
  /** Calls that name this job. */
  job?: string;
  /** Calls for the first page of a list, or for one after it. */
  page?: "first" | "later";
  /** How many matching calls are left alone first. @default {0} */
  after?: number;
  /** How many calls are harmed before the rule is spent; 1 is a one-shot. No end unless given. */
  times?: number;
  /** For each call anew, from 0 to 1. @default {1} */
  probability?: number;
}

interface State {
  rule: FaultRule;
  seen: number;
  done: number;
  bucket?: TokenBucket;
}

/** Rules for what goes wrong, tried in order for each call until one has decided on its answer. */
export class FaultPlan {
  /** How many faults happened, by kind. */
  readonly injected: Record<string, number> = {};
  readonly #states: State[];
  readonly #random: () => number;
  readonly #clock: Clock;

  /** @param options.random gives numbers from 0 to 1, as `Math.random`; see `seededRandom` for those that repeat */
  constructor({ rules, random = Math.random, clock = systemClock }: {
    rules: FaultRule[];
    random?: () => number;
    clock?: Clock;
  }) {
    this.#states = rules.map((rule) => ({ rule, seen: 0, done: 0 }));
    this.#random = random;
    this.#clock = clock;
  }

  /** For the stand-in's option of that name. */
  readonly intercept: Intercept = async (operation, request, context) => {
    for (const state of this.#states) {
      if (!matches(state.rule, operation, request) || !this.#strikes(state)) continue;
      this.injected[state.rule.fault.kind] = (this.injected[state.rule.fault.kind] ?? 0) + 1;
      const outcome = await this.#harm(state.rule.fault, request, context);
      if (outcome !== undefined) return outcome;
    }
    return undefined;
  };

  #strikes(state: State): boolean {
    const { fault, after = 0, times = Infinity, probability = 1 } = state.rule;
    if (state.seen++ < after || state.done >= times || this.#random() >= probability) return false;
    if (fault.kind === "throttle") {
      state.bucket ??= new TokenBucket(this.#clock, fault.perSecond);
      if (state.bucket.take()) return false;
    }
    state.done++;
    return true;
  }

  async #harm(
    fault: Fault,
    request: Record<string, unknown>,
    { apply, signal }: InterceptContext,
  ): Promise<Outcome | undefined> {
    const answer = "applied" in fault && fault.applied ? apply() : undefined;
    switch (fault.kind) {
      case "error":
        return errorAnswer(fault.code, fault.message ?? fault.code, fault.status);
      case "latency":
        await sleep(this.#clock, fault.ms, signal);
        return answer;
      case "hang":
      case "reset":
        return fault.kind;
      case "duplicate":
        apply();
        return apply();
      case "throttle":
        return errorAnswer("ThrottlingException", "Rate exceeded");
      case "stale":
        return apply({ staleMs: fault.ms });
      case "repeat-token": {
        const page = apply();
        if (page.status !== 200) return page;
        return { ...page, body: JSON.stringify({ ...JSON.parse(page.body), NextToken: request.NextToken }) };
      }
      case "endless":
        return jsonAnswer({ ProcessingJobSummaries: [], NextToken: crypto.randomUUID() });
    }
  }
}

function matches(
  { fault, operation, job, page }: FaultRule,
  called: string,
  request: Record<string, unknown>,
): boolean {
  if (operation !== undefined && ![operation].flat().includes(called)) return false;
  if (fault.kind === "stale" && !/^(Describe|List)/.test(called)) return false;
  const actualPage = called !== "ListProcessingJobs" ? undefined : request.NextToken === undefined ? "first" : "later";
  if (/^(repeat-token|endless)$/.test(fault.kind) && actualPage !== "later") return false;
  if (page !== undefined && page !== actualPage) return false;
  return job === undefined || request.ProcessingJobName === job;
}

/** Numbers like those of `Math.random`, the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
