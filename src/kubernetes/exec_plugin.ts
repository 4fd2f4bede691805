import { isAbsolute, join } from "node:path";
import { type Clock, deadline } from "../runtime/clock.ts";
import { ConfigError, excerpt } from "./errors.ts";

/** A plugin that opens a browser may wait for a person, but not for ever. */
const TIMEOUT_MS = 60_000;

/** `users[].user.exec` of a kubeconfig. */
export interface ExecSpec {
  apiVersion?: string;
  command: string;
  args?: string[] | null;
  env?: { name: string; value: string }[] | null;
  installHint?: string;
}

/** `status` of the ExecCredential that a plugin prints. */
export interface ExecCredential {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  expirationTimestamp?: string;
}

/**
 * Runs a credential plugin, as `aws eks get-token`, and keeps what it prints until that expires
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
 *
 * client-node's own `ExecAuth` isn't used: on Deno 2.4 a missing program ends the whole process, it has no timeout, and it
 * runs the plugin for every request where the credential has no expiry.
 */
export class ExecPlugin {
  readonly #spec: ExecSpec;
  readonly #directory: string;
  readonly #clock: Clock;
  #credential: ExecCredential | undefined;

  /** @param directory that of the kubeconfig: a relative command is looked for from there */
  constructor(spec: ExecSpec, directory: string, clock: Clock) {
    this.#spec = spec;
    this.#directory = directory;
    this.#clock = clock;
  }

  /** @throws ConfigError if the plugin can't be run, fails, or prints something else */
  async credential(): Promise<ExecCredential> {
    const expiry = this.#credential?.expirationTimestamp;
    const isValid = expiry === undefined || Date.parse(expiry) > this.#clock.now();
    if (this.#credential === undefined || !isValid) this.#credential = await this.#run();
    return this.#credential;
  }

  async #run(): Promise<ExecCredential> {
    const { command } = this.#spec;
    const { success, code, stdout, stderr } = await this.#output();
    if (!success) {
      const why = excerpt(new TextDecoder().decode(stderr)) || "it says nothing";
      throw new ConfigError(`Cannot get credentials: '${command}' fails with code ${code}: ${why}`);
    }
    const credential = parse(new TextDecoder().decode(stdout));
    if (credential) return credential;
    throw new ConfigError(`Cannot get credentials: '${command}' prints no ExecCredential with a status`);
  }

  async #output(): Promise<Deno.CommandOutput> {
    const { command, args, env, apiVersion, installHint } = this.#spec;
    const isRelative = /[\\/]/.test(command) && !isAbsolute(command);
    const info = { kind: "ExecCredential", apiVersion, spec: { interactive: false } };
    using limit = deadline(this.#clock, TIMEOUT_MS);
    try {
      const program = new Deno.Command(isRelative ? join(this.#directory, command) : command, {
        args: args ?? [],
        env: {
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(info),
        },
        stdin: "null",
        signal: limit.signal,
      });
      return await Promise.race([program.output(), aborted(limit.signal)]);
    } catch (error) {
      if (limit.signal.aborted) {
        throw new ConfigError(`Cannot get credentials: '${command}' does not end within ${TIMEOUT_MS / 1000} s`);
      }
      const why = error instanceof Deno.errors.NotFound
        ? `there is no such program${installHint ? `; ${excerpt(installHint)}` : ""}`
        : error instanceof Error
        ? error.message
        : String(error);
      throw new ConfigError(`Cannot get credentials from '${command}': ${why}`, { cause: error });
    }
  }
}

/** Killing a plugin doesn't end the programs that it started, which hold its output open. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** What can't be parsed is not shown: it may hold a token. */
function parse(text: string): ExecCredential | undefined {
  try {
    const { kind, status } = JSON.parse(text);
    return kind === "ExecCredential" && typeof status === "object" && status !== null ? status : undefined;
  } catch {
    return undefined;
  }
}
