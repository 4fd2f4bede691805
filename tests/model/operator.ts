import type { Cluster } from "../../src/kubernetes/config.ts";
import { runOperator } from "../../src/operator.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { endpoints } from "../../src/sagemaker/endpoints.ts";
import type { Sender } from "./wire.ts";

/** What the operators of a world are started with; the polls are slower than by default, so that there are fewer to play. */
const OPTIONS = {
  namespaces: [],
  workers: 4,
  pollIntervalMs: 5_000,
  heartbeatMs: 5 * 60_000,
  stalenessMs: 30_000,
  healthAddress: "0",
  metricsAddress: "0",
  metricsAuthorization: false,
  jobTags: true,
};

/** As the manifests have it: two at once, as during a rollout, take turns. */
const ELECTION = { leaderElection: { namespace: "default", name: "sagemaker-operator" } };

/** The operator as a process: the code of `run`, and everything that it knows dies with it. */
export class OperatorProcess implements Sender {
  readonly id: string;
  readonly allowedEndpoints: readonly string[];
  readonly #clock: MortalClock;
  readonly #stopping = new AbortController();
  #hasEnded = false;

  /** @param connect gives the cluster as this process reaches it */
  constructor(
    id: string,
    { clock, elects, allowedEndpoints, connect, onEnd }: {
      clock: Clock;
      /** Whether it works only while it holds a lease. */
      elects: boolean;
      /** Endpoints that resources may name. */
      allowedEndpoints: string[];
      connect: (process: OperatorProcess) => Cluster;
      onEnd: (process: OperatorProcess, error: unknown) => void;
    },
  ) {
    this.id = id;
    this.allowedEndpoints = allowedEndpoints;
    this.#clock = new MortalClock(clock);
    runOperator({
      ...OPTIONS,
      ...(elects && ELECTION),
      clock: this.#clock,
      version: id,
      instance: id,
      cluster: connect(this),
      endpoints: endpoints({ allowed: allowedEndpoints }),
      assumedRoles: { roleArns: ["*"] },
    }, this.#stopping.signal).catch((error) => error ?? "an error").then((error) => {
      this.#hasEnded = true;
      onEnd(this, error);
    });
  }

  get isAlive(): boolean {
    return !this.#clock.isDead && !this.#hasEnded;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** As SIGTERM does. */
  stop(): void {
    this.#stopping.abort(new DOMException("SIGTERM", "AbortError"));
  }

  /** As SIGKILL does: from now on nothing of it runs. */
  kill(): void {
    this.#clock.die();
  }
}

/** The time of a process, which ends with it. */
class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #cancels = new Set<() => void>();
  #dead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(ms: number, callback: () => void): () => void {
    if (this.#dead) return () => {};
    const forget = () => void this.#cancels.delete(cancel);
    const cancelTimer = this.#clock.setTimer(ms, () => {
      forget();
      callback();
    });
    const cancel = () => {
      forget();
      cancelTimer();
    };
    this.#cancels.add(cancel);
    return cancel;
  }

  die(): void {
    this.#dead = true;
    for (const cancel of this.#cancels) cancel();
  }
}
