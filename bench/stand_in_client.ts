import { type Clock, sleep } from "../src/runtime/clock.ts";
import type { JobStatus } from "../src/api/job.ts";

const READY_MS = 15_000;

interface CreatedJob {
  name: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** The stand-in's administration, over HTTP (docs/testing.md). */
export class StandInClient {
  readonly url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.url = url;
    this.#signal = signal;
  }

  /** Waits until it serves. */
  async ready(clock: Clock): Promise<void> {
    const start = clock.monotonic();
    while (true) {
      try {
        return void await this.calls();
      } catch (error) {
        if (clock.monotonic() - start > READY_MS || this.#signal.aborted) throw error;
        await sleep(clock, 50, this.#signal);
      }
    }
  }

  /** Each call takes effect as it arrives and is answered so much later. */
  async setLatency(ms: number): Promise<void> {
    await this.#ask("POST", "faults", { rules: [{ fault: { kind: "latency", ms, applied: true } }] });
  }

  /** How many calls arrived, by operation. */
  calls(): Promise<Record<string, number>> {
    return this.#ask("GET", "calls");
  }

  /** How many of them were throttled, by operation. */
  throttled(): Promise<Record<string, number>> {
    return this.#ask("GET", "throttled");
  }

  /** The name of each resource's job. */
  async jobNames(): Promise<Map<string, string>> {
    const jobs = await this.#ask<CreatedJob[]>("GET", "created");
    return new Map(jobs.map(({ name }) => [name.slice(0, -33), name]));
  }

  /** Ends a job as Completed. */
  async finish(jobName: string): Promise<void> {
    await this.#ask("POST", `jobs/${jobName}/finish`);
  }

  /**
   * When the create of each resource's job arrived, in milliseconds since the epoch. A job is called as its resource, with `-` and
   * a UID of 32 digits behind.
   */
  async createdAt(): Promise<Map<string, number>> {
    const jobs = await this.#ask<CreatedJob[]>("GET", "created");
    return new Map(jobs.map(({ name, createdAt }) => [name.slice(0, -33), createdAt]));
  }

  /** How many jobs are in each status. */
  async statuses(): Promise<Partial<Record<JobStatus, number>>> {
    const counts: Partial<Record<JobStatus, number>> = {};
    for (const { status } of await this.#ask<{ status: JobStatus }[]>("GET", "jobs")) {
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  async #ask<T>(method: string, what: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/_admin/${what}`, {
      method,
      signal: this.#signal,
      body: body === undefined ? null : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`Cannot ask the stand-in for '${what}': it answers ${response.status}`);
    return await response.json();
  }
}
