import process from "node:process";
import { type CommandSpec, wantsHelp } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodeOf, UsageError } from "./errors.ts";
import { commandUsage, programUsage } from "./help.ts";
import { nearest } from "../util/nearest.ts";
import { argumentsOf } from "./plugin.ts";
import { terminalText } from "../util/terminal_text.ts";

/** In the order of the help. Only the one that is called is loaded: `run` needs nothing of what `render` reads YAML with. */
const COMMANDS = {
  run: async () => (await import("./run.ts")).run,
  logs: async () => (await import("./logs.ts")).logs,
  simulate: async () => (await import("./simulate.ts")).simulate,
  render: async () => (await import("./render.ts")).render,
  doctor: async () => (await import("./doctor.ts")).doctor,
  crd: async () => (await import("./crd.ts")).crd,
  completion: async () => (await import("./completion.ts")).completion(specs),
  version: async () => (await import("./version.ts")).version,
} satisfies Record<string, () => Promise<Command>>;

/** Called by another name, so not among those that help shows. */
const HIDDEN: Record<string, () => Promise<Command>> = {
  smlogs: async () => (await import("./smlogs.ts")).smlogs,
};

async function specs(): Promise<CommandSpec[]> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return commands.map(({ spec }) => spec);
}

/** Runs the command that `argv` names and gives the exit code: 0, 1 for a failure, 2 for a mistake in the call. */
export function runCommand(argv: readonly string[], streams: CommandContext): Promise<number> {
  const context = safeOnTerminals(streams);
  return exitCodeOf(async () => {
    const [name, ...rest] = argumentsOf(process.argv0, argv);
    if (name === undefined || ["-h", "-help", "--help", "help"].includes(name)) {
      return context.stdout(programUsage(await specs()));
    }
    const load = Object.hasOwn(HIDDEN, name) ? HIDDEN[name] : isCommand(name) ? COMMANDS[name] : undefined;
    if (load === undefined) throw unknownCommand(name);
    const command = await load();
    if (wantsHelp(rest)) return context.stdout(commandUsage(command.spec));
    await command.run(rest, context);
  }, context.stderr);
}

/** The streams, of which those that are terminals are written no control characters. */
function safeOnTerminals(context: CommandContext): CommandContext {
  const { stdout, stderr, terminal } = context;
  return {
    ...context,
    stdout: terminal?.stdout ? (text) => stdout(terminalText(text)) : stdout,
    stderr: terminal?.stderr ? (text) => stderr(terminalText(text)) : stderr,
    stdoutAsIs: stdout,
  };
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith("-")) {
    return new UsageError(
      `A command must come before '${name}', as in 'sagemaker-operator run ${name}'; --help lists them`,
    );
  }
  const guess = nearest(name, Object.keys(COMMANDS));
  return new UsageError(
    `Unknown command '${name}'${
      guess === undefined ? "; --help lists those that exist" : `; did you mean '${guess}'?`
    }`,
  );
}
