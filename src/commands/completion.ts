import { type CommandSpec, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { type Shell, SHELLS, wordsOf } from "./completion/words.ts";
import { zshScript } from "./completion/zsh.ts";
import { UsageError } from "./errors.ts";

const spec = {
  name: "completion",
  summary: "Prints a script that completes commands, flags and names in bash, zsh or fish",
  positionals: ["SHELL"],
  flags: {},
} as const;

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** The command that prints completion scripts for `commands`. */
export function completion(commands: () => Promise<readonly CommandSpec[]>): Command {
  return {
    spec,
    async run(argv, { env, stdout }) {
      const { positionals: [shell] } = parseArguments(spec, argv, env);
      if (!isShell(shell)) throw new UsageError(`Cannot complete in '${shell}': expected ${SHELLS.join(", ")}`);
      stdout(SCRIPTS[shell](wordsOf(await commands())));
    },
  };
}

function isShell(name: string | undefined): name is Shell {
  return SHELLS.some((shell) => shell === name);
}
