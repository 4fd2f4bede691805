import { errorText } from "../telemetry/error_text.ts";

/** A mistake in how the program was called, as an unknown flag; its message is for the person who typed it. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The exit codes of every command. */
export const EXIT = { success: 0, failure: 1, usage: 2 } as const;

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
    write(`sagemaker-operator: ${errorText(error)}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}
