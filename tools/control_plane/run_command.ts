import { type Clock, deadline } from "../../src/runtime/clock.ts";

export interface RunOptions {
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** The command is ended after this time. */
  timeoutMs: number;
  cwd?: string;
  extraEnv?: Record<string, string>;
}

/**
 * Runs a command to its end and gives its stdout.
 *
 * @throws Error with the last lines of its output where it can't be started, fails or takes too long
 * @throws the signal's reason as soon as `signal` is aborted
 */
export async function runCommand(command: string, args: string[], options: RunOptions): Promise<string> {
  const { clock, signal, timeoutMs, cwd, extraEnv } = options;
  signal?.throwIfAborted();
  using limit = deadline(clock, timeoutMs, signal);
  let output;
  try {
    output = await new Deno.Command(command, {
      args,
      signal: limit.signal,
      stdin: "null",
      ...(cwd && { cwd }),
      ...(extraEnv && { env: extraEnv }),
    }).output();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw new Error(`'${command}' is not installed`, { cause });
    throw cause;
  }
  signal?.throwIfAborted();
  if (limit.signal.aborted) throw new Error(`'${command} ${args[0]}' did not end within ${timeoutMs / 1000} s`);
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new Error(`'${command} ${args[0]}' failed: ${lastLines(decoder.decode(output.stderr), 10)}`);
  }
  return decoder.decode(output.stdout);
}

/** Runs `step` and reports its start, its end and, every 15 s, that it still runs. */
export async function withHeartbeat<T>(
  what: string,
  { clock, progress }: { clock: Clock; progress: (line: string) => void },
  step: () => Promise<T>,
): Promise<T> {
  const start = clock.monotonic();
  const elapsed = () => Math.round((clock.monotonic() - start) / 1000);
  let cancel = () => {};
  const beat = () => {
    cancel = clock.setTimer(15_000, () => {
      progress(`${what}: ${elapsed()} s so far`);
      beat();
    });
  };
  progress(what);
  beat();
  try {
    const result = await step();
    progress(`${what}: done in ${elapsed()} s`);
    return result;
  } finally {
    cancel();
  }
}

/** The last `count` lines of a text, for an error message. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
