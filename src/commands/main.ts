import process from "node:process";
import { wantsHelp } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { completion } from "./completion.ts";
import { crd } from "./crd.ts";
import { doctor } from "./doctor.ts";
import { exitCodeOf, UsageError } from "./errors.ts";
import { commandUsage, programUsage } from "./help.ts";
import { logs } from "./logs.ts";
import { nearest } from "./nearest.ts";
import { render } from "./render.ts";
import { run } from "./run.ts";
import { simulate } from "./simulate.ts";
import { argumentsOf, smlogs } from "./smlogs.ts";
import { version } from "./version.ts";

const COMMANDS: readonly Command[] = [
  run,
  logs,
  simulate,
  render,
  doctor,
  crd,
  completion(() => COMMANDS.map(({ spec }) => spec)),
  version,
];
/** Called by another name, so not among those that help shows. */
const HIDDEN: readonly Command[] = [smlogs];

/** Runs the command that `argv` names and gives the exit code: 0, 1 for a failure, 2 for a mistake in the call. */
export function runCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  return exitCodeOf(async () => {
    const [name, ...rest] = argumentsOf(process.argv0, argv);
    if (name === undefined || ["-h", "-help", "--help", "help"].includes(name)) {
      return context.stdout(programUsage(COMMANDS.map(({ spec }) => spec)));
    }
    const command = [...COMMANDS, ...HIDDEN].find(({ spec }) => spec.name === name);
    if (command === undefined) throw unknownCommand(name);
    if (wantsHelp(rest)) return context.stdout(commandUsage(command.spec));
    await command.run(rest, context);
  }, context.stderr);
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith("-")) {
    return new UsageError(
      `A command must come before '${name}', as in 'sagemaker-operator run ${name}'; --help lists them`,
    );
  }
  const guess = nearest(name, COMMANDS.map(({ spec }) => spec.name));
  return new UsageError(
    `Unknown command '${name}'${
      guess === undefined ? "; --help lists those that exist" : `; did you mean '${guess}'?`
    }`,
  );
}
