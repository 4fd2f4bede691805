import { getLogger } from "@logtape/logtape";
import { type Clock, sleep } from "../runtime/clock.ts";
import { Backoff } from "./backoff.ts";
import { type KubeClient, KubeError } from "./client.ts";
import { EventMemory, type EventSeries, type EventText, type ObjectReference } from "./event_series.ts";
import { TokenBucket } from "./token_bucket.ts";
export type { EventText, ObjectReference };

const log = getLogger(["operator", "events"]);

/** Of all objects together, in requests; the default of the kubelet's own Events. */
const RATE = { burst: 100, refillMs: 20 };
/** As client-go: what comes when so many wait is dropped. */
const MAX_QUEUED = 5_000;
const REQUEST_MS = 5_000;
/** An API server that can't be reached is waited for, but for no more than some three minutes a request. */
const MAX_TRIES = 10;
/** Events wait while there is more urgent work, but for no longer than this; then one goes, and waits begin anew. */
const YIELD_MS = 1_000;
const YIELD_STEP_MS = 100;
/** How long `close` waits for what is still to be sent. */
const DRAIN_MS = 2_000;
const MAX_INSTANCE = 128;

export interface EventRecorderOptions {
  client: KubeClient;
  clock: Clock;
  /** Who speaks: the controller's name, a qualified name as in `sagemaker-operator`. */
  component: string;
  /** Which of several it is: the Pod's name. Not empty; cut to 128 characters. */
  instance: string;
  /** Whether the API server is needed for what is more urgent. */
  isBusy?: () => boolean;
}

/**
 * Tells people what happens to an object: Events of `events.k8s.io/v1`, which `kubectl describe` shows with it.
 *
 * Nobody waits for them and nothing depends on them: `record` returns at once and never throws. Requests go out one at a
 * time, at 50 a second at most, and behind more urgent work. The same said again within 6 minutes raises the count of one Event (a series), an object that
 * says too much for one reason is silenced for a while, and what the API server doesn't take is dropped. Each kind of refusal
 * is logged once in the recorder's life.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #memory: EventMemory;
  readonly #rate: TokenBucket;
  readonly #backoff: Backoff;
  readonly #queue: EventSeries[] = [];
  readonly #logged = new Set<string>();
  readonly #stopping = new AbortController();
  #sending: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#memory = new EventMemory(options.clock);
    this.#rate = new TokenBucket({ clock: options.clock, ...RATE });
    this.#backoff = new Backoff(options.clock);
  }

  /** How many things are remembered of objects. */
  get size(): number {
    return this.#memory.size + this.#queue.length;
  }

  /** Forgets what was said too long ago to matter. */
  dropIdle(): void {
    this.#memory.dropIdle();
  }

  /** Says `text` about an object, soon. After `close` it says nothing any more. */
  record({ regarding, ...text }: EventText & { regarding: ObjectReference }): void {
    if (this.#closed) return;
    const series = this.#memory.observe(regarding, text);
    // What is not sent now is in the count of whatever is sent next.
    if (series.queued || !this.#memory.allows(series)) return;
    if (this.#queue.length >= MAX_QUEUED) {
      this.#logOnce("full", "Dropped an Event: too many are waiting", { waiting: this.#queue.length });
      return;
    }
    series.queued = true;
    this.#queue.push(series);
    this.#sending ??= this.#sendAll().finally(() => this.#sending = undefined);
  }

  /** Ends it: waits until everything is sent, but for no more than 2 s; the rest is dropped. */
  async close(): Promise<void> {
    this.#closed = true;
    const cancel = this.#options.clock.setTimer(DRAIN_MS, () => this.#stopping.abort());
    await this.#sending;
    cancel();
    if (this.#queue.length > 0) log.info("Dropped Events that were still waiting", { waiting: this.#queue.length });
  }

  async #sendAll(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    try {
      for (let series = this.#queue[0]; series && !signal.aborted; series = this.#queue[0]) {
        for (let wait = this.#rate.take(); wait > 0; wait = this.#rate.take()) await sleep(clock, wait, signal);
        if (this.#options.isBusy?.()) await this.#yield(signal);
        // From here on an occurrence isn't in the count that is being sent.
        series.queued = false;
        await this.#send(series);
        this.#queue.shift();
      }
    } catch (error) {
      // Nobody awaits this, so an error that got out would end the process.
      if (!signal.aborted) log.error("Cannot send Events", { error });
    }
  }

  /** Lets go first what is more urgent, for a while. */
  async #yield(signal: AbortSignal): Promise<void> {
    const { clock, isBusy } = this.#options;
    for (let ms = 0; ms < YIELD_MS && isBusy?.() && !this.#closed; ms += YIELD_STEP_MS) {
      await sleep(clock, YIELD_STEP_MS, signal);
    }
  }

  /** Sends one, again where that may help. Throws only once the recorder is to stop. */
  async #send(series: EventSeries): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    for (let tries = 1;; tries++) {
      try {
        if (series.created) await this.#patch(series);
        else await this.#create(series);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayHelpLater(error) || tries === MAX_TRIES) return this.#logRefusal(series, error);
        await sleep(clock, error.retryAfterMs ?? this.#backoff.next(), signal);
      }
    }
  }

  async #create(series: EventSeries): Promise<void> {
    const { client, component, instance } = this.#options;
    const { name, regarding, text } = series;
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace: regarding.namespace },
      eventTime: microTime(series.firstMicros),
      reportingController: component,
      reportingInstance: instance.slice(0, MAX_INSTANCE),
      regarding,
      ...text,
      ...(series.count > 1 ? { series: seriesOf(series) } : {}),
    };
    try {
      await client.create(pathOf(series), event, { signal: this.#stopping.signal, timeoutMs: REQUEST_MS });
    } catch (error) {
      // Nobody else makes this name: it is there since a request whose answer was lost.
      if (!(error instanceof KubeError && error.status === 409)) throw error;
    }
    series.created = true;
  }

  async #patch(series: EventSeries): Promise<void> {
    const options = { type: "merge", signal: this.#stopping.signal, timeoutMs: REQUEST_MS } as const;
    try {
      await this.#options.client.patch(`${pathOf(series)}/${series.name}`, { series: seriesOf(series) }, options);
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      // The API server keeps Events for an hour only.
      series.created = false;
      await this.#create(series);
    }
  }

  #logRefusal(series: EventSeries, error: unknown): void {
    if (isNamespaceGone(error)) return;
    const verb = series.created ? "patch" : "create";
    const { namespace } = series.regarding;
    if (error instanceof KubeError && error.status === 403) {
      const permission = `${verb} events.events.k8s.io`;
      this.#logOnce(verb, "Cannot record Events: a permission is missing", { permission, namespace, error });
    } else {
      const code = error instanceof KubeError ? `${error.status} ${error.reason}` : "unexpected";
      this.#logOnce(code, "Dropped an Event that the API server did not take", { reason: series.text.reason, error });
    }
  }

  #logOnce(kind: string, message: string, properties: Record<string, unknown>): void {
    if (this.#logged.has(kind)) return;
    this.#logged.add(kind);
    log.warn(message, properties);
  }
}

function mayHelpLater(error: unknown): error is KubeError {
  if (!(error instanceof KubeError)) return false;
  return error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500;
}

/** A namespace that is going away takes nothing new (403, with nothing but its text to tell by); then it is gone (404). */
function isNamespaceGone(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.status === 404 || (error.status === 403 && error.message.includes("because it is being terminated"));
}

function pathOf({ regarding }: EventSeries): string {
  return `/apis/events.k8s.io/v1/namespaces/${regarding.namespace}/events`;
}

function seriesOf({ count, lastMicros }: EventSeries): { count: number; lastObservedTime: string } {
  return { count, lastObservedTime: microTime(lastMicros) };
}

/** `metav1.MicroTime`: RFC 3339 with exactly six digits after the second. */
function microTime(micros: number): string {
  const fraction = String(micros % 1000).padStart(3, "0");
  return new Date(Math.floor(micros / 1000)).toISOString().replace("Z", `${fraction}Z`);
}
