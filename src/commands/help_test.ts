import { equal, ok } from "node:assert/strict";
import { boolean, duration, list, string } from "./flags.ts";
import { commandUsage, programUsage } from "./help.ts";

const command = {
  name: "logs",
  summary: "Prints a job's logs",
  positionals: ["NAME"],
  flags: {
    "follow": boolean({ help: "Keep printing until the job ends", aliases: ["f"] }),
    "namespace": list({ help: "The namespaces to watch, separated by commas", defaultText: "all" }),
    "poll-interval": duration({ help: "The time between polls", default: "1s" }),
    "metrics-bind-address": string({
      help: "Where metrics are served; 0 turns it off",
      default: ":8080",
      aliases: ["metrics-addr"],
      placeholder: "HOST:PORT",
    }),
  },
};

Deno.test("commandUsage() shows each flag with its value, default, other names and variable", () => {
  equal(
    commandUsage(command),
    `\
Prints a job's logs.

Usage: sagemaker-operator logs NAME [FLAGS]

Flags (each may be set by the environment variable in brackets instead):
  -f, --follow                      Keep printing until the job ends [SAGEMAKER_OPERATOR_FOLLOW]
  --namespace LIST                  The namespaces to watch, separated by commas (default: all)
                                    [SAGEMAKER_OPERATOR_NAMESPACE]
  --poll-interval DURATION          The time between polls (default: 1s)
                                    [SAGEMAKER_OPERATOR_POLL_INTERVAL]
  --metrics-bind-address HOST:PORT  Where metrics are served; 0 turns it off (default: :8080; also
                                    --metrics-addr) [SAGEMAKER_OPERATOR_METRICS_BIND_ADDRESS]
`,
  );
});

Deno.test("a flag too long for its column gets a line of its own, and no line is over 100 columns", () => {
  const name = "default-ttl-seconds-after-finished";
  const flags = { [name]: string({ help: "word ".repeat(60).trim(), placeholder: "SECONDS" }) };
  const lines = commandUsage({ ...command, flags }).split("\n");
  ok(lines.includes(`  --${name} SECONDS`));
  for (const line of lines) ok(line.length <= 100, line);
});

Deno.test("commandUsage() of a command without flags speaks of none", () => {
  equal(
    commandUsage({ name: "crd", summary: "Prints the CRD", flags: {} }),
    "Prints the CRD.\n\nUsage: sagemaker-operator crd\n",
  );
});

Deno.test("programUsage() lists the commands", () => {
  const lines = programUsage([command, { name: "run", summary: "Runs the controller" }]).split("\n");
  ok(lines.includes("  logs NAME  Prints a job's logs"));
  ok(lines.includes("  run        Runs the controller"));
  equal(lines.at(-1), "");
});
