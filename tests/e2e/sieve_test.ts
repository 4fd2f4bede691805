/**
 * Sieve's intermediate states with the program itself: it is killed, as by kill -9, before and after each of its effects, which
 * a run without harm shows. tests/sieve has the other perturbations, and more lifecycles, in memory.
 */
import assert from "node:assert/strict";
import { startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { ApiProxy } from "../support/api_proxy.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { type OperatorProcess, startOperator } from "../support/operator.ts";
import { freshNamespace, installCrd, Resources } from "../support/resources.ts";

const cluster = testCluster();
Deno.test.beforeAll(() => installCrd(cluster));

/** How long a lifecycle may take with a restart in it. */
const LIMIT = { timeoutMs: 60_000 };
const WRITES = ["create", "update", "patch", "delete"];
const EFFECTS = ["CreateProcessingJob", "StopProcessingJob"];

/** An apiserver, a SageMaker and one operator in between, which is started again whenever it has been killed. */
class Stage implements AsyncDisposable {
  /** Both sides of each effect so far. */
  readonly points: string[] = [];
  readonly resources: Resources;
  readonly #proxy: ApiProxy;
  readonly #standIn: Awaited<ReturnType<typeof startStandIn>>;
  readonly #kubeconfig: string;
  /** The index of the point at which the operator is killed; none for never. */
  readonly #deadly: number | undefined;
  #operator!: OperatorProcess;
  #restarting: Promise<void> = Promise.resolve();

  private constructor(
    resources: Resources,
    proxy: ApiProxy,
    standIn: Awaited<ReturnType<typeof startStandIn>>,
    kubeconfig: string,
    deadly: number | undefined,
  ) {
    this.resources = resources;
    this.#proxy = proxy;
    this.#standIn = standIn;
    this.#kubeconfig = kubeconfig;
    this.#deadly = deadly;
  }

  static async open(deadly?: number): Promise<Stage> {
    const resources = new Resources(cluster, await freshNamespace(cluster));
    const proxy = await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(cluster.kubeconfig)));
    const kubeconfig = await proxy.writeKubeconfig(`${cluster.folder}/${resources.namespace}.kubeconfig`);
    const standIn = await startStandIn({ jobDuration: 3_600_000, stopDuration: 300 });
    const stage = new Stage(resources, proxy, standIn, kubeconfig, deadly);
    stage.#listen();
    stage.#start();
    return stage;
  }

  /** What is true at the end of the one job. */
  jobs(): { created: number; statuses: string[] } {
    return { created: this.#standIn.created.length, statuses: this.#standIn.jobs().map(({ status }) => status) };
  }

  #start(): void {
    const flags = ["--namespace", this.resources.namespace];
    this.#operator = startOperator({ kubeconfig: this.#kubeconfig, endpoint: this.#standIn.url, flags });
  }

  #listen(): void {
    this.#proxy.intercept = async ({ verb, resource, subresource }, { forward }) => {
      if (!WRITES.includes(verb)) return undefined;
      const what = `${verb} ${[resource, subresource].filter(Boolean).join("/")}`;
      if (this.#survives(`before ${what}`) === false) return "reset";
      const answer = await forward();
      return this.#survives(`after ${what}`) ? answer : "reset";
    };
    this.#standIn.intercept = (operation, _, { apply }) => {
      if (!EFFECTS.includes(operation)) return undefined;
      if (!this.#survives(`before ${operation}`)) return "reset";
      const answer = apply();
      return this.#survives(`after ${operation}`) ? answer : "reset";
    };
  }

  /** Comes to a point; false if the operator has just died there. */
  #survives(point: string): boolean {
    if (this.points.push(point) - 1 !== this.#deadly) return true;
    const dying = this.#operator;
    this.#restarting = dying.kill().then(() => this.#start());
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#restarting;
    await this.#operator.kill();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#standIn.close();
    await this.resources.clear();
  }
}

/** A lifecycle with every kind of effect in it. */
async function play(deadly?: number): Promise<{ points: string[]; end: unknown }> {
  await using stage = await Stage.open(deadly);
  const { resources } = stage;
  await resources.create("job");
  await resources.untilStatus("job", "InProgress", LIMIT);
  await resources.delete("job");
  await resources.untilGone("job", LIMIT);
  await eventually("the job has stopped", () => assert.deepEqual(stage.jobs().statuses, ["Stopped"]));
  // The last Event may come after it.
  await eventually("the last point is reached", () => {
    if (deadly === undefined) assert.match(stage.points.at(-1)!, /^after .* events$/);
    else assert.ok(stage.points.length > deadly);
  });
  return { points: stage.points, end: stage.jobs() };
}

Deno.test("sieve, intermediate state: kill -9 before and after every effect of the program leaves one job, and no trace", async (test) => {
  const { points, end } = await play();
  for (
    const effect of ["patch processingjobs", "CreateProcessingJob", "patch processingjobs/status", "StopProcessingJob"]
  ) {
    assert.ok(points.includes(`before ${effect}`), `'${effect}' is missing in ${points}`);
  }
  for (const [index, point] of points.entries()) {
    await test.step(`killed ${point} (${index + 1} of ${points.length})`, async () => {
      assert.deepEqual((await play(index)).end, end);
    });
  }
});
