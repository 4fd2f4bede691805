import assert from "node:assert/strict";
import { type Cluster, loadCluster } from "../../src/kubernetes/config.ts";
import { type OperatorOptions, runOperator } from "../../src/operator.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type EndpointOptions, endpoints } from "../../src/sagemaker/endpoints.ts";
import { FAKE_CREDENTIALS, startOperator, type StartOptions } from "./operator.ts";
import { RUNS_SOURCES, saySources } from "./program.ts";

const DEFAULTS = { workers: 4, pollIntervalMs: 100, heartbeatMs: 5 * 60_000, stalenessMs: 30_000 };

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
      | "assumedRoles"
      | "partitions"
      | "namespaceAnnotations"
      | "leaderElection"
    >
  > {
  kubeconfig: string;
  endpoints?: EndpointOptions;
  /** Stands between the operator and its cluster, to harm what goes through. */
  wrap?: (cluster: Cluster) => Cluster;
  /** Whether it must be in this process, since the test changes something here that it depends on. */
  inProcess?: boolean;
}

/** An operator of a test. Disposing of it stops it. */
export class LocalOperator implements AsyncDisposable {
  readonly #stop: () => Promise<void>;
  #stopped: Promise<void> | undefined;

  private constructor(stop: () => Promise<void>) {
    this.#stop = stop;
  }

  /**
   * Starts the program with the flags that the options ask for. With a `clock` or a `wrap`, which can't be handed to a
   * process, with `inProcess`, and where the tests run the sources, it is in this process, as the same code as `run`.
   */
  static async start({ inProcess, ...options }: LocalOperatorOptions): Promise<LocalOperator> {
    const needsThisProcess = inProcess || options.clock !== undefined || options.wrap !== undefined;
    if (RUNS_SOURCES) saySources();
    if (needsThisProcess || RUNS_SOURCES) return new LocalOperator(await startInProcess(options));
    const operator = startOperator(startOptions(options));
    return new LocalOperator(async () => assert.equal(await operator.stop(), 0, operator.stderr));
  }

  /** Ends it as SIGTERM would. A repeated call waits for the same end. */
  async stop(): Promise<void> {
    await (this.#stopped ??= this.#stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Gives what stops it. */
async function startInProcess(
  { kubeconfig, wrap = (cluster) => cluster, ...options }: Omit<LocalOperatorOptions, "inProcess">,
): Promise<() => Promise<void>> {
  for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
  const stopping = new AbortController();
  const cluster = await loadCluster({ kubeconfig, env: Deno.env });
  const running = runOperator({
    clock: systemClock,
    version: "0.0.0-test",
    namespaces: [],
    ...DEFAULTS,
    healthAddress: "0",
    metricsAddress: "0",
    metricsAuthorization: false,
    jobTags: true,
    instance: "test",
    ...options,
    cluster: wrap(cluster),
    endpoints: endpoints(options.endpoints ?? {}),
  }, stopping.signal);
  const ended = running.finally(() => cluster.close());
  return () => {
    stopping.abort();
    return ended;
  };
}

/** The same options as flags of `run`. */
function startOptions(options: Omit<LocalOperatorOptions, "inProcess">): StartOptions {
  const { workers, pollIntervalMs, heartbeatMs, stalenessMs, ...others } = { ...DEFAULTS, ...options };
  const {
    kubeconfig,
    namespaces = [],
    selector,
    defaults = {},
    allowed,
    assumedRoles,
    partitions,
    namespaceAnnotations = true,
    leaderElection,
    ...more
  } = others;
  const { endpoints = {}, clock: _clock, wrap: _wrap, ...rest } = more;
  // An option that is missing below is a type error here.
  rest satisfies Record<PropertyKey, never>;
  const flags: Record<string, string | number | undefined> = {
    "max-concurrent-reconciles": workers,
    "poll-interval": `${pollIntervalMs}ms`,
    "status-heartbeat": `${heartbeatMs}ms`,
    "status-staleness-limit": `${stalenessMs}ms`,
    "namespace": namespaces.join() || undefined,
    "selector": selector,
    "allowed-endpoints": endpoints.allowed?.join() || undefined,
    "allowed-role-arns": allowed?.roleArns.join() || undefined,
    "allowed-partitions": partitions?.join() || undefined,
    "allowed-assume-role-arns": assumedRoles?.roleArns.join() || undefined,
    "allowed-regions": allowed?.regions.join() || undefined,
    "default-ttl-seconds-after-finished": defaults.ttlSecondsAfterFinished,
    "default-deletion-policy": defaults.deletionPolicy,
    "leader-election-namespace": leaderElection?.namespace,
    "leader-election-id": leaderElection?.name,
  };
  const { endpointUrl } = endpoints;
  return {
    kubeconfig,
    ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
    flags: [
      ...(assumedRoles?.externalIdAnnotation ? ["--allow-external-id-annotation"] : []),
      ...(allowed?.annotationsWiden ? ["--namespace-annotations-widen"] : []),
      ...Object.entries(flags).flatMap(([name, value]) => value === undefined ? [] : [`--${name}`, String(value)]),
      ...(leaderElection ? ["--leader-elect"] : []),
      ...(namespaceAnnotations ? [] : ["--no-namespace-annotations"]),
    ],
    env: environment(endpoints.env),
  };
}

/** What the operator's environment has beyond the usual, and what tests set in their own for their operators. */
function environment(given: EndpointOptions["env"]): Record<string, string> {
  const ofTests = Object.fromEntries(["AWS_PROFILE", "AWS_ENDPOINT_URL_STS"].map((name) => [name, Deno.env.get(name)]));
  const entries = Object.entries({ ...ofTests, ...given });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
