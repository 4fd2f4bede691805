import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { type Clock, deadline } from "../../src/runtime/clock.ts";
import { lastLines } from "./run_command.ts";

export interface ServerOptions {
  args: string[];
  /** Takes stdout and stderr; appended to. */
  logFile: string;
  /** In a process group of its own, so that Ctrl-C in the terminal doesn't reach it. */
  detached: boolean;
}

/** A server that runs as a child process and writes its log to a file, so that it can outlive this process. */
export class ServerProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, with how: `exit code 1` or `SIGKILL`. Never rejects. */
  readonly ended: Promise<string>;
  readonly #logFile: string;
  readonly #unref: () => void;
  #isRunning = true;

  private constructor(name: string, pid: number, ended: Promise<string>, logFile: string, unref: () => void) {
    this.name = name;
    this.pid = pid;
    this.ended = ended;
    ended.then(() => this.#isRunning = false);
    this.#logFile = logFile;
    this.#unref = unref;
  }

  /**
   * Starts the binary at `path`.
   *
   * @throws Error where it can't be executed
   */
  static async start(name: string, path: string, { args, logFile, detached }: ServerOptions): Promise<ServerProcess> {
    const log = await open(logFile, "a");
    try {
      const child = spawn(path, args, { stdio: ["ignore", log.fd, log.fd], detached });
      const ended = new Promise<string>((resolve) => {
        child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
      });
      if (child.pid === undefined) {
        const [cause] = await once(child, "error");
        throw new Error(`Cannot start '${path}': ${cause.message}`, { cause });
      }
      return new ServerProcess(name, child.pid, ended, logFile, () => child.unref());
    } finally {
      await log.close();
    }
  }

  /** Asks it to end, makes it end after `graceMs`, and waits until it has. */
  async stop(clock: Clock, graceMs: number): Promise<void> {
    this.#kill("SIGCONT");
    this.#kill("SIGTERM");
    using limit = deadline(clock, graceMs);
    limit.signal.addEventListener("abort", () => this.#kill("SIGKILL"), { once: true });
    await this.ended;
  }

  /** Freezes it: its connections stay open and nothing answers. */
  pause(): void {
    this.#kill("SIGSTOP");
  }

  resume(): void {
    this.#kill("SIGCONT");
  }

  /** Lets this process end while the server goes on. */
  unref(): void {
    this.#unref();
  }

  /** The last lines of its log, for an error message. */
  async logTail(): Promise<string> {
    return lastLines(await Deno.readTextFile(this.#logFile).catch(() => ""), 15);
  }

  /** Sends nothing once it has ended: its pid may then be another's. */
  #kill(signal: Deno.Signal): void {
    if (this.#isRunning) Deno.kill(this.pid, signal);
  }
}
