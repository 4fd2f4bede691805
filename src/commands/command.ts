import type { CommandSpec } from "./arguments.ts";

/** What a command has of the world. */
export interface CommandContext {
  /** The value of an environment variable. */
  env(name: string): string | undefined;
  /** Aborted by the first SIGINT or SIGTERM. */
  signal: AbortSignal;
  /**
   * Writes to stdout or stderr; the text holds its own newlines. On a terminal control sequences and characters are left out: much of what
   * commands print was written by AWS, the cluster or other people.
   */
  stdout(text: string): void;
  stderr(text: string): void;
  /** Which of them are terminals; neither unless given. */
  terminal?: { stdout: boolean; stderr: boolean };
  /** Writes to stdout what may hold control sequences of the program's own. Same as `stdout` where that is absent. */
  stdoutAsIs?(text: string): void;
}

/** A subcommand. Errors that it throws become one line on stderr; a `UsageError` exits with 2, all others with 1. */
export interface Command {
  // deno-lint-ignore no-explicit-any -- each command reads its own table of flags
  spec: CommandSpec<any>;
  run(argv: readonly string[], context: CommandContext): Promise<void>;
}
