import { VERSION } from "../api/version.ts";
import { wantsHelp } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { exitCodeOf, UsageError } from "./errors.ts";
import { commandUsage, programUsage } from "./help.ts";
import { nearest } from "./nearest.ts";

/** In the order of the help. Only the one that is called is loaded: `run` needs nothing of what `render` reads YAML with. */
const COMMANDS = {
  run: async () => (await import("./run.ts")).run,
  simulate: async () => (await import("./simulate.ts")).simulate,
  render: async () => (await import("./render.ts")).render,
  crd: async () => (await import("./crd.ts")).crd,
  version: async () => (await import("./version.ts")).version,
} satisfies Record<string, () => Promise<Command>>;

/** Names that are promised, for commands that later versions bring. */
const LATER = ["logs", "doctor", "completion"];

/** Runs the command that `argv` names and gives the exit code: 0, 1 for a failure, 2 for a mistake in the call. */
export function runCommand(argv: readonly string[], context: CommandContext): Promise<number> {
  return exitCodeOf(async () => {
    const [name, ...rest] = argv;
    if (name === undefined || ["-h", "-help", "--help", "help"].includes(name)) {
      const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
      return context.stdout(programUsage(commands.map(({ spec }) => spec)));
    }
    if (!isCommand(name)) throw unknownCommand(name);
    const command = await COMMANDS[name]();
    if (wantsHelp(rest)) return context.stdout(commandUsage(command.spec));
    await command.run(rest, context);
  }, context.stderr);
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

function unknownCommand(name: string): UsageError {
  if (LATER.includes(name)) return new UsageError(`The command '${name}' is not there yet in version ${VERSION}`);
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
