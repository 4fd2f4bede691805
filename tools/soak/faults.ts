import { type Clock, sleep } from "../../src/runtime/clock.ts";
import type { FaultRule } from "../../src/sagemaker/stand_in/faults.ts";
import type { ApiOutcome, ApiProxy } from "../../tests/support/api_proxy.ts";

/** About one call in six goes wrong, each in a way that passes by itself. */
export const SAGEMAKER_FAULTS: FaultRule[] = [
  { probability: 0.05, fault: { kind: "latency", ms: 700 } },
  { probability: 0.02, fault: { kind: "latency", ms: 1_500, applied: true } },
  { probability: 0.02, fault: { kind: "error", code: "ThrottlingException", message: "Rate exceeded" } },
  { probability: 0.01, fault: { kind: "error", code: "InternalFailure", status: 500 } },
  { probability: 0.01, fault: { kind: "error", code: "ServiceUnavailable", status: 503, applied: true } },
  { probability: 0.01, fault: { kind: "error", code: "ResourceLimitExceeded", message: "The account-level limit" } },
  { probability: 0.02, fault: { kind: "reset" } },
  { probability: 0.02, fault: { kind: "reset", applied: true } },
  { probability: 0.002, fault: { kind: "hang" } },
  { probability: 0.002, fault: { kind: "hang", applied: true } },
  { probability: 0.01, fault: { kind: "duplicate" } },
  { probability: 0.03, fault: { kind: "stale", ms: 3_000 } },
];

const GONE = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n';

type Kind = "429" | "500" | "reset" | "lost" | "hang" | "delay" | "410" | "cut" | "duplicate" | "late" | "stale";

/** What goes wrong between the operator and the apiserver. */
export class ApiFaults {
  /** How many faults happened, by kind. */
  readonly injected: Partial<Record<Kind, number>> = {};
  readonly #proxy: ApiProxy;
  readonly #random: () => number;
  readonly #clock: Clock;
  #active = false;

  constructor(proxy: ApiProxy, random: () => number, clock: Clock) {
    this.#proxy = proxy;
    this.#random = random;
    this.#clock = clock;
  }

  begin(): void {
    this.#active = true;
    this.#proxy.intercept = async ({ verb }, { forward, signal }) => {
      if (this.#strikes("delay", 0.03)) await this.#pause(2_000, signal);
      if (verb === "watch" && this.#strikes("410", 0.2)) return { status: 200, body: GONE };
      if (this.#strikes("429", 0.02)) return refusal(429, "TooManyRequests", { "retry-after": "1" });
      if (this.#strikes("500", 0.02)) return refusal(500, "InternalError");
      if (this.#strikes("reset", 0.01)) return "reset";
      if (this.#strikes("hang", 0.003)) return "hang";
      if (verb === "watch" || !this.#strikes("lost", 0.02)) return undefined;
      await forward();
      return "reset";
    };
    this.#proxy.onEvent = async (event, _watch, { signal }) => {
      if (this.#strikes("late", 0.02)) await this.#pause(500, signal);
      return this.#strikes("duplicate", 0.05) ? [event, event] : undefined;
    };
  }

  end(): void {
    this.#active = false;
    this.#proxy.intercept = undefined;
    this.#proxy.onEvent = undefined;
    // What hangs now would hang on.
    this.#proxy.cutWatches("reset");
  }

  cutWatches(): void {
    this.#count("cut");
    this.#proxy.cutWatches(this.#random() < 0.5 ? "reset" : "close");
  }

  /** One time in three, the apiserver that the operator meets next is behind, for 3 s. */
  maybeStale(resourceVersion: string | undefined): void {
    if (resourceVersion === undefined || !this.#strikes("stale", 1 / 3)) return;
    const { release } = this.#proxy.staleAt(resourceVersion);
    this.#clock.setTimer(3_000, release);
  }

  #strikes(kind: Kind, probability: number): boolean {
    if (!this.#active || this.#random() >= probability) return false;
    this.#count(kind);
    return true;
  }

  #count(kind: Kind): void {
    this.injected[kind] = (this.injected[kind] ?? 0) + 1;
  }

  /** Ends early, without an error, when whoever waits has left. */
  async #pause(mostMs: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#clock, mostMs * this.#random(), signal).catch(() => {});
  }
}

function refusal(code: number, reason: string, headers: Record<string, string> = {}): ApiOutcome {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message: "as the soak will have it",
  };
  return { status: code, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}
