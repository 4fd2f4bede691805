import { CRD_YAML } from "../api/crd.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";

const spec = {
  name: "crd",
  summary: "Prints the CustomResourceDefinition of ProcessingJob as YAML, for kubectl apply -f -",
  flags: {},
};

export const crd: Command = {
  spec,
  run(argv, { env, stdout }) {
    parseArguments(spec, argv, env);
    stdout(CRD_YAML);
    return Promise.resolve();
  },
};
