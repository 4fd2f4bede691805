import { cutText } from "../api/text.ts";
import type { Clock } from "../runtime/clock.ts";

/** `v1.ObjectReference`: what an Event is about. */
export interface ObjectReference {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  resourceVersion?: string;
}

/** What somebody has to say about an object. */
export interface EventText {
  type: "Normal" | "Warning";
  /** One word in CamelCase, for machines: why this is said. */
  reason: string;
  /** One word in CamelCase, for machines: what was done or tried. */
  action: string;
  /** For people. Cut to 1,024 bytes. */
  note: string;
}

/** One Event of the API, and what has become of it. */
export interface EventSeries {
  name: string;
  regarding: ObjectReference;
  text: EventText;
  /** Microseconds since the epoch, of the first and of the last occurrence. */
  firstMicros: number;
  lastMicros: number;
  /** How often it has occurred. */
  count: number;
  /** The API server has it. */
  created: boolean;
  /** It is waiting to be sent. */
  queued: boolean;
}

/** Lengths that the API server allows; those of texts are bytes, for its `len` counts bytes. */
const MAX_NOTE_BYTES = 1024;
const MAX_WORD = 128;
const MAX_NAME = 253;

/** The same again within this time is one series; client-go's number. */
const SERIES_MS = 6 * 60_000;
/** What one object may say for one reason: five at once, then one every five minutes (the pace of client-go's spam filter). */
const PER_REASON = { burst: 5, refillMs: 5 * 60_000 };
const MAX_SERIES = 1_000;
const MAX_REASONS = 4_096;

/** Remembers what was said lately: joins repetitions into series, and silences whoever says too much. Its memory is bounded. */
export class EventMemory {
  readonly #clock: Clock;
  /** Both in order of use, so that the least recently used is the first and is forgotten first. */
  readonly #series = new Map<string, EventSeries>();
  /** When an object may say all it may at once for one reason again, by the monotonic clock. */
  readonly #recovered = new Map<string, number>();
  #lastMicros = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many series, and objects with a reason, are remembered. */
  get size(): number {
    return this.#series.size + this.#recovered.size;
  }

  /** Forgets the series that cannot go on, and the objects that may say all they may at once again. */
  dropIdle(): void {
    const [nowMicros, now] = [this.#clock.now() * 1000, this.#clock.monotonic()];
    for (const [key, { lastMicros, queued }] of this.#series) {
      if (!queued && nowMicros - lastMicros >= SERIES_MS * 1000) this.#series.delete(key);
    }
    for (const [key, recovered] of this.#recovered) if (recovered <= now) this.#recovered.delete(key);
  }

  /** Counts one occurrence. */
  observe(regarding: ObjectReference, { type, reason, action, note }: EventText): EventSeries {
    const text = {
      type,
      reason: cutText(reason, MAX_WORD),
      action: cutText(action, MAX_WORD),
      note: cutText(note, MAX_NOTE_BYTES),
    };
    const key = JSON.stringify([regarding.uid, type, text.reason, text.action, text.note]);
    const micros = this.#nextMicros();
    const known = this.#series.get(key);
    const goesOn = known !== undefined && micros - known.lastMicros < SERIES_MS * 1000;
    const series = goesOn ? known : {
      name: eventName(regarding.name, micros),
      regarding,
      text,
      firstMicros: micros,
      lastMicros: micros,
      count: 0,
      created: false,
      queued: false,
    };
    series.count++;
    series.lastMicros = micros;
    remember(this.#series, key, series, MAX_SERIES);
    return series;
  }

  /** Whether one more request may be spent on the object of `series` and its reason. Asking spends it. */
  allows({ regarding, text }: EventSeries): boolean {
    const key = `${regarding.uid} ${text.reason}`;
    const now = this.#clock.monotonic();
    const recovered = Math.max(now, this.#recovered.get(key) ?? 0) + PER_REASON.refillMs;
    if (recovered - now > PER_REASON.burst * PER_REASON.refillMs) return false;
    remember(this.#recovered, key, recovered, MAX_REASONS);
    return true;
  }

  /** The time, later than any before, so that no two Events share a name and their order shows. */
  #nextMicros(): number {
    this.#lastMicros = Math.max(this.#clock.now() * 1000, this.#lastMicros + 1);
    return this.#lastMicros;
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value!);
}

/** The name of an Event as client-go makes it: the object's name and the time in hexadecimal nanoseconds. */
function eventName(name: string, micros: number): string {
  const suffix = `.${(BigInt(micros) * 1000n).toString(16)}`;
  return name.slice(0, MAX_NAME - suffix.length).replace(/[.-]+$/, "") + suffix;
}
