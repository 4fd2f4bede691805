import { deepEqual, equal, throws } from "node:assert/strict";
import { environmentName, parseArguments, wantsHelp } from "./arguments.ts";
import { boolean, duration, integer, list, oneOf, string } from "./flags.ts";

const command = {
  name: "run",
  summary: "Runs the controller",
  flags: {
    "context": string({ help: "The kubeconfig's context" }),
    "leader-election-id": string({ help: "The name of the lease", default: "sagemaker-operator" }),
    "namespace": list({ help: "The namespaces to watch" }),
    "workers": integer({ help: "How many reconciles run at once", default: 16, min: 1 }),
    "ttl": integer({ help: "Seconds until a finished job goes", min: 0 }),
    "poll-interval": duration({ help: "The time between polls", default: "1s", min: "100ms" }),
    "leader-elect": boolean({ help: "Whether one of several is active", aliases: ["enable-leader-election"] }),
    "metrics-bind-address": string({ help: "Where metrics are served", default: ":8080", aliases: ["metrics-addr"] }),
    "log-level": oneOf(["debug", "info", "warn"], { help: "How much is logged", default: "info" }),
    "file": string({ help: "A file", aliases: ["f"] }),
  },
};

const defaults = {
  context: undefined,
  leaderElectionId: "sagemaker-operator",
  namespace: [],
  workers: 16,
  ttl: undefined,
  pollInterval: 1000,
  leaderElect: false,
  metricsBindAddress: ":8080",
  logLevel: "info",
  file: undefined,
};

function parse(argv: string[], variables: Record<string, string> = {}) {
  return parseArguments(command, argv, (name) => variables[name]).flags;
}

Deno.test("parseArguments() without arguments gives the defaults, with their types", () => {
  const flags = parse([]);
  deepEqual(flags, defaults);
  // These lines are checked by the compiler.
  const typed: { pollInterval: number; namespace: string[]; context: string | undefined; leaderElect: boolean } = flags;
  equal(typed.pollInterval, 1000);
});

Deno.test("parseArguments() takes flags as Go's flag package does, old names included", () => {
  const cases: [string[], Partial<ReturnType<typeof parse>>][] = [
    [["--context", "kind-a"], { context: "kind-a" }],
    [["--context=kind-a"], { context: "kind-a" }],
    [["-context", "kind-a"], { context: "kind-a" }],
    [["-context=a=b"], { context: "a=b" }],
    [["--context", "-"], { context: "-" }],
    [["--context=--odd"], { context: "--odd" }],
    [["-f", "x.yaml"], { file: "x.yaml" }],
    [["--workers", "4", "--workers=8"], { workers: 8 }],
    [["--namespace", "a, b", "--namespace=c,"], { namespace: ["a", "b", "c"] }],
    [["--poll-interval", "1m30s"], { pollInterval: 90_000 }],
    [["--poll-interval=1.5s"], { pollInterval: 1500 }],
    [["--leader-elect"], { leaderElect: true }],
    [["--enable-leader-election"], { leaderElect: true }],
    [["--enable-leader-election=true"], { leaderElect: true }],
    [["-enable-leader-election=false"], { leaderElect: false }],
    [["--leader-elect", "--leader-elect=F"], { leaderElect: false }],
    [["--metrics-addr=0"], { metricsBindAddress: "0" }],
    [["--metrics-addr", "127.0.0.1:8080"], { metricsBindAddress: "127.0.0.1:8080" }],
    [["--log-level=debug", "--ttl=0"], { logLevel: "debug", ttl: 0 }],
  ];
  for (const [argv, expected] of cases) deepEqual(parse(argv), { ...defaults, ...expected }, argv.join(" "));
});

Deno.test("a flag beats its environment variable, which beats the default", () => {
  const variables = {
    SAGEMAKER_OPERATOR_POLL_INTERVAL: "5s",
    SAGEMAKER_OPERATOR_LEADER_ELECT: "true",
    SAGEMAKER_OPERATOR_NAMESPACE: "a,b",
    SAGEMAKER_OPERATOR_CONTEXT: "",
    SAGEMAKER_OPERATOR_METRICS_ADDR: "ignored: only the flag's first name has a variable",
  };
  deepEqual(parse([], variables), { ...defaults, pollInterval: 5000, leaderElect: true, namespace: ["a", "b"] });
  deepEqual(parse(["--poll-interval=2s", "--leader-elect=false", "--namespace=c"], variables), {
    ...defaults,
    pollInterval: 2000,
    namespace: ["c"],
  });
});

Deno.test("wrong usage gives one clear line", () => {
  const cases: [string[], string][] = [
    [["--namespce", "a"], "Unknown flag '--namespce'; did you mean '--namespace'?"],
    [["-pol-interval=1s"], "Unknown flag '--pol-interval'; did you mean '--poll-interval'?"],
    [["--zzzzzz"], "Unknown flag '--zzzzzz'"],
    [["--toString"], "Unknown flag '--toString'"],
    [["--context"], "Flag '--context' needs a value"],
    [["--context", "--leader-elect"], "Flag '--context' needs a value"],
    [["--context="], "Cannot use '' for --context: expected some text"],
    [["--workers", "0"], "Cannot use '0' for --workers: expected a whole number, 1 or more"],
    [["--workers=-3"], "Cannot use '-3' for --workers: expected a whole number, 1 or more"],
    [["--workers", "1e3"], "Cannot use '1e3' for --workers: expected a whole number, 1 or more"],
    [
      ["--poll-interval", "5"],
      "Cannot use '5' for --poll-interval: expected a duration such as 500ms, 5s or 1h30m, 100ms or more",
    ],
    [
      ["--poll-interval", "0"],
      "Cannot use '0' for --poll-interval: expected a duration such as 500ms, 5s or 1h30m, 100ms or more",
    ],
    [["--enable-leader-election=maybe"], "Cannot use 'maybe' for --leader-elect: expected true or false"],
    [["--log-level", "loud"], "Cannot use 'loud' for --log-level: expected debug, info or warn"],
    [["--leader-elect", "true"], "Unexpected argument 'true'"],
    [["--", "--context"], "Unexpected argument '--context'"],
  ];
  for (const [argv, message] of cases) throws(() => parse(argv), { name: "UsageError", message });
});

Deno.test("a bad value in the environment is named by its variable", () => {
  throws(() => parse([], { SAGEMAKER_OPERATOR_WORKERS: "many" }), {
    name: "UsageError",
    message: "Cannot use 'many' for SAGEMAKER_OPERATOR_WORKERS: expected a whole number, 1 or more",
  });
});

Deno.test("arguments are counted against the command's", () => {
  const logs = {
    name: "logs",
    summary: "Prints logs",
    positionals: ["NAME"],
    flags: { follow: boolean({ help: "Go on" }) },
  };
  const parse = (...argv: string[]) => parseArguments(logs, argv, () => undefined);
  deepEqual(parse("a", "--follow"), { flags: { follow: true }, positionals: ["a"] });
  deepEqual(parse("--follow", "a"), { flags: { follow: true }, positionals: ["a"] });
  deepEqual(parse("--", "-odd"), { flags: { follow: false }, positionals: ["-odd"] });
  throws(() => parse(), { name: "UsageError", message: "Missing argument NAME" });
  throws(() => parse("a", "b"), { name: "UsageError", message: "Unexpected argument 'b'" });
});

Deno.test("wantsHelp() sees every form of the help flag, up to a double dash", () => {
  for (const argv of [["-h"], ["--help"], ["-help"], ["--context", "x", "-h"]]) equal(wantsHelp(argv), true);
  for (const argv of [[], ["help"], ["--helpful"], ["--", "-h"]]) equal(wantsHelp(argv), false);
});

Deno.test("environmentName() is upper case with underscores", () => {
  equal(environmentName("leader-election-id"), "SAGEMAKER_OPERATOR_LEADER_ELECTION_ID");
});
