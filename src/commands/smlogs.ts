import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./errors.ts";
import { boolean } from "./flags.ts";
import { LOGS_FLAGS, printLogs } from "./logs.ts";

/** Without prefixes: this plugin has a flag of its own for them. */
const { prefix: _, "no-prefix": __, timestamps: ___, ...flags } = LOGS_FLAGS;

const spec = {
  name: "smlogs",
  calledAs: "kubectl smlogs",
  summary: "Prints what a ProcessingJob's containers have written, from CloudWatch Logs: log stream, time, message",
  positionals: ["processingjob", "NAME"],
  ignoresEnvironment: true,
  flags: {
    ...flags,
    "stream-prefix": { ...flags["stream-prefix"], aliases: ["p", "logSearchPrefix"] },
    "hide-log-stream-name": boolean({ help: "Leaves the names of log streams out" }),
  },
} as const;

/** As the plugin of the Go operator, which took a kind in any case, singular or plural. */
const KINDS = /^(processingjobs?|pj)$/i;

/** `logs` with the arguments of the Go operator's kubectl plugin, which knew other kinds of jobs only. */
export const smlogs: Command = {
  spec,
  run(argv, context) {
    const { flags, positionals: [kind, name] } = parseArguments(spec, argv, context.env);
    if (!KINDS.test(kind!)) {
      throw new UsageError(`Cannot show logs of '${kind}': write 'kubectl smlogs processingjob NAME'`);
    }
    const { hideLogStreamName, ...others } = flags;
    return printLogs({
      ...others,
      name: name!,
      style: () => ({ prefix: hideLogStreamName ? "none" : "stream", timestamps: true }),
      heading: ({ jobName, region, word }) =>
        `"${name}" has SageMaker ProcessingJobName "${jobName}" in region "${region}", status "${word}"`,
    }, context);
  },
};
