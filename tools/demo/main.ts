/** The command behind `deno task demo`: the operator's main job, from nothing. */
import { parseArgs } from "node:util";
import { loadCluster } from "../../src/kubernetes/config.ts";
import { configureLog } from "../../src/telemetry/log.ts";
import { errorText } from "../../src/telemetry/error_text.ts";
import { playDemo } from "./demo.ts";
import { existingStage, localStage, type Stage } from "./stage.ts";
import { Timeline } from "./timeline.ts";

const USAGE = `Usage: deno task demo [--keep] [--context NAME [--yes]]

Shows the operator's main job: ProcessingJob resources are applied, run by a
stand-in for SageMaker, shown and deleted. Nothing is sent to AWS.

Without flags it starts a control plane of its own (etcd and kube-apiserver),
on this machine only, and removes it at the end. The first run gets the
binaries, which may take minutes.

Options:
      --keep           Leave everything running until Ctrl-C, and print what a
                       second terminal needs
      --context NAME   Use an existing cluster instead: the one of this context
                       of the kubeconfig, in a namespace made for the demo
      --yes            Do not ask before that
  -h, --help           Print this help
`;

const OPTIONS = {
  keep: { type: "boolean", default: false },
  context: { type: "string" },
  yes: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const encoder = new TextEncoder();
const print = (text: string) => void Deno.stdout.writeSync(encoder.encode(text));
const complain = (text: string) => void Deno.stderr.writeSync(encoder.encode(`demo: ${text}\n`));

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
  } catch (error) {
    complain(`${errorText(error)}; --help says what there is`);
    return 2;
  }
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      // Leaving now would leave servers behind, so a second one is only answered.
      if (controller.signal.aborted) complain("still cleaning up, one moment");
      controller.abort(new DOMException("Stopped", "AbortError"));
    });
  }
  configureLog({ level: "warn", format: "text" });
  try {
    return await demo(values, controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) {
      complain(errorText(error));
      return 1;
    }
    return values.keep ? 0 : 130;
  }
}

async function demo(flags: { keep: boolean; context?: string; yes: boolean }, signal: AbortSignal): Promise<number> {
  const timeline = new Timeline({
    isColoured: Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR"),
    write: print,
  });
  timeline.heading("sagemaker-operator: YAML in, SageMaker job out, true status back");
  const stage = flags.context
    ? await chosenStage(flags.context, flags.yes, timeline, signal)
    : await localStage(timeline, signal);
  if (stage === undefined) return 1;
  {
    await using open = stage;
    await playDemo(open, timeline, flags.keep, signal);
  }
  timeline.heading(`Done after ${timeline.seconds.toFixed(0)} s; nothing is left behind. What to try next:`);
  timeline.block(
    [
      "deno task demo --keep                 the same, left running for your own kubectl",
      "deno task demo --context NAME         the same on a cluster of yours",
      "deno run -A main.ts --help            the commands: run, logs, simulate, render, doctor, crd, completion, version",
      "README.md                             how to install it",
    ].map((line) => `  ${line}`).join("\n"),
  );
  return 0;
}

async function chosenStage(
  context: string,
  yes: boolean,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Stage | undefined> {
  const cluster = await loadCluster({ context, env: Deno.env });
  timeline.block(
    `The demo will use the cluster at ${cluster.server} (${cluster.source}).\n` +
      "It makes a namespace there, and installs the CRD if it is missing; both are removed at the end.",
  );
  if (!yes && !(Deno.stdin.isTerminal() && confirm("Go on?"))) {
    timeline.block("Nothing was done. Answer y, or give --yes.");
    cluster.close();
    return undefined;
  }
  return await existingStage(cluster, context, timeline, signal);
}
