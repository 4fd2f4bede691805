import { KIND } from "../api/group.ts";
import { KubeClient } from "../kubernetes/client.ts";
import { loadCluster } from "../kubernetes/config.ts";
import { systemClock } from "../runtime/clock.ts";
import { errorText } from "../telemetry/error_text.ts";
import { openCloudWatch } from "./cloudwatch.ts";
import { follow, KEEP_MS } from "./follow.ts";
import { followAttempts } from "./follow_attempts.ts";
import type { JobEnd, JobView } from "./job_view.ts";
import { JobWatch } from "./job_watch.ts";
import { lastLines } from "./last_lines.ts";
import { LineBuffer } from "./line_buffer.ts";
import { PatientSource } from "./patience.ts";
import { type LineStyle, textOf } from "./printer.ts";
import { groupOrNothing, type LogLine, type LogSource, pages } from "./source.ts";
import { chosenLines, type StreamChoice, streamPrefix } from "./streams.ts";

/** What somebody wants to see. */
export interface LogsRequest {
  /** Of the resource; `processingjob/NAME`, as kubectl writes it, will do. */
  name: string;
  namespace?: string | undefined;
  /** Number of the attempt; the latest unless given. */
  attempt?: number | undefined;
  kubeconfig?: string | undefined;
  context?: string | undefined;
  endpointUrl?: string | undefined;
  follow: boolean;
  /** Milliseconds; 0 for all lines. */
  since: number;
  /** -1 for all lines. */
  tail: number;
  streamPrefix?: string | undefined;
  host?: string | undefined;
  /** How lines look, given how many hosts write them. */
  style: (hosts: number) => Omit<LineStyle, "colours" | "plain">;
  colours: boolean;
  /** Whether control characters are left out of the lines. */
  plain: boolean;
  /** Said on stderr before the first line. */
  heading?: (view: JobView) => string;
  version: string;
}

interface Streams {
  env: (name: string) => string | undefined;
  signal: AbortSignal;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
}

/** Hosts send their lines in batches, each in its own time: so far may a line of one be behind those of another. */
const HOLD_MS = 8_000;
/** The lines of one host arrive in their order, but for what happens on the way. */
const HOLD_ONE_MS = 2_000;
/** How far ahead of a resource's creation, in milliseconds, its job's first line may be: clocks differ. */
const SKEW_MS = 600_000;

/**
 * Prints the logs of a resource's job.
 *
 * @throws Error with what is wrong, if there is no such resource, its logs can't be read, or the job that was followed did not
 * complete; the signal's reason once that is aborted
 */
export async function showLogs(request: LogsRequest, streams: Streams): Promise<void> {
  const { kubeconfig, context } = request;
  const cluster = await loadCluster({ kubeconfig, context, env: { get: streams.env } });
  try {
    await new Show(request, streams).run(new KubeClient(cluster));
  } finally {
    cluster.close();
  }
}

class Show {
  readonly #request: LogsRequest;
  readonly #streams: Streams;
  readonly #clock = systemClock;
  readonly #choice: StreamChoice;
  readonly #name: string;
  /** When the first line of interest was written, in milliseconds since the epoch. */
  readonly #since: number;
  #printed = 0;

  constructor(request: LogsRequest, streams: Streams) {
    this.#request = request;
    this.#streams = streams;
    this.#choice = { prefix: request.streamPrefix, host: request.host };
    this.#since = request.since === 0 ? -Infinity : this.#clock.now() - request.since;
    this.#name = request.name.slice(request.name.indexOf("/") + 1);
  }

  async run(client: KubeClient): Promise<void> {
    const { attempt, endpointUrl: endpoint, heading, version } = this.#request;
    const { env, signal } = this.#streams;
    const clock = this.#clock;
    const namespace = this.#request.namespace ?? client.cluster.namespace;
    const onTrouble = (error: unknown) => this.#say(`${errorText(error)}; trying again`);
    const onChange = (view: JobView) => {
      if (this.#printed === 0 && !view.end) this.#say(standing(this.#name, view));
    };
    const job = await JobWatch.open(
      { client, namespace, name: this.#name, attempt, clock, onChange, onTrouble },
      signal,
    );
    if (heading) this.#say(heading(job.view));
    using logs = openCloudWatch({ region: job.view.region, endpoint, env, clock, version });
    const source = new PatientSource(logs, { clock, onTrouble });
    if (this.#request.follow) return await this.#follow(job, groupOrNothing(source));
    await this.#read(job.view, source);
    if (this.#printed === 0) this.#say(`${standing(this.#name, job.view)}; there are no log lines of it`);
  }

  async #read(view: JobView, source: LogSource): Promise<void> {
    const { signal } = this.#streams;
    if (this.#request.tail >= 0) return this.#print(view, (await this.#tail(view, source)).lines);
    const buffer = new LineBuffer({ keepMs: KEEP_MS, holdMs: HOLD_MS });
    const query = { streamPrefix: streamPrefix(view.jobName, this.#choice), from: this.#from(view) };
    for await (const lines of pages(source, query, signal)) {
      buffer.add(chosenLines(lines, this.#choice), this.#clock.monotonic());
      this.#print(view, buffer.overflow());
    }
    this.#print(view, buffer.drain());
  }

  async #follow(job: JobWatch, source: LogSource): Promise<void> {
    const { signal } = this.#streams;
    const { attempt } = this.#request;
    const ending = new AbortController();
    if (!job.view.isCreated) this.#say(standing(this.#name, job.view));
    const watching = job.run(AbortSignal.any([signal, ending.signal]));
    const first = attempt ?? job.latest;
    // An attempt that was asked for by its number is the only one.
    const attempts = attempt === undefined ? job : { latest: attempt, viewOf: () => job.view };
    try {
      const { end } = await followAttempts(attempts, first, {
        followOne: (view, number) => this.#followOne(view, source, { withTail: number === first }),
        onNext: (ended, next) =>
          this.#say(`Attempt ${next - 1} of ${standing(this.#name, ended)}; attempt ${next} follows`),
      });
      if (end?.outcome !== "Completed") throw new Error(standing(this.#name, job.view));
    } finally {
      ending.abort();
      await watching;
    }
  }

  /** Prints the lines of one attempt until it has ended, beginning with its last lines if only these are asked for. */
  async #followOne(view: () => JobView, source: LogSource, { withTail }: { withTail: boolean }): Promise<void> {
    const { signal } = this.#streams;
    const isOneHost = view().hosts === 1 || this.#request.host !== undefined;
    const buffer = new LineBuffer({ keepMs: KEEP_MS, holdMs: isOneHost ? HOLD_ONE_MS : HOLD_MS });
    let from = this.#from(view());
    if (withTail && this.#request.tail >= 0 && view().isCreated) {
      const tail = await this.#tail(view(), source);
      buffer.skip(tail.seen);
      from = tail.from;
      this.#print(view(), tail.lines);
    }
    await follow({
      source,
      buffer,
      choice: this.#choice,
      from,
      job: view,
      clock: this.#clock,
      print: (lines) => this.#print(view(), lines),
      signal,
    });
  }

  async #tail(view: JobView, source: LogSource) {
    const from = this.#from(view);
    const around = Math.max(from, view.end?.at ?? this.#clock.now());
    const query = { jobName: view.jobName, choice: this.#choice, count: this.#request.tail, from, around };
    return await lastLines(source, query, this.#streams.signal);
  }

  /** The first moment of interest, in milliseconds since the epoch. */
  #from({ createdAt }: JobView): number {
    return Math.max(createdAt - SKEW_MS, this.#since);
  }

  #print({ hosts }: JobView, lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    this.#printed += lines.length;
    const { style, colours, plain, host } = this.#request;
    this.#streams.stdout(textOf(lines, { ...style(host === undefined ? hosts : 1), colours, plain }));
  }

  #say(text: string): void {
    this.#streams.stderr(`${text}\n`);
  }
}

const OUTCOMES: Record<JobEnd["outcome"], string> = {
  Completed: "has completed",
  Failed: "has failed",
  Stopped: "was stopped",
  Error: "is in status Error",
  Gone: "was deleted",
};

/** Where a job stands, in a sentence without its full stop. */
function standing(name: string, { word, text, isCreated, end }: JobView): string {
  const state = end ? OUTCOMES[end.outcome] : isCreated ? `is ${word}` : `has no job in SageMaker yet: ${word}`;
  return `${KIND} '${name}' ${state}${text && end?.outcome !== "Gone" ? `: ${text}` : ""}`;
}
