/** Ends, or throws, when its signal is aborted. */
export type Task = (signal: AbortSignal) => Promise<void>;

/** Runs the tasks until the main one has ended, or one has failed; all have ended when this returns or throws. */
export async function during(signal: AbortSignal, main: Task, ...others: Task[]): Promise<void> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const running = [main(either).finally(() => ending.abort()), ...others.map((task) => task(either))];
  try {
    await Promise.all(running);
  } finally {
    ending.abort();
    await Promise.allSettled(running);
  }
}

/** That the time is up is no failure of what was done until then. */
export async function quietly(act: () => Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
