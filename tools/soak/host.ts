import { join } from "node:path";
import { type Clock, deadline, sleep } from "../../src/runtime/clock.ts";
import { valueOf } from "../../tests/support/exposition.ts";
import { freePort, type OperatorProcess, startOperator } from "../../tests/support/operator.ts";
import { residentMiB, type Sample } from "./memory.ts";

const SAMPLE_MS = 1_000;
/** A process that is being started has no size of its own yet. */
const START_MS = 2_000;
const SCRAPE_MS = 5_000;
/** So much of what an operator has logged last is kept, in characters: in hours it would be too much. */
const LOG_LENGTH = 16 * 1024 * 1024;

export interface HostOptions {
  kubeconfig: string;
  endpoint: string;
  /** The compiled program; from the sources unless given. */
  binary: string | undefined;
  /** A folder for what the operators write. */
  logs: string;
  clock: Clock;
  signal: AbortSignal;
}

/** Runs one operator after another, as a node does whose pod crashes. */
export class Host implements AsyncDisposable {
  /** Of each operator in turn. */
  readonly samples: Sample[][] = [];
  kills = 0;
  readonly #options: HostOptions;
  readonly #ends: string[] = [];
  #current: OperatorProcess | undefined;
  #metricsUrl = "";
  #startedAt = 0;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { kubeconfig, endpoint, binary, signal } = this.#options;
    if (binary !== undefined) Deno.env.set("SAGEMAKER_OPERATOR_TEST_BINARY", binary);
    else Deno.env.delete("SAGEMAKER_OPERATOR_TEST_BINARY");
    signal.throwIfAborted();
    const metrics = `127.0.0.1:${freePort()}`;
    const flags = ["--poll-interval", "1s", "--metrics-bind-address", metrics];
    const operator = startOperator({ kubeconfig, endpoint, flags, logLength: LOG_LENGTH });
    this.#metricsUrl = `http://${metrics}/metrics`;
    this.#current = operator;
    this.#startedAt = this.#options.clock.monotonic();
    this.samples.push([]);
    operator.exited.then((code) => {
      if (this.#current !== operator) return;
      this.#current = undefined;
      this.#ends.push(`the operator ended by itself, with ${code}`);
    });
    await Promise.resolve();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.kills++;
    await this.#end((operator) => operator.kill());
  }

  /** Asks it to end; gives its exit code. */
  async stop(): Promise<number> {
    let code = 0;
    await this.#end(async (operator) => void (code = await operator.stop()));
    return code;
  }

  /** What has been told of operators that ended though nobody ended them, since the last time. */
  unexpectedEnds(): string[] {
    return this.#ends.splice(0);
  }

  /** Looks at the memory once a second, until `signal` is aborted. */
  async sampleMemory(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const operator = this.#current;
      const at = clock.monotonic();
      const mib = operator && at - this.#startedAt > START_MS ? await residentMiB(operator.pid) : undefined;
      const samples = this.samples.at(-1);
      const heapMib = mib === undefined ? undefined : await this.#heapMiB();
      if (mib !== undefined) samples!.push({ at, mib, ...(heapMib !== undefined && { heapMib }) });
      await sleep(clock, SAMPLE_MS, signal).catch(() => {});
    }
  }

  /** What its JavaScript objects take; undefined where it does not say so in time. */
  async #heapMiB(): Promise<number | undefined> {
    using limit = deadline(this.#options.clock, SCRAPE_MS);
    try {
      const response = await fetch(this.#metricsUrl, { signal: limit.signal });
      const bytes = valueOf(await response.text(), "sagemaker_operator_heap_used_bytes");
      return bytes === undefined ? undefined : bytes / 1024 / 1024;
    } catch {
      // It has just been killed, or is busy.
      return undefined;
    }
  }

  memoryNow(): number {
    return Math.round(this.samples.at(-1)?.at(-1)?.mib ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end((operator) => operator.kill());
  }

  async #end(how: (operator: OperatorProcess) => Promise<void>): Promise<void> {
    const operator = this.#current;
    if (operator === undefined) return;
    this.#current = undefined;
    await how(operator);
    await Deno.writeTextFile(join(this.#options.logs, `operator-${this.samples.length}.log`), operator.stderr);
  }
}
