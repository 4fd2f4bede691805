import { FINALIZER } from "../../src/api/group.ts";
import { type JobStatus, SageMakerError } from "../../src/api/job.ts";
import type { ProcessingJob, ProcessingJobStatus } from "../../src/api/processing_job.ts";
import { KubeClient, KubeError } from "../../src/kubernetes/client.ts";
import { type Cluster, loadCluster } from "../../src/kubernetes/config.ts";
import { Store } from "../../src/kubernetes/store.ts";
import { Burst } from "../../src/processing_job/burst.ts";
import { ProcessingJobReconciler } from "../../src/processing_job/reconcile.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { CallBudgets } from "../../src/sagemaker/budget.ts";
import { sageMakerFactory } from "../../src/sagemaker/client.ts";
import { toCreateRequest } from "../../src/sagemaker/convert.ts";
import { type EndpointOptions, endpoints } from "../../src/sagemaker/endpoints.ts";
import type { Result } from "../../src/runtime/controller.ts";
import { CallGate } from "../../src/sagemaker/gate.ts";
import { JobInformer } from "../../src/sagemaker/informer/informer.ts";
import type { HasKubeconfig } from "./kubectl.ts";
import { FAKE_CREDENTIALS } from "./operator.ts";
import { type Administrator, jobNameOf } from "./resources.ts";
import { Scene } from "./scene.ts";

/**
 * What the queue does with a key after a reconcile: nothing; again after the interval; again at once, then with growing
 * pauses.
 */
export type Requeue = "none" | "interval" | "at once";

/** One reconciler, called by hand. Its resource is called `job`. */
export class Bench implements AsyncDisposable {
  readonly scene: Scene;
  readonly #stack: AsyncDisposableStack;
  readonly #reconciler: ProcessingJobReconciler;
  readonly #store = new Store<ProcessingJob>();

  private constructor(scene: Scene, stack: AsyncDisposableStack, cluster: Cluster, options: EndpointOptions) {
    this.scene = scene;
    this.#stack = stack;
    const clock = systemClock;
    const budgets = new CallBudgets();
    const { sageMakerFor } = stack.use(
      sageMakerFactory({ clock, version: "0.0.0-test", endpoints: endpoints(options) }),
    );
    this.#reconciler = new ProcessingJobReconciler({
      kube: new KubeClient(cluster),
      store: this.#store,
      jobs: new JobInformer({
        sageMakerFor,
        clock,
        pollIntervalMs: 100,
        stalenessMs: 30_000,
        budgets,
        onChange: () => {},
      }),
      sageMakerFor,
      gate: new CallGate({ clock, budgets, mostUnderWay: 12, onRelease: () => {} }),
      tagsFor: (tags = []) => tags,
      record: () => {},
      limits: { heartbeatMs: 300_000, stalenessMs: 30_000 },
      burst: new Burst(clock),
      isBusy: () => false,
      clock,
    });
  }

  /** @param wrap stands between the reconciler and the API server */
  static async open(
    cluster: Administrator & HasKubeconfig,
    { wrap = (cluster) => cluster, endpoints }: { wrap?: (cluster: Cluster) => Cluster; endpoints?: EndpointOptions } =
      {},
  ): Promise<Bench> {
    for (const [name, value] of Object.entries(FAKE_CREDENTIALS)) Deno.env.set(name, value);
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await Scene.open(cluster));
    const access = await loadCluster({ kubeconfig: cluster.kubeconfig, env: Deno.env });
    stack.defer(() => access.close());
    return new Bench(scene, stack.move(), wrap(access), endpoints ?? { endpointUrl: scene.standIn.url });
  }

  /** Makes the resource with that status, as the former controller would have left it; without one it is fresh. */
  async given({ word, finalizer = word !== undefined, job, reason }: {
    word?: ProcessingJobStatus["processingJobStatus"];
    finalizer?: boolean;
    /** The job in SageMaker. */
    job?: JobStatus;
    /** Why it failed. */
    reason?: string;
  }): Promise<ProcessingJob> {
    const { resources, standIn } = this.scene;
    const resource = await resources.create("job", finalizer ? { metadata: { finalizers: [FINALIZER] } } : {});
    if (word) await resources.replaceStatus("job", { processingJobStatus: word, additional: "" });
    if (job) await this.#createJob(resource);
    if (job && job !== "InProgress") standIn.finish(jobNameOf(resource), job, reason);
    this.scene.calls.length = 0;
    return resource;
  }

  async delete(): Promise<void> {
    await this.scene.resources.delete("job");
  }

  /** Shows the reconciler the resource as it is now, and lets it work once. */
  async reconcile(): Promise<Requeue> {
    const { resources, namespace } = this.scene;
    const resource = await resources.get("job").catch(() => undefined);
    if (resource) this.#store.apply(resource, this);
    return requeueOf(await this.#reconciler.reconcile(`${namespace}/job`, AbortSignal.timeout(20_000)).catch(asError));
  }

  async status(): Promise<ProcessingJobStatus> {
    return (await this.scene.resources.get("job")).status ?? {};
  }

  async #createJob(resource: ProcessingJob): Promise<void> {
    using aws = sageMakerFactory({
      clock: systemClock,
      version: "0.0.0-test",
      endpoints: endpoints({ endpointUrl: this.scene.standIn.url }),
    });
    await aws.sageMakerFor({ region: resource.spec.region }).create(
      toCreateRequest(resource.spec, jobNameOf(resource)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** An error of one of the two services, for which the queue has a backoff; anything else is a defect. */
function asError(error: unknown): SageMakerError | KubeError {
  if (error instanceof SageMakerError || error instanceof KubeError) return error;
  throw error;
}

function requeueOf(outcome: Result | Error): Requeue {
  if (outcome instanceof Error) return "at once";
  if (outcome.kind === "done" || outcome.kind === "gone") return "none";
  if (outcome.kind === "back-off") return "at once";
  // Two seconds are sooner than any interval of the Go operator, whose errors went through its backoff.
  return outcome.ms <= 2_000 ? "at once" : "interval";
}
