import type { JobStatus } from "../../src/api/job.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { type CallRecord, type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { LocalOperator, type LocalOperatorOptions } from "./local_operator.ts";
import type { HasKubeconfig } from "./kubectl.ts";
import { type Administrator, freshNamespace, jobNameOf, Resources } from "./resources.ts";

const HOUR_MS = 3_600_000;

/**
 * A namespace of its own, a stand-in, and the operators that a test starts on them. Jobs run, and stop, until the test says
 * that they have ended. Everything ends with it.
 */
export class Scene implements AsyncDisposable {
  readonly resources: Resources;
  readonly standIn: StandIn;
  /** The operations that SageMaker was asked for, in order. */
  readonly calls: string[];
  readonly #kubeconfig: string;
  readonly #clock: Clock | undefined;
  readonly #operators: LocalOperator[] = [];

  private constructor(
    { kubeconfig, resources, standIn, calls, clock }: {
      kubeconfig: string;
      resources: Resources;
      standIn: StandIn;
      calls: string[];
      clock: Clock | undefined;
    },
  ) {
    this.#kubeconfig = kubeconfig;
    this.resources = resources;
    this.standIn = standIn;
    this.calls = calls;
    this.#clock = clock;
  }

  /**
   * @param options.clock of the operators and of SageMaker
   * @param options.stopDuration how long a job takes to stop, in milliseconds
   */
  static async open(
    cluster: Administrator & HasKubeconfig,
    { clock, stopDuration = HOUR_MS }: { clock?: Clock; stopDuration?: number } = {},
  ): Promise<Scene> {
    const resources = new Resources(cluster, await freshNamespace(cluster));
    const calls: string[] = [];
    const onRequest = ({ operation }: CallRecord) => void calls.push(operation);
    const standIn = await startStandIn({
      jobDuration: HOUR_MS,
      stopDuration,
      onRequest,
      ...(clock && { clock }),
    });
    return new Scene({ kubeconfig: cluster.kubeconfig, resources, standIn, calls, clock });
  }

  get namespace(): string {
    return this.resources.namespace;
  }

  /** Starts an operator for the namespace, with the stand-in as its endpoint. */
  async startOperator(options: Partial<LocalOperatorOptions> = {}): Promise<LocalOperator> {
    const operator = await LocalOperator.start({
      kubeconfig: this.#kubeconfig,
      namespaces: [this.namespace],
      endpoints: { endpointUrl: this.standIn.url },
      ...(this.#clock && { clock: this.#clock }),
      ...options,
    });
    this.#operators.push(operator);
    return operator;
  }

  /** Ends the job of a resource in SageMaker. */
  async finish(name: string, status: JobStatus, failureReason?: string): Promise<void> {
    this.standIn.finish(jobNameOf(await this.resources.get(name)), status, failureReason);
  }

  /** How many times SageMaker was asked for `operation`. */
  count(operation: string): number {
    return this.standIn.calls[operation] ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const operator of this.#operators) await operator.stop();
    await this.standIn.close();
    await this.resources.clear();
  }
}
