import { type Cluster, loadCluster } from "../../src/kubernetes/config.ts";
import { type OperatorOptions, runOperator } from "../../src/operator.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type EndpointOptions, endpoints } from "../../src/sagemaker/endpoints.ts";
import { FAKE_CREDENTIALS } from "./operator.ts";

export interface LocalOperatorOptions extends
  Partial<
    Pick<
      OperatorOptions,
      | "namespaces"
      | "selector"
      | "clock"
      | "workers"
      | "pollIntervalMs"
      | "heartbeatMs"
      | "stalenessMs"
      | "defaults"
      | "allowed"
      | "leaderElection"
    >
  > {
  kubeconfig: string;
  endpoints?: EndpointOptions;
  /** Stands between the operator and its cluster, to harm what goes through. */
  wrap?: (cluster: Cluster) => Cluster;
}

/** The operator in this process: the same code as `run`, started in milliseconds. */
export class LocalOperator implements AsyncDisposable {
  readonly #stopping: AbortController;
  readonly #ended: Promise<void>;

  private constructor(stopping: AbortController, ended: Promise<void>) {
    this.#stopping = stopping;
    this.#ended = ended;
  }

  static async start({ kubeconfig, wrap = (cluster) => cluster, ...options }: LocalOperatorOptions) {
    for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
    const stopping = new AbortController();
    const cluster = await loadCluster({ kubeconfig, env: Deno.env });
    const running = runOperator({
      clock: systemClock,
      version: "0.0.0-test",
      namespaces: [],
      workers: 4,
      pollIntervalMs: 100,
      heartbeatMs: 5 * 60_000,
      stalenessMs: 30_000,
      healthAddress: "0",
      metricsAddress: "0",
      jobTags: true,
      instance: "test",
      ...options,
      cluster: wrap(cluster),
      endpoints: endpoints(options.endpoints ?? {}),
    }, stopping.signal);
    return new LocalOperator(stopping, running.finally(() => cluster.close()));
  }

  /** Ends it as SIGTERM would. A repeated call waits for the same end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
