import { COMMIT, VERSION } from "../api/version.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const spec = { name: "version", summary: "Prints the version, the commit and the version of Deno", flags: {} };

export const version: Command = {
  spec,
  run(argv, { env, stdout }) {
    parseArguments(spec, argv, env);
    stdout(`sagemaker-operator ${VERSION}\ncommit ${COMMIT}\ndeno ${Deno.version.deno}\n`);
    return Promise.resolve();
  },
};
