/** The command behind `deno task control-plane`: a local apiserver that goes on after the command has ended. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../../src/runtime/clock.ts";
import { cacheRoot } from "./binaries.ts";
import { startControlPlane } from "./control_plane.ts";
import { createState, isRunning, readState, stopLeftover } from "./leftover.ts";

const usage = `Usage: deno task control-plane start|stop

A local Kubernetes control plane (etcd and kube-apiserver) for trying things out.

Commands:
  start   Starts it, unless it runs already, and prints its kubeconfig's path
  stop    Stops it and removes its files

Options:
      --controller-manager   start: also run kube-controller-manager, so that
                             deleted namespaces go away and roles aggregate
  -h, --help                 Print this help

The first start gets the binaries, which may take minutes: from the folder that
KUBEBUILDER_ASSETS names, the cache, the envtest archive, or a build with 'go'.
`;

class UsageError extends Error {}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => stopping.abort(new DOMException(`Got ${signal}`, "AbortError")));
  }
  try {
    const { command, controllerManager } = parse(args);
    const stateFile = join(cacheRoot(), "running.json");
    if (command === "start") print(await start(stateFile, controllerManager, stopping.signal));
    else if (command === "stop") await stop(stateFile, stopping.signal);
    else print(usage.trimEnd());
    return 0;
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    if (stopping.signal.aborted) return 130;
    return error instanceof UsageError ? 2 : 1;
  }
}

function parse(args: string[]): { command: "start" | "stop" | "help"; controllerManager: boolean } {
  const options = { help: { type: "boolean", short: "h" }, "controller-manager": { type: "boolean" } } as const;
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : cause}; see --help`, { cause });
  }
  const { values, positionals: [command, ...rest] } = parsed;
  const controllerManager = values["controller-manager"] ?? false;
  if (values.help || command === undefined) return { command: "help", controllerManager };
  if ((command !== "start" && command !== "stop") || rest.length > 0) {
    throw new UsageError(
      `Cannot run '${[command, ...rest].join(" ")}': the command must be 'start' or 'stop'; see --help`,
    );
  }
  return { command, controllerManager };
}

/** Gives the kubeconfig's path of the control plane that runs, or of a new one. */
async function start(stateFile: string, controllerManager: boolean, signal: AbortSignal): Promise<string> {
  const before = await readState(stateFile);
  if (before && await isRunning(before, systemClock)) return before.kubeconfig;
  if (before) await stop(stateFile, signal);

  const controlPlane = await startControlPlane({ signal, progress, controllerManager, detached: true });
  const { dir, kubeconfig, pids } = controlPlane;
  if (await createState(stateFile, { dir, kubeconfig, pids })) {
    controlPlane.unref();
    return kubeconfig;
  }
  // Another start was faster: its control plane is the one that counts.
  await controlPlane.stop();
  return await start(stateFile, controllerManager, signal);
}

async function stop(stateFile: string, signal: AbortSignal): Promise<void> {
  const state = await readState(stateFile);
  if (state) await stopLeftover(state, systemClock, signal);
  else progress("No control plane is running");
  await Deno.remove(stateFile).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

function print(line: string): void {
  // deno-lint-ignore no-console -- stdout is this command's result
  console.log(line);
}

function progress(line: string): void {
  // deno-lint-ignore no-console -- progress goes to a person, not into a log
  console.error(line);
}
