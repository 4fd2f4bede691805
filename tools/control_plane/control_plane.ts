/**
 * A local control plane: etcd and kube-apiserver, on request kube-controller-manager, on free loopback ports with all their
 * files in one temporary folder. RBAC is on; the administrator shows a bearer token.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Clock, deadline, sleep, systemClock } from "../../src/runtime/clock.ts";
import { type Answer, ApiClient, type RequestOptions } from "./api_client.ts";
import { type Binary, findBinaries } from "./binaries.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { ServerProcess } from "./server_process.ts";
import { apiserverArgs, controllerManagerArgs, etcdArgs, type Settings } from "./server_args.ts";

const readyTimeoutMs = 90_000;
const graceMs = 10_000;

export interface StartOptions {
  /** Ends the start, which then leaves nothing behind. Later it has no effect: use `stop()`. */
  signal?: AbortSignal | undefined;
  /** Takes one line for each long step. */
  progress?: (line: string) => void;
  /** Also runs kube-controller-manager: without it a deleted namespace stays and aggregated roles are empty. */
  controllerManager?: boolean;
  /** Keeps Ctrl-C in the terminal from the servers: for whoever handles it and stops them in order. */
  detached?: boolean;
  /** More flags for kube-apiserver. */
  apiserverArgs?: string[];
  clock?: Clock;
}

/**
 * Starts a control plane and waits until it serves and has made the namespace `default`. The first call on a machine may
 * take minutes to get the binaries.
 *
 * @throws Error where a binary can't be had, or a server ends or isn't ready in time; with the last lines of its log
 * @throws the signal's reason as soon as `signal` is aborted
 */
export async function startControlPlane(options: StartOptions = {}): Promise<ControlPlane> {
  const { signal, progress = () => {}, controllerManager = false, detached = false, clock = systemClock } = options;
  const wanted: Binary[] = [
    "etcd",
    "kube-apiserver",
    ...(controllerManager ? ["kube-controller-manager" as const] : []),
  ];
  const binaries = await findBinaries(wanted, { progress, clock, signal });
  signal?.throwIfAborted();
  const dir = await Deno.makeTempDir({ prefix: "sagemaker-operator-control-plane-" });
  const controlPlane = new ControlPlane(dir, binaries, await settings(dir, options.apiserverArgs), { clock, detached });
  try {
    progress("Starting etcd and kube-apiserver");
    await controlPlane.start({ signal, controllerManager });
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}

async function settings(dir: string, moreApiserverArgs: string[] = []): Promise<Settings> {
  const [etcdPort, apiserverPort] = await freePorts(2);
  return { dir, etcdPort: etcdPort!, apiserverPort: apiserverPort!, moreApiserverArgs };
}

/** A running control plane. Made by {@linkcode startControlPlane}. */
export class ControlPlane {
  /** The temporary folder that holds everything; `stop()` removes it. */
  readonly dir: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Path of the certificate authority of kube-apiserver. */
  readonly caFile: string;
  readonly adminToken = randomBytes(16).toString("hex");
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly etcdUrl: string;
  readonly #binaries: Partial<Record<Binary, string>>;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #detached: boolean;
  readonly #servers = new Map<Binary, ServerProcess>();
  #client: ApiClient | undefined;

  constructor(
    dir: string,
    binaries: Partial<Record<Binary, string>>,
    settings: Settings,
    { clock, detached }: { clock: Clock; detached: boolean },
  ) {
    this.dir = dir;
    this.kubeconfig = join(dir, "kubeconfig");
    this.caFile = join(dir, "ca.crt");
    this.url = `https://127.0.0.1:${settings.apiserverPort}`;
    this.etcdUrl = `http://127.0.0.1:${settings.etcdPort}`;
    this.#binaries = binaries;
    this.#settings = settings;
    this.#clock = clock;
    this.#detached = detached;
  }

  /** Process ids of the servers that were started and not stopped. */
  get pids(): number[] {
    return [...this.#servers.values()].map((server) => server.pid);
  }

  /** Starts everything; called once, by {@linkcode startControlPlane}. */
  async start({ signal, controllerManager }: { signal: AbortSignal | undefined; controllerManager: boolean }) {
    await this.#writeKeys();
    await this.#run("etcd", etcdArgs(this.#settings));
    await this.startApiserver(signal);
    await Deno.writeTextFile(this.kubeconfig, kubeconfigText(this.#client!.access), { mode: 0o600 });
    if (controllerManager) await this.#run("kube-controller-manager", controllerManagerArgs(this.#settings));
  }

  /**
   * Starts kube-apiserver, on the same port and data as before, and waits until it is ready.
   *
   * @throws Error where it ends or isn't ready within 90 s
   */
  async startApiserver(signal?: AbortSignal): Promise<void> {
    const server = await this.#run("kube-apiserver", apiserverArgs(this.#settings));
    const stopping = new AbortController();
    server.ended.then((how) => stopping.abort(new Error(`it ended early (${how})`)));
    using limit = deadline(this.#clock, readyTimeoutMs, signal);
    const either = AbortSignal.any([limit.signal, stopping.signal]);
    try {
      // A server gives no event when it is ready: only asking shows it.
      while (!await this.#isReady(either)) await sleep(this.#clock, 100, either);
    } catch (cause) {
      signal?.throwIfAborted();
      const why = cause instanceof Error ? cause.message : cause;
      throw new Error(`Cannot start kube-apiserver: ${why}:\n${await this.#logTails()}`, { cause });
    }
  }

  /** Stops kube-apiserver, in order as a rollout does, and keeps its data. */
  async stopApiserver(): Promise<void> {
    await this.#end("kube-apiserver");
  }

  /** Stops kube-apiserver and starts it again on the same port and data. */
  async restartApiserver(): Promise<void> {
    await this.stopApiserver();
    await this.startApiserver();
  }

  /** Freezes kube-apiserver: connections stay open and nothing answers, until `resumeApiserver()`. */
  pauseApiserver(): void {
    this.#servers.get("kube-apiserver")?.pause();
  }

  resumeApiserver(): void {
    this.#servers.get("kube-apiserver")?.resume();
  }

  /** Sends a request as the administrator; see {@linkcode ApiClient.request}. */
  async request(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer> {
    if (this.#client === undefined) throw new Error("Cannot send a request: the control plane is stopped");
    return await this.#client.request(method, path, body, options);
  }

  /** Lets this process end while the servers go on. */
  unref(): void {
    for (const server of this.#servers.values()) server.unref();
  }

  /** Stops all servers and removes the folder. A repeated call does nothing. */
  async stop(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    for (const name of ["kube-controller-manager", "kube-apiserver", "etcd"] as const) await this.#end(name);
    await Deno.remove(this.dir, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(name: Binary, args: string[]): Promise<ServerProcess> {
    const logFile = join(this.dir, `${name}.log`);
    const server = await ServerProcess.start(name, this.#binaries[name]!, { args, logFile, detached: this.#detached });
    this.#servers.set(name, server);
    return server;
  }

  async #end(name: Binary): Promise<void> {
    await this.#servers.get(name)?.stop(this.#clock, graceMs);
    this.#servers.delete(name);
  }

  async #isReady(signal: AbortSignal): Promise<boolean> {
    try {
      this.#client ??= new ApiClient(
        { server: this.url, ca: await this.#authority(), token: this.adminToken },
        this.#clock,
      );
      for (const path of ["/readyz", "/api/v1/namespaces/default"]) {
        if ((await this.#client.request("GET", path, undefined, { signal, timeoutMs: 5_000 })).status !== 200) {
          return false;
        }
      }
      return true;
    } catch {
      return false;
    }
  }

  /** kube-apiserver signs its own certificate with an authority of its own, which is the last one in the file. */
  async #authority(): Promise<string> {
    const chain = await Deno.readTextFile(join(this.dir, "certificates", "apiserver.crt"));
    const ca = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)?.at(-1);
    if (!ca) throw new Error("kube-apiserver has not written its certificate yet");
    await Deno.writeTextFile(this.caFile, ca);
    return ca;
  }

  async #writeKeys(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const write = (file: string, text: string) => Deno.writeTextFile(join(this.dir, file), text, { mode: 0o600 });
    await write("service-account.pub", publicKey);
    await write("service-account.key", privateKey);
    await write("tokens.csv", `${this.adminToken},admin,admin,"system:masters"\n`);
  }

  async #logTails(): Promise<string> {
    const tails = [...this.#servers.values()].map(async (server) => `${server.name}: ${await server.logTail()}`);
    return (await Promise.all(tails)).join("\n");
  }
}

/** Ports that nothing listens on now; found all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => {
    const server = createServer();
    return new Promise<typeof server>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(server));
    });
  }));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
