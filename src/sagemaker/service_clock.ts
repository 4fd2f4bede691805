import type { Clock } from "../runtime/clock.ts";
import { IdleMap } from "./idle_map.ts";

/** For so long what answers said of the time is relied upon; clocks drift apart, and are put right. */
const MEMORY_MS = 10 * 60_000;

/**
 * What time it is by SageMaker's clock at least, at each place, going by the `Date` of its answers. Our own clock may be minutes
 * off, so only how much time passes is taken from it. A `Date` has whole seconds: of many the one counts that says the most.
 */
export class ServiceClock {
  readonly #clock: Clock;
  /** By place; the offsets are from our monotonic clock to SageMaker's, in milliseconds. */
  readonly #offsets: IdleMap<{ latest: number; before: number; since: number }>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsets = new IdleMap(clock);
  }

  /** How many places have an offset. */
  get size(): number {
    return this.#offsets.size;
  }

  /** Forgets the places that no call went to lately. */
  dropIdle(): void {
    this.#offsets.dropIdle();
  }

  /** An answer that has just arrived was sent when it was `date`, in milliseconds since the epoch. */
  note(place: string, date: number): void {
    if (Number.isNaN(date)) return;
    const now = this.#clock.monotonic();
    const offset = date - now;
    const known = this.#offsets.get(place) ?? { latest: offset, before: -Infinity, since: now };
    const isOld = now - known.since > MEMORY_MS;
    this.#offsets.set(
      place,
      isOld
        ? { latest: offset, before: known.latest, since: now }
        : { ...known, latest: Math.max(known.latest, offset) },
    );
  }

  /** Milliseconds since the epoch; undefined if nothing was heard from the place yet. */
  now(place: string): number | undefined {
    const known = this.#offsets.get(place);
    return known && this.#clock.monotonic() + Math.max(known.latest, known.before);
  }
}

/** What tells the endpoints apart that may have clocks of their own. */
export function placeOf({ region, endpoint = "" }: { region: string; endpoint?: string | undefined }): string {
  return `${region} ${endpoint}`;
}
