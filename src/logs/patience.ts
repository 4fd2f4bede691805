import { type Clock, sleep } from "../runtime/clock.ts";
import { type LogPage, type LogQuery, LogsError, type LogSource } from "./source.ts";

const FIRST_MS = 1_000;
const MAX_MS = 30_000;
/** Many people share the few calls a second that an account has; for no longer than this somebody waits in vain. */
const PATIENCE_MS = 300_000;

export interface PatienceOptions {
  clock: Clock;
  /** Told of the first of several failures in a row. */
  onTrouble: (error: LogsError) => void;
  /** Gives numbers from 0 to 1. @default {Math.random} */
  random?: () => number;
}

/**
 * Asks again for what `source` could not give, where that may pass, as when it is throttled: after 1 s doubling to 30 s, of
 * which half is jitter, for five minutes.
 */
export class PatientSource implements LogSource {
  readonly #source: LogSource;
  readonly #options: PatienceOptions;

  constructor(source: LogSource, options: PatienceOptions) {
    this.#source = source;
    this.#options = options;
  }

  async page(query: LogQuery, token: string | undefined, signal: AbortSignal): Promise<LogPage> {
    const { clock, onTrouble, random = Math.random } = this.#options;
    const giveUpAt = clock.monotonic() + PATIENCE_MS;
    for (let tries = 0;; tries++) {
      try {
        return await this.#source.page(query, token, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof LogsError) || error.kind !== "may-pass" || clock.monotonic() >= giveUpAt) throw error;
        if (tries === 0) onTrouble(error);
        await sleep(clock, Math.min(MAX_MS, FIRST_MS * 2 ** tries) * (1 - random() / 2), signal);
      }
    }
  }
}
