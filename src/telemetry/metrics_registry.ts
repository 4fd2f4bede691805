/** Prometheus text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Values of labels by their names. Each value must be one of a closed set, so that the number of series stays small. */
export type Labels<Name extends string = string> = Readonly<Record<Name, string>>;

/** One line of an exposition, but for the metric's name. */
export interface Sample {
  labels?: Labels;
  value: number;
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  suffix?: string;
}

/** A metric that `expose` reads. */
interface Source {
  samples(): Iterable<Sample>;
}

/** Only ever goes up. */
export class Counter<Name extends string = never> implements Source {
  readonly #series = new Map<string, { labels: Labels<Name>; value: number }>();

  /** Series in `initial` are there from the start, at 0: `rate` and `increase` don't see the step from nothing to 1. */
  constructor(initial: readonly Labels<Name>[]) {
    for (const labels of initial) this.inc(labels, 0);
  }

  inc(labels: Labels<Name>, by = 1): void {
    const key = labelText(labels);
    const series = this.#series.get(key);
    if (series) series.value += by;
    else this.#series.set(key, { labels, value: by });
  }

  /** Ends the series of these labels; if it is counted again it begins anew at 0, as after a restart. */
  delete(labels: Labels<Name>): void {
    this.#series.delete(labelText(labels));
  }

  samples(): Iterable<Sample> {
    return this.#series.values();
  }
}

/** Counts observations by how large they are. */
export class Histogram<Name extends string = never> implements Source {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Labels<Name>; counts: number[]; sum: number }>();

  /** @param bounds upper ends of the buckets, ascending; one without an end is added */
  constructor(bounds: readonly number[], initial: readonly Labels<Name>[]) {
    this.#bounds = [...bounds, Infinity];
    for (const labels of initial) this.#seriesOf(labels);
  }

  observe(labels: Labels<Name>, value: number): void {
    const series = this.#seriesOf(labels);
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    // A value that is no number is in no bucket, and would make one of the sum for ever.
    if (bucket < 0) return;
    series.counts[bucket]! += 1;
    series.sum += value;
  }

  *samples(): Iterable<Sample> {
    for (const { labels, counts, sum } of this.#series.values()) {
      let count = 0;
      for (const [i, bound] of this.#bounds.entries()) {
        count += counts[i]!;
        yield { suffix: "_bucket", labels: { ...labels, le: numberText(bound) }, value: count };
      }
      yield { suffix: "_sum", labels, value: sum };
      yield { suffix: "_count", labels, value: count };
    }
  }

  #seriesOf(labels: Labels<Name>) {
    const key = labelText(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: this.#bounds.map(() => 0), sum: 0 };
      this.#series.set(key, series);
    }
    return series;
  }
}

/** The metrics of a process, in the order in which they were made. */
export class Registry {
  readonly #metrics: { name: string; help: string; type: string; source: Source }[] = [];

  counter<Name extends string = never>(
    name: string,
    help: string,
    initial: readonly Labels<Name>[] = [],
  ): Counter<Name> {
    return this.#add(name, help, "counter", new Counter(initial));
  }

  histogram<Name extends string = never>(
    name: string,
    help: string,
    { bounds, initial }: { bounds: readonly number[]; initial: readonly Labels<Name>[] },
  ): Histogram<Name> {
    return this.#add(name, help, "histogram", new Histogram(bounds, initial));
  }

  /** A metric whose samples, or whose one value, are asked for at each exposition. No value, no sample. */
  read(type: "gauge" | "counter", name: string, help: string, read: () => Iterable<Sample> | number | undefined): void {
    const samples = () => {
      const answer = read();
      if (answer === undefined) return [];
      return typeof answer === "number" ? [{ value: answer }] : answer;
    };
    this.#add(name, help, type, { samples });
  }

  /** All metrics in the text format, to be sent with `CONTENT_TYPE`. */
  expose(): string {
    let text = "";
    for (const { name, help, type, source } of this.#metrics) {
      text += `# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n# TYPE ${name} ${type}\n`;
      for (const { suffix = "", labels = {}, value } of source.samples()) {
        text += `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`;
      }
    }
    return text;
  }

  #add<T extends Source>(name: string, help: string, type: string, source: T): T {
    this.#metrics.push({ name, help, type, source });
    return source;
  }
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}
