import { join } from "node:path";
import { type Clock, sleep, systemClock } from "../../src/runtime/clock.ts";
import { FaultPlan, seededRandom } from "../../src/sagemaker/stand_in/faults.ts";
import { type StandIn, startStandIn } from "../../src/sagemaker/stand_in/server.ts";
import { ApiProxy } from "../../tests/support/api_proxy.ts";
import { freshNamespace, installCrd } from "../../tests/support/resources.ts";
import { type ControlPlane, startControlPlane } from "../control_plane/control_plane.ts";
import { parseKubeconfig } from "../control_plane/kubeconfig.ts";
import { Churn } from "./churn.ts";
import { ApiFaults, SAGEMAKER_FAULTS } from "./faults.ts";
import { Host } from "./host.ts";
import { growth, heapSlope, SHORTEST_LIFE_MS, slopeText, summary } from "./memory.ts";
import { Referee } from "./referee.ts";
import { during, quietly } from "./tasks.ts";

const ROOT = join(import.meta.dirname!, "../..");
const BINARY = join(ROOT, "dist", "sagemaker-operator");
const REPORT_MS = 10_000;
const CHECK_MS = 5_000;
/** How often somebody does something to each resource, on average. */
const ACTS_MS = 60_000;
const CUT_MS = 15_000;
/** How often old records go away, so that hours of churn cost the soak no more than minutes do. */
const EXPIRY_MS = 60_000;
/** The slowest retry of the operator comes after 5 minutes. */
const SETTLE_MS = 6 * 60_000;
const HOUR_MS = 3_600_000;

export interface SoakOptions {
  minutes: number;
  jobs: number;
  seed: number;
  /** Run the operator from its sources, even if there is a binary. */
  sources: boolean;
  /** Takes each line of the report. */
  say: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Soaks the operator and tells how it goes; the last line says how many violations there were.
 *
 * @returns the number of violations
 * @throws the signal's reason once it is aborted, when everything has been removed
 */
export async function runSoak(options: SoakOptions): Promise<number> {
  const { jobs, minutes, seed, say, signal } = options;
  const clock = systemClock;
  await using stack = new AsyncDisposableStack();
  const plane = stack.use(await startControlPlane({ signal, progress: say, detached: true }));
  await installCrd(plane);
  const random = seededRandom(seed);
  const standIn = await startStandIn({ jobDuration: 24 * HOUR_MS, stopDuration: 2_000 });
  stack.defer(() => standIn.close());
  const proxy = stack.use(await ApiProxy.start(parseKubeconfig(await Deno.readTextFile(plane.kubeconfig))));
  const kubeconfig = await proxy.writeKubeconfig(join(plane.dir, "proxied.kubeconfig"));
  const binary = !options.sources && await isFile(BINARY) ? BINARY : undefined;
  const logs = await Deno.makeTempDir({ prefix: "sagemaker-operator-soak-" });
  let violations: string[] = [];
  stack.defer(async () => {
    if (violations.length === 0) await Deno.remove(logs, { recursive: true });
  });
  const host = stack.use(new Host({ kubeconfig, endpoint: standIn.url, binary, logs, clock, signal }));
  const namespace = await freshNamespace(plane);

  say(`${minutes} minutes, ${jobs} resources, seed ${seed}, ${binary ?? "the operator from its sources"}`);
  const soak = new Soak({ plane, proxy, standIn, host, namespace, random, clock, options });
  ({ violations } = soak.referee);
  await soak.run();
  if (violations.length > 0) say(`the operator's logs are in ${logs}`);
  say(`violations: ${violations.length}`);
  return violations.length;
}

interface Parts {
  plane: ControlPlane;
  proxy: ApiProxy;
  standIn: StandIn;
  host: Host;
  namespace: string;
  random: () => number;
  clock: Clock;
  options: SoakOptions;
}

/** One soak, once everything is there. */
class Soak {
  readonly referee: Referee;
  readonly #parts: Parts;
  readonly #churn: Churn;
  readonly #plan: FaultPlan;
  readonly #apiFaults: ApiFaults;
  readonly #start: number;
  #reportedCalls = 0;

  constructor(parts: Parts) {
    const { plane, proxy, standIn, namespace, random, clock, options } = parts;
    this.#parts = parts;
    this.#start = clock.monotonic();
    this.#churn = new Churn({ cluster: plane, standIn, namespace, random, population: options.jobs, clock });
    this.#plan = new FaultPlan({ rules: SAGEMAKER_FAULTS, random });
    this.#apiFaults = new ApiFaults(proxy, random, clock);
    this.referee = new Referee({
      cluster: plane,
      standIn,
      namespace,
      onViolation: (text) => options.say(`${this.#time()}  VIOLATION ${text}`),
    });
  }

  async run(): Promise<void> {
    const { host, options: { signal } } = this.#parts;
    await host.start();
    await during(
      signal,
      (signal) => this.#course(signal),
      (signal) => this.#every(REPORT_MS, () => this.#report(), signal),
      (signal) => this.#every(CHECK_MS, () => this.#check(), signal),
      (signal) => host.sampleMemory(signal),
    );
    const code = await host.stop();
    if (code !== 0) this.referee.accuse(`the operator ended with ${code} after SIGTERM`);
  }

  async #course(signal: AbortSignal): Promise<void> {
    const { standIn, options: { say } } = this.#parts;
    standIn.intercept = this.#plan.intercept;
    this.#apiFaults.begin();
    await this.#churn.fill(signal);
    await this.#harm(signal);
    say(`${this.#time()}  the faults end`);
    standIn.intercept = undefined;
    this.#apiFaults.end();
    await this.#settle("every status agrees with SageMaker", () => this.referee.disagreements(), signal);
    this.#judgeMemory();
    await this.#churn.deleteAll();
    await this.#settle("every resource is gone", () => this.referee.leftovers(), signal);
    await this.#check();
  }

  /** All that happens while there are faults. */
  async #harm(signal: AbortSignal): Promise<void> {
    const { clock, options: { jobs, minutes } } = this.#parts;
    const duration = minutes * 60_000;
    await during(
      signal,
      (signal) => sleep(clock, duration, signal),
      (signal) => this.#every(Math.max(20, ACTS_MS / jobs), () => this.#churn.step(), signal),
      (signal) => this.#every(EXPIRY_MS, () => this.#churn.expireRecords(), signal),
      (signal) => this.#every(Math.min(CUT_MS, duration / 12), () => this.#apiFaults.cutWatches(), signal),
      (signal) => this.#crashes(duration / 2, signal),
    );
  }

  /** In the first half only, so that the second shows what a long life does to the memory. */
  async #crashes(duration: number, signal: AbortSignal): Promise<void> {
    const { clock, host, random } = this.#parts;
    const end = clock.monotonic() + duration;
    const pause = Math.min(60_000, duration / 3);
    await quietly(async () => {
      while (true) {
        await sleep(clock, pause * (0.7 + 0.6 * random()), signal);
        if (clock.monotonic() >= end) return;
        await host.kill();
        this.#apiFaults.maybeStale(this.referee.pastVersion());
        await host.start();
      }
    }, signal);
  }

  async #check(): Promise<void> {
    for (const text of this.#parts.host.unexpectedEnds()) this.referee.accuse(text);
    await this.referee.check();
  }

  /** Waits until there are no problems; those that are left when the time is up are violations. */
  async #settle(what: string, problems: () => Promise<string[]>, signal: AbortSignal): Promise<void> {
    const { clock, options: { say } } = this.#parts;
    const start = clock.monotonic();
    let left = await problems();
    let saidAt = start;
    while (left.length > 0 && clock.monotonic() - start < SETTLE_MS) {
      await sleep(clock, 500, signal);
      left = await problems();
      if (left.length === 0 || clock.monotonic() - saidAt < REPORT_MS) continue;
      saidAt = clock.monotonic();
      say(`${this.#time()}  waiting for ${left.length}: ${left[0]}`);
    }
    for (const problem of left) this.referee.accuse(problem);
    if (left.length === 0) {
      say(`${this.#time()}  ${what}, ${((clock.monotonic() - start) / 1000).toFixed(1)} s after that was asked for`);
    }
  }

  #judgeMemory(): void {
    const { host, options: { say } } = this.#parts;
    say(`${this.#time()}  memory of all processes: ${summary(host.samples.flat())}`);
    const last = host.samples.at(-1) ?? [];
    say(`${this.#time()}  memory of the one that lived longest: ${summary(last)}`);
    const slope = heapSlope(last);
    say(
      slope
        ? `${this.#time()}  its live heap grows by ${slopeText(slope)}`
        : `${this.#time()}  its live heap is not judged: it lived less than ${SHORTEST_LIFE_MS / 60_000} minutes`,
    );
    const problem = growth(last);
    if (problem !== undefined) this.referee.accuse(problem);
  }

  #report(): void {
    const { standIn, host, options: { say } } = this.#parts;
    const { resources, created, finished, deleted, forgotten } = this.#churn.counts();
    const running = standIn.jobs().filter(({ status }) => status === "InProgress").length;
    const calls = total(standIn.calls);
    say([
      this.#time(),
      `resources ${resources} (${created} created, ${deleted} deleted)`,
      `jobs ${standIn.created.length} (${running} running, ${finished} ended, ${forgotten} records deleted)`,
      `calls ${Math.round((calls - this.#reportedCalls) / (REPORT_MS / 1000))}/s`,
      `faults ${total(this.#plan.injected)} SageMaker ${total(this.#apiFaults.injected)} apiserver`,
      `crashes ${host.kills}`,
      `memory ${host.memoryNow()} MiB`,
      `violations ${this.referee.violations.length}`,
    ].join("  "));
    this.#reportedCalls = calls;
  }

  #time(): string {
    return `${((this.#parts.clock.monotonic() - this.#start) / 1000).toFixed(0).padStart(4)} s`;
  }

  async #every(ms: number, act: () => void | Promise<void>, signal: AbortSignal): Promise<void> {
    await quietly(async () => {
      while (true) {
        await sleep(this.#parts.clock, ms, signal);
        await act();
      }
    }, signal);
  }
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isFile }) => isFile, () => false);
}
