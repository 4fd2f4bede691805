import { getLogger } from "@logtape/logtape";
import type { EventText, ObjectReference } from "../kubernetes/events.ts";
import { type Clock, deadline, orAbort, sleep } from "../runtime/clock.ts";
import { type Environment, textWithout } from "../sagemaker/hidden.ts";
import { IdleMap } from "../sagemaker/idle_map.ts";
import { openCloudWatch } from "./cloudwatch.ts";
import { noteWithLines } from "./failure_note.ts";
import { lastLines } from "./last_lines.ts";
import type { LogLine, LogSource } from "./source.ts";

const log = getLogger(["operator", "logs"]);

/** The last lines of a job reach CloudWatch Logs some seconds after its end. */
const SETTLE_MS = 5_000;
const READ_MS = 5_000;
/** Of jobs that fail together, the logs of so many are read at once; the others' Events go out without lines. */
const MAX_AT_ONCE = 20;
/** An Event has 1,024 bytes, and shows the end of a line that is longer. The rest is enough to find values that begin before it. */
const LONGEST_LINE = 8_192;
/** How far ahead of a resource's creation, in milliseconds, its job's first line may be: clocks differ. */
const SKEW_MS = 600_000;

type RecordedEvent = EventText & { regarding: ObjectReference };

/** Whose logs to read. */
export interface FailedJob {
  jobName: string;
  region: string;
  /** The resource's creation, in milliseconds since the epoch. */
  createdAt: number;
  /** Asks for the job's environment, whose values are left out of its lines; `undefined` if the job's record has gone. */
  environment: (signal: AbortSignal) => Promise<Environment | undefined>;
}

export interface FailureLinesOptions {
  /** How many lines an Event gets at most. */
  count: number;
  clock: Clock;
  env: (name: string) => string | undefined;
  /** Version of the operator, for the user agent. */
  version: string;
  /** The job of the resource that an Event is about; absent if it has gone. */
  jobOf: (regarding: ObjectReference) => FailedJob | undefined;
  /** Takes each Event once it is whole. */
  record: (event: RecordedEvent) => void;
  /** Opens the logs of a region; CloudWatch Logs unless given. */
  open?: (region: string) => LogSource & Disposable;
}

/**
 * Stands before an `EventRecorder` and puts the last log lines of a job into the Event that tells of its failure. That Event is
 * some ten seconds later then; it comes without lines where they can't be had. All others pass at once.
 */
export class FailureLines {
  readonly #options: FailureLinesOptions;
  /** By region. */
  readonly #sources: IdleMap<LogSource & Disposable>;
  readonly #reading = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: FailureLinesOptions) {
    this.#options = options;
    this.#sources = new IdleMap(options.clock);
  }

  /** How many regions' logs are open. */
  get size(): number {
    return this.#sources.size;
  }

  /** Closes the logs of regions where no job has failed lately. */
  dropIdle(): void {
    for (const source of this.#sources.dropIdle()) source[Symbol.dispose]();
  }

  /** Hands an Event on, soon. Never throws. */
  record(event: RecordedEvent): void {
    const { jobOf, record } = this.#options;
    const job = event.reason === "Failed" ? jobOf(event.regarding) : undefined;
    if (job === undefined || this.#reading.size >= MAX_AT_ONCE) return record(event);
    const reading = this.#lines(job).then(({ lines, environment }) => {
      const shown = (text: string) => textWithout(environment, text.slice(-LONGEST_LINE));
      record({ ...event, note: noteWithLines(event.note, lines, shown) });
    })
      .finally(() => this.#reading.delete(reading));
    this.#reading.add(reading);
  }

  /** Hands on what is still held back, as it is. To be called before the recorder is closed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#reading);
    for (const source of this.#sources.values()) source[Symbol.dispose]();
  }

  /** What could be read in time. Without the environment it is not known what to leave out, so there are no lines. */
  async #lines(job: FailedJob): Promise<{ lines: LogLine[]; environment: Environment }> {
    const { jobName, region, createdAt } = job;
    const { clock, count } = this.#options;
    const { signal } = this.#closing;
    let found: LogLine[] = [];
    let environment: Environment | undefined;
    try {
      await sleep(clock, SETTLE_MS, signal);
      using limit = deadline(clock, READ_MS, signal);
      environment = await orAbort(job.environment(limit.signal), limit.signal);
      if (environment === undefined) return { lines: [], environment: {} };
      const query = { jobName, count, from: createdAt - SKEW_MS, around: clock.now() };
      await lastLines(this.#sourceFor(region), query, limit.signal, (lines) => found = lines);
    } catch (error) {
      if (!signal.aborted) log.warn("Cannot read the last log lines of a failed job", { job: jobName, region, error });
    }
    return environment === undefined ? { lines: [], environment: {} } : { lines: found, environment };
  }

  #sourceFor(region: string): LogSource {
    const { clock, env, version, open } = this.#options;
    return this.#sources.of(region, () => open?.(region) ?? openCloudWatch({ region, clock, env, version }));
  }
}
