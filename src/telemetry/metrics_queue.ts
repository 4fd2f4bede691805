import type { Clock } from "../runtime/clock.ts";
import type { Counter, Histogram, Labels, Registry } from "./metrics_registry.ts";

const QUEUE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300];
const WORK_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Names = "name" | "controller";

/**
 * What client-go and controller-runtime tell of a work queue, under their names. One queue observes at a time; it calls `add`,
 * `get`, `done` and `retry` with its keys.
 */
export class QueueMetrics {
  readonly #clock: Clock;
  readonly #labels: Labels<Names>;
  readonly #adds: Counter<Names>;
  readonly #retries: Counter<Names>;
  readonly #queueSeconds: Histogram<Names>;
  readonly #workSeconds: Histogram<Names>;
  /** By key, since when it waits or is worked on; milliseconds of the monotonic clock. */
  readonly #waiting = new Map<string, number>();
  readonly #processing = new Map<string, number>();

  constructor(registry: Registry, { clock, controller }: { clock: Clock; controller: string }) {
    this.#clock = clock;
    this.#labels = { name: controller, controller };
    const initial = [this.#labels];
    const gauge = (name: string, help: string, read: () => number) =>
      registry.read("gauge", name, help, () => [{ labels: this.#labels, value: read() }]);
    gauge("workqueue_depth", "Resources that wait to be worked on", () => this.#waiting.size);
    this.#adds = registry.counter("workqueue_adds_total", "Times a resource was put into the queue", initial);
    this.#retries = registry.counter("workqueue_retries_total", "Times a resource was put back with backoff", initial);
    this.#queueSeconds = registry.histogram(
      "workqueue_queue_duration_seconds",
      "How long a resource waited in the queue",
      {
        bounds: QUEUE_SECONDS,
        initial,
      },
    );
    this.#workSeconds = registry.histogram("workqueue_work_duration_seconds", "How long a resource was worked on", {
      bounds: WORK_SECONDS,
      initial,
    });
    gauge(
      "workqueue_longest_running_processor_seconds",
      "How long the longest reconcile under way has been running",
      () => Math.max(0, ...this.#running()),
    );
    gauge(
      "workqueue_unfinished_work_seconds",
      "How long all reconciles under way have been running, taken together",
      () => this.#running().reduce((sum, seconds) => sum + seconds, 0),
    );
    registry.read("gauge", "controller_runtime_active_workers", "Reconciles under way", () => {
      return [{ labels: { controller }, value: this.#processing.size }];
    });
  }

  /** How many keys wait or are worked on. */
  get size(): number {
    return this.#waiting.size + this.#processing.size;
  }

  /** A key has come to need work, whether or not it is being worked on. */
  add(key: string): void {
    this.#adds.inc(this.#labels);
    this.#waiting.set(key, this.#clock.monotonic());
  }

  /** A key was taken by a worker. */
  get(key: string): void {
    const now = this.#clock.monotonic();
    const since = this.#waiting.get(key);
    if (since !== undefined) this.#queueSeconds.observe(this.#labels, (now - since) / 1000);
    this.#waiting.delete(key);
    this.#processing.set(key, now);
  }

  /** A worker has done with a key. */
  done(key: string): void {
    const since = this.#processing.get(key);
    if (since !== undefined) this.#workSeconds.observe(this.#labels, (this.#clock.monotonic() - since) / 1000);
    this.#processing.delete(key);
  }

  /** A key was put back with backoff. */
  retry(): void {
    this.#retries.inc(this.#labels);
  }

  /** The queue is gone, and with it what waited. */
  reset(): void {
    this.#waiting.clear();
    this.#processing.clear();
  }

  #running(): number[] {
    const now = this.#clock.monotonic();
    return [...this.#processing.values()].map((since) => (now - since) / 1000);
  }
}
