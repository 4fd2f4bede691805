/** The program as its users have it: a process with arguments, an environment, exit codes and signals. */
import { deadline, systemClock } from "../../src/runtime/clock.ts";
import { eventually } from "./eventually.ts";
import { program } from "./program.ts";

/** Good enough for a stand-in, which doesn't verify signatures. */
export const FAKE_CREDENTIALS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "not-a-secret" };

/** What on the machine that runs the tests could change what the program does. */
const INHERITED = /^(AWS_|SAGEMAKER_OPERATOR_|KUBERNETES_SERVICE_|KUBECONFIG$|NODE_EXTRA_CA_CERTS$|SSL_CERT_FILE$)/;

/** A line of the log in JSON. */
export interface LogLine {
  time: string;
  level: "debug" | "info" | "warn" | "error";
  logger: string;
  message: string;
  [property: string]: unknown;
}

export interface StartOptions {
  /** The cluster's kubeconfig. */
  kubeconfig: string;
  /** Of SageMaker. */
  endpoint?: string;
  /** More flags of `run`. */
  flags?: string[];
  /** Laid over the environment, which has fake AWS credentials and nothing else of AWS. */
  env?: Record<string, string>;
  /** How many characters of what it writes to stderr are kept, the last ones. @default {Infinity} */
  logLength?: number;
}

/** Starts `run` with short intervals. */
export function startOperator({ kubeconfig, endpoint, flags = [], env, logLength }: StartOptions): OperatorProcess {
  const healthAddress = `127.0.0.1:${freePort()}`;
  const args = ["run", "--kubeconfig", kubeconfig, "--log-format", "json", "--poll-interval", "200ms"];
  if (endpoint !== undefined) args.push("--endpoint-url", endpoint);
  // Several run at once, so none may take the usual port; whoever wants metrics names one.
  args.push("--health-probe-bind-address", healthAddress, "--metrics-bind-address", "0", ...flags);
  return new OperatorProcess(spawn(args, { ...FAKE_CREDENTIALS, ...env }), `http://${healthAddress}`, logLength);
}

/** An operator that runs. Disposing of it kills it. */
export class OperatorProcess implements AsyncDisposable {
  /** Where `/healthz` and `/readyz` are. */
  readonly healthUrl: string;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #stderr = "";

  /** @param logLength how many characters of stderr are kept, the last ones */
  constructor(child: Deno.ChildProcess, healthUrl: string, logLength = Infinity) {
    this.#child = child;
    this.healthUrl = healthUrl;
    const keep = (text: string) => {
      this.#stderr += text;
      // Not each time, as a cut copies all of it.
      if (this.#stderr.length > 2 * logLength) this.#stderr = this.#stderr.slice(-logLength);
    };
    this.#reading = Promise.all([collect(child.stderr, keep), child.stdout.cancel()]);
    this.exited = Promise.all([child.status, this.#reading]).then(([{ code }]) => code);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written to stderr: everything, unless that was bounded. */
  get stderr(): string {
    return this.#stderr;
  }

  /** What it has logged. */
  logs(): LogLine[] {
    const complete = this.#stderr.slice(0, this.#stderr.lastIndexOf("\n") + 1);
    return complete.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Waits until it has logged a line with that message, and gives the line. */
  async untilLogged(message: string, options: { timeoutMs?: number } = {}): Promise<LogLine> {
    return await eventually(`the operator logs '${message}'`, () => {
      const line = this.logs().find((line) => line.message === message);
      if (line === undefined) throw new Error(`it wrote:\n${this.#stderr}`);
      return line;
    }, options);
  }

  /** The status and the text of `/healthz` or `/readyz`; nothing while it isn't served. */
  async probe(path: "/healthz" | "/readyz"): Promise<{ status: number; text: string } | undefined> {
    using limit = deadline(systemClock, 5_000);
    try {
      const response = await fetch(`${this.healthUrl}${path}`, { signal: limit.signal });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Asks it to end, and gives its exit code. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return await this.exited;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/**
 * Runs a command of the program to its end.
 *
 * @throws Error where it doesn't end within `timeoutMs`
 */
export async function runProgram(
  args: string[],
  { env = {}, timeoutMs = 20_000 }: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  using limit = deadline(systemClock, timeoutMs);
  const child = spawn(args, { ...FAKE_CREDENTIALS, ...env });
  const kill = () => child.kill("SIGKILL");
  limit.signal.addEventListener("abort", kill);
  let stdout = "";
  let stderr = "";
  const reading = [collect(child.stdout, (text) => stdout += text), collect(child.stderr, (text) => stderr += text)];
  const { code } = await child.status;
  limit.signal.removeEventListener("abort", kill);
  await Promise.all(reading);
  if (limit.signal.aborted) {
    throw new Error(`'${args.join(" ")}' did not end within ${timeoutMs} ms; it wrote:\n${stderr}`);
  }
  return { code, stdout, stderr };
}

/** Starts the program that `program` names. */
export function spawn(args: string[], env: Record<string, string>): Deno.ChildProcess {
  const [command, commandArgs] = program(args, env);
  return new Deno.Command(command, {
    args: commandArgs,
    clearEnv: true,
    env: { ...environment(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

function environment(): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject()).filter(([name]) => !INHERITED.test(name));
  return {
    ...Object.fromEntries(inherited),
    // No file, and no service of the machine, gives credentials.
    AWS_CONFIG_FILE: "/nonexistent/config",
    AWS_SHARED_CREDENTIALS_FILE: "/nonexistent/credentials",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}

/** A port that nothing listens on now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
