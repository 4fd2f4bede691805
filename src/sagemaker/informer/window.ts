/** What is believed of SageMaker's clock before it has been seen. */
const UNKNOWN_SKEW_MS = 15 * 60_000;
/** Two clocks that aren't set against each other part by less than this. */
const DRIFT = 1e-3;
/** An ordinary poll goes back so far behind the one before it, for what was indexed late. */
const OVERLAP_MS = 3_000;
/** A long poll goes back so far, once in a while: what was indexed later than an ordinary poll allows for shows there. */
const LONG_OVERLAP_MS = 30_000;
/** However late news has been. */
const MAX_OVERLAP_MS = 60_000;
const LONG_EVERY_MS = 10_000;
/** A long poll that had more than one page is tried again after this: its pages would hold up the ordinary polls. */
const LONG_AGAIN_MS = 30_000;
/** How long lateness that was seen is reckoned with. */
const REMEMBER_MS = 5 * 60_000;

/** What one poll asks for. Times are SageMaker's, in milliseconds since the epoch. */
export interface Window {
  /** Changes after this. */
  since: number;
  /** The same without overlap: news of an earlier change came late. */
  strictlySince: number;
  isLong: boolean;
}

/**
 * From when on a poll must ask for changes, whatever SageMaker's clock and ours say. Times are milliseconds of our monotonic
 * clock unless they are called stamps, which are SageMaker's.
 *
 * What a list shows at `now` was stamped before, so `stamp - now` is a lower bound of what their clock is ahead of ours, and the
 * largest of these is the best. A change after `t` is therefore stamped after `t` plus that bound. Only lists count, so that where
 * all of them lag by the same time the bound is lower by as much.
 */
export class ChangeWindow {
  #ahead: { ms: number; at: number };
  #late = { ms: 0, at: -Infinity };
  #nextLongAt = -Infinity;

  /** @param wallNow our wall clock at `now`, in milliseconds since the epoch */
  constructor(wallNow: number, now: number) {
    this.#ahead = { ms: wallNow - now - UNKNOWN_SKEW_MS, at: now };
  }

  /** How far an ordinary poll goes back at present. */
  overlapMs(now: number): number {
    const late = now - this.#late.at <= REMEMBER_MS ? this.#late.ms : 0;
    return Math.min(MAX_OVERLAP_MS, Math.max(OVERLAP_MS, 2 * late));
  }

  /** What SageMaker's clock showed at `then`, or later. */
  stampAt(then: number, now: number): number {
    return Math.floor(then + this.#aheadMs(now));
  }

  /** For a poll at `now` that must show all changes after `anchor`. */
  open(anchor: number, now: number): Window {
    const isLong = now >= this.#nextLongAt;
    const strictlySince = this.stampAt(anchor, now);
    return {
      since: strictlySince - (isLong ? Math.max(LONG_OVERLAP_MS, this.overlapMs(now)) : this.overlapMs(now)),
      strictlySince,
      isLong,
    };
  }

  /** A poll has shown all of `window`, or was given up since that was too much. */
  close({ isLong }: Window, now: number, { isTooLong = false } = {}): void {
    if (isLong) this.#nextLongAt = now + (isTooLong ? LONG_AGAIN_MS : LONG_EVERY_MS);
  }

  /** A list that came at `now` shows a change of that stamp. */
  observe(stamp: number, now: number): void {
    if (stamp - now >= this.#aheadMs(now)) this.#ahead = { ms: stamp - now, at: now };
  }

  /** News came with `window` that is so old; a poll before it ought to have shown it. */
  observeNews(stamp: number, { strictlySince }: Window, now: number): void {
    this.observeLag(strictlySince - stamp, now);
  }

  /** A list was so far behind; nothing if that is negative. */
  observeLag(ms: number, now: number): void {
    if (ms > 0 && (ms >= this.#late.ms || now - this.#late.at > REMEMBER_MS)) this.#late = { ms, at: now };
  }

  /** A change of that stamp came after `then`, and no list has shown it: their clock may have been set back. */
  correct(stamp: number, then: number, now: number): void {
    if (this.#aheadMs(now) > stamp - then) this.#ahead = { ms: stamp - then, at: now };
  }

  #aheadMs(now: number): number {
    return this.#ahead.ms - (now - this.#ahead.at) * DRIFT;
  }
}
