import { join } from "node:path";
import { type Clock, sleep, systemClock } from "../src/runtime/clock.ts";
import { eventually } from "../tests/support/eventually.ts";
import { freePort } from "../tests/support/operator.ts";
import { installCrd } from "../tests/support/resources.ts";
import { type ControlPlane, startControlPlane } from "../tools/control_plane/control_plane.ts";
import type { ListMode } from "../src/sagemaker/stand_in/list.ts";
import type { QuotaSet } from "../src/sagemaker/stand_in/quotas.ts";
import { ServerProcess } from "../tools/control_plane/server_process.ts";
import { parseKubeconfig } from "../tools/control_plane/kubeconfig.ts";
import { type Cost, costBetween, type Snapshot } from "./cost.ts";
import { Load } from "./cluster.ts";
import { Observer } from "./observer.ts";
import { cpuSeconds, machineCpuSeconds } from "./proc.ts";
import { profileText } from "./profile_text.ts";
import { Profiler } from "./profiler.ts";
import { commandOf } from "./program.ts";
import { StandInClient } from "./stand_in_client.ts";
import { sum } from "./statistics.ts";

const MAIN = join(import.meta.dirname!, "../main.ts");

/** How the simulator behaves; see `sagemaker-operator simulate --help`. */
export interface Account {
  lists: ListMode;
  history: number;
  quotas: QuotaSet;
  /** As in `--quota`. */
  quota: readonly string[];
}

/** What a scenario needs to know of the command line. */
export interface Setting {
  account: Account;
  /** A compiled operator, or a file of JavaScript or TypeScript for Deno to run. */
  program: string;
  /** How long each call of SageMaker takes, in milliseconds. */
  latencyMs: number;
  /** A folder for CPU profiles of the operator, which must be a file then. */
  profiles?: string | undefined;
  signal: AbortSignal;
  /** Takes a line for people. */
  progress: (line: string) => void;
}

/** A control plane with its CRD, SageMaker's stand-in and, once it is started, the operator; each a process of its own. */
export class World implements AsyncDisposable {
  readonly clock: Clock = systemClock;
  readonly load: Load;
  readonly observer: Observer;
  readonly standIn: StandInClient;
  readonly signal: AbortSignal;
  readonly #setting: Setting;
  readonly #controlPlane: ControlPlane;
  readonly #standInPid: number;
  readonly #stack: AsyncDisposableStack;
  #operator: ServerProcess | undefined;
  #health = "";
  readonly #inspector = `127.0.0.1:${freePort()}`;

  private constructor(
    setting: Setting,
    parts: { controlPlane: ControlPlane; load: Load; observer: Observer; standIn: StandInClient; standInPid: number },
    stack: AsyncDisposableStack,
  ) {
    this.#setting = setting;
    this.#controlPlane = parts.controlPlane;
    this.load = parts.load;
    this.observer = parts.observer;
    this.standIn = parts.standIn;
    this.#standInPid = parts.standInPid;
    this.signal = setting.signal;
    this.#stack = stack;
  }

  /** @param durations Go-style: how long a job runs and how long one takes to stop */
  static async open(setting: Setting, durations: { job?: string; stop?: string } = {}): Promise<World> {
    const { signal, account } = setting;
    await using stack = new AsyncDisposableStack();
    const controlPlane = stack.use(await startControlPlane({ signal, detached: true }));
    await installCrd(controlPlane);
    const port = freePort();
    const { job = "24h", stop = "2s" } = durations;
    const process = await ServerProcess.start("stand-in", Deno.execPath(), {
      args: ["run", "-A", MAIN, "simulate", "--admin", `--listen=127.0.0.1:${port}`, "--log-level=error"].concat(
        `--job-duration=${job}`,
        `--stop-duration=${stop}`,
        ...[`--lists=${account.lists}`, `--history=${account.history}`, `--quotas=${account.quotas}`],
        ...account.quota.map((quota) => `--quota=${quota}`),
      ),
      logFile: join(controlPlane.dir, "stand-in.log"),
      detached: true,
    });
    stack.defer(() => process.stop(systemClock, 2_000));
    const standIn = new StandInClient(`http://127.0.0.1:${port}`, signal);
    await standIn.ready(systemClock);
    await standIn.setLatency(setting.latencyMs);
    const load = stack.use(new Load(parseKubeconfig(await Deno.readTextFile(controlPlane.kubeconfig)), signal));
    const observer = stack.use(new Observer(load.watch, await load.resourceVersion(), systemClock));
    const parts = { controlPlane, load, observer, standIn, standInPid: process.pid };
    return new World(setting, parts, stack.move());
  }

  /** Starts the operator with its defaults; gives the time of that, in milliseconds since the epoch. */
  async startOperator(): Promise<number> {
    const { program, profiles } = this.#setting;
    const args = ["run", "--kubeconfig", this.#controlPlane.kubeconfig, "--endpoint-url", this.standIn.url].concat(
      "--log-format=json",
      `--health-probe-bind-address=${this.#health = `127.0.0.1:${freePort()}`}`,
      `--metrics-bind-address=127.0.0.1:${freePort()}`,
    );
    const inspect = profiles === undefined ? [] : [`--inspect=${this.#inspector}`];
    const startedAt = this.clock.now();
    const [command, commandArgs] = commandOf(program, args, inspect);
    this.#operator = await ServerProcess.start("operator", command, {
      args: commandArgs,
      logFile: join(this.#controlPlane.dir, "operator.log"),
      detached: true,
    });
    return startedAt;
  }

  /** Waits until the operator is ready; gives the time of that, in milliseconds since the epoch. */
  async untilReady(timeoutMs: number): Promise<number> {
    return await eventually("the operator is ready", async () => {
      const { ok } = await fetch(`http://${this.#health}/readyz`, { signal: this.signal });
      if (!ok) throw new Error("it says that it is not");
      return this.clock.now();
    }, { timeoutMs, intervalMs: 10 });
  }

  async stopOperator(): Promise<void> {
    await this.#operator?.stop(this.clock, 15_000);
    this.#operator = undefined;
  }

  get operatorPid(): number {
    if (this.#operator === undefined) throw new Error("Cannot look at the operator: it is not running");
    return this.#operator.pid;
  }

  async sleep(ms: number): Promise<void> {
    await sleep(this.clock, ms, this.signal);
  }

  /** What an action costs, until it has ended. @param name of the profile, if there is to be one */
  async costOf(name: string, action: () => Promise<void>): Promise<Cost> {
    const { profiles, progress } = this.#setting;
    using profiler = profiles === undefined ? undefined : await Profiler.start(this.#inspector);
    const before = await this.#snapshot();
    await action();
    const after = await this.#snapshot();
    if (profiler !== undefined) {
      const profile = await profiler.stop();
      const file = join(profiles!, `${name}.cpuprofile`);
      await Deno.writeTextFile(file, JSON.stringify(profile));
      await Deno.writeTextFile(join(profiles!, `${name}.txt`), profileText(profile));
      progress(`${name}: wrote ${file} and its summary`);
    }
    return costBetween(before, after);
  }

  async #snapshot(): Promise<Snapshot> {
    const [etcd, apiserver] = this.#controlPlane.pids;
    const seconds = (pid: number | undefined) => pid === undefined ? 0 : cpuSeconds(pid);
    const [awsCalls, writes] = await Promise.all([this.standIn.calls(), this.load.writes()]);
    const own = {
      operator: await seconds(this.#operator?.pid),
      apiserver: await seconds(apiserver),
      etcd: await seconds(etcd),
      "stand-in": await seconds(this.#standInPid),
      bench: await seconds(Deno.pid),
    };
    const cpu = { ...own, others: await machineCpuSeconds() - sum(Object.values(own)) };
    return { at: this.clock.monotonic(), cpu, awsCalls, writes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopOperator();
    await this.#stack.disposeAsync();
  }
}
