import { VERSION } from "../api/version.ts";
import type { LogsRequest } from "../logs/show.ts";
import { parseArguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { Interrupted, UsageError } from "./errors.ts";
import { boolean, duration, integer, string } from "./flags.ts";

/** The flags that `logs` and the kubectl plugin share. */
export const LOGS_FLAGS = {
  "namespace": string({ help: "Namespace of the resource", aliases: ["n"], defaultText: "that of the context" }),
  "attempt": integer({ help: "Number of the attempt, 1 for the first", min: 1, defaultText: "the latest" }),
  "follow": boolean({
    help: "Goes on until the job has ended, also from before its start; the exit code is 0 if it Completed, else 1",
    aliases: ["f"],
  }),
  "since": duration({ help: "Only lines that are no older, as 1h", default: "0", defaultText: "all" }),
  "tail": integer({ help: "Begins with so many of the last lines", default: -1, min: -1, defaultText: "-1, all" }),
  "timestamps": boolean({ help: "Shows the time of each line, in UTC" }),
  "prefix": boolean({ help: "Shows the host of each line (default: if there are several)" }),
  "no-prefix": boolean({ help: "Never shows the host" }),
  "raw": boolean({
    help: "Keeps control characters and sequences of the lines, which a terminal is otherwise not sent",
  }),
  "stream-prefix": string({
    help: "Only log streams whose names begin so, after the job's name and a slash",
    aliases: ["p"],
    placeholder: "PREFIX",
  }),
  "host": string({ help: "Only the lines of one host, as algo-1", aliases: ["c"], placeholder: "HOST" }),
  "kubeconfig": string({
    help: "Path of a kubeconfig",
    placeholder: "FILE",
    defaultText: "KUBECONFIG, else ~/.kube/config",
  }),
  "context": string({ help: "Context of the kubeconfig", defaultText: "its current one" }),
  "endpoint-url": string({
    help: "Endpoint of CloudWatch Logs",
    placeholder: "URL",
    defaultText: "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS, else AWS's own",
  }),
};

const spec = {
  name: "logs",
  summary: "Prints what a ProcessingJob's containers have written, from CloudWatch Logs",
  positionals: ["NAME"],
  ignoresEnvironment: true,
  flags: LOGS_FLAGS,
} as const;

export const logs: Command = {
  spec,
  run(argv, context) {
    const { flags, positionals: [name] } = parseArguments(spec, argv, context.env);
    const { prefix, noPrefix, timestamps, ...others } = flags;
    if (prefix && noPrefix) throw new UsageError("Cannot use '--prefix' and '--no-prefix' together");
    return printLogs({
      ...others,
      name: name!,
      style: (hosts) => ({ prefix: !noPrefix && (prefix || hosts > 1) ? "host" : "none", timestamps }),
    }, context);
  },
};

/** Prints logs to a command's stdout, and what is to be said about them to its stderr. */
export async function printLogs(
  { raw, ...request }: Omit<LogsRequest, "version" | "colours" | "plain"> & { raw: boolean },
  { env, signal, stdout, stderr, terminal, stdoutAsIs = stdout }: CommandContext,
): Promise<void> {
  // With all that it needs it is loaded only here: `run` and the others have no use for it.
  const { showLogs } = await import("../logs/show.ts");
  const isTerminal = terminal?.stdout ?? false;
  const colours = isTerminal && !Deno.noColor;
  const plain = isTerminal && !raw;
  try {
    await showLogs({ ...request, version: VERSION, colours, plain }, { env, signal, stdout: stdoutAsIs, stderr });
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  }
}
