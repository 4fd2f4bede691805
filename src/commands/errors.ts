import { errorText } from "../telemetry/error_text.ts";

/** A mistake in how the program was called, as an unknown flag; its message is for the person who typed it. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What can't be read of a flag's value (a TypeError) is a mistake in the call. */
export function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Ctrl-C came before the command had done what it is for; nothing is said about it. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** The exit codes of every command; the last is what shells have for SIGINT. */
export const EXIT = { success: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs a command and gives its exit code. An error becomes one line on stderr, never a stack trace.
 *
 * @param write takes the line, its newline included
 */
export async function exitCodeOf(command: () => Promise<void>, write: (line: string) => void): Promise<number> {
  try {
    await command();
    return EXIT.success;
  } catch (error) {
    if (error instanceof Interrupted) return EXIT.interrupted;
    write(`sagemaker-operator: ${errorText(error)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}
