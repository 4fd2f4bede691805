/** Mistakes in how the program is called: one clear line on stderr, an exit code, never a stack trace. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { kubeconfigText } from "../../tools/control_plane/kubeconfig.ts";
import { testCluster } from "../support/control_plane.ts";
import { runProgram } from "../support/operator.ts";

const cluster = testCluster();

interface Mistake {
  what: string;
  args: () => string[] | Promise<string[]>;
  env?: Record<string, string>;
  code: number;
  line: RegExp;
}

/** A file with that content, for one test. */
async function fileWith(name: string, text: string): Promise<string> {
  const path = join(cluster.folder, name);
  await Deno.writeTextFile(path, text);
  return path;
}

const NOWHERE = { server: "https://127.0.0.1:1", ca: "", token: "t" };

const MISTAKES: Mistake[] = [
  {
    what: "no cluster",
    args: () => ["run"],
    // In a folder that the container's program may read. Deno would look for its cache in the home directory too.
    env: { HOME: "/tmp/nonexistent", DENO_DIR: denoDir() },
    code: 1,
    line:
      /Cannot find a cluster: .*'KUBECONFIG' is not set and '\/tmp\/nonexistent\/\.kube\/config' does not exist; .*--kubeconfig/,
  },
  {
    what: "kubeconfig that does not exist",
    args: () => ["run", "--kubeconfig", "/tmp/nonexistent/kubeconfig"],
    code: 1,
    line: /Cannot read kubeconfig '\/tmp\/nonexistent\/kubeconfig': the file does not exist/,
  },
  {
    what: "kubeconfig that KUBECONFIG names and does not exist",
    args: () => ["run"],
    env: { KUBECONFIG: "/tmp/nonexistent/kubeconfig" },
    code: 1,
    line: /Cannot read kubeconfig '\/tmp\/nonexistent\/kubeconfig': the file does not exist/,
  },
  {
    what: "kubeconfig that is a directory",
    args: () => ["run", "--kubeconfig", cluster.folder],
    code: 1,
    line: /Cannot read kubeconfig '.*': .*directory/i,
  },
  {
    what: "kubeconfig that is not YAML",
    args: async () => ["run", "--kubeconfig", await fileWith("not-yaml", "clusters: [\nuser: {token: hush")],
    code: 1,
    line: /Cannot read kubeconfig '.*': it is not valid YAML/,
  },
  {
    what: "kubeconfig that is empty",
    args: async () => ["run", "--kubeconfig", await fileWith("empty", "")],
    code: 1,
    line: /Cannot read kubeconfig '.*': it is empty/,
  },
  {
    what: "kubeconfig that is not readable",
    args: async () => {
      const path = await fileWith("secret", kubeconfigText(NOWHERE));
      await Deno.chmod(path, 0);
      // Whoever runs as root may read everything, so for root the file isn't there.
      return ["run", "--kubeconfig", Deno.uid() === 0 ? "/nonexistent/secret" : path];
    },
    code: 1,
    line: /Cannot read kubeconfig '.*secret': (the file does not exist|.*(permission|not allowed))/i,
  },
  {
    what: "context that is not there",
    args: () => ["run", "--kubeconfig", cluster.kubeconfig, "--context", "staging"],
    code: 1,
    line: /Cannot find context 'staging' in kubeconfig '.*': it has '/,
  },
  {
    what: "duration that does not parse",
    args: () => ["run", "--poll-interval", "fast"],
    code: 2,
    line: /Cannot use 'fast' for --poll-interval: expected a duration such as 500ms, 5s or 1h30m/,
  },
  {
    what: "duration in the environment that does not parse",
    args: () => ["run"],
    env: { SAGEMAKER_OPERATOR_STATUS_HEARTBEAT: "often" },
    code: 2,
    line: /Cannot use 'often' for SAGEMAKER_OPERATOR_STATUS_HEARTBEAT/,
  },
  {
    what: "number that does not parse",
    args: () => ["run", "--max-concurrent-reconciles=many"],
    code: 2,
    line: /Cannot use 'many' for --max-concurrent-reconciles: expected a whole number/,
  },
  {
    what: "flag without its value",
    args: () => ["run", "--context"],
    code: 2,
    line: /Flag '--context' needs a value/,
  },
  {
    what: "unknown flag",
    args: () => ["run", "--poll-intervall", "1s"],
    code: 2,
    line: /Unknown flag '--poll-intervall'; did you mean '--poll-interval'\?/,
  },
  {
    what: "argument that is too many",
    args: () => ["run", "now"],
    code: 2,
    line: /Unexpected argument 'now'/,
  },
  {
    what: "endpoint that is no URL",
    args: () => ["run", "--kubeconfig", cluster.kubeconfig, "--endpoint-url", "localhost"],
    code: 2,
    line: /Cannot use the endpoint 'localhost': it must be a URL/,
  },
  {
    what: "allowed endpoint that is no glob",
    args: () => ["run", "--kubeconfig", cluster.kubeconfig, "--allowed-endpoints", "*"],
    code: 2,
    line: /Cannot use '\*' as an allowed endpoint: it must be like 'https:\/\/HOST:PORT'/,
  },
  {
    what: "address that cannot be listened on",
    args: () => ["run", "--kubeconfig", cluster.kubeconfig, "--health-probe-bind-address", "192.0.2.1:1"],
    code: 1,
    line: /Cannot listen on '192\.0\.2\.1:1'/,
  },
  {
    what: "address that is none",
    args: () => ["run", "--kubeconfig", cluster.kubeconfig, "--health-probe-bind-address", "8081"],
    code: 2,
    line: /Cannot listen on '8081': expected 'host:port', ':port', or '0' for off/,
  },
  { what: "unknown command", args: () => ["rum"], code: 2, line: /Unknown command 'rum'; did you mean 'run'\?/ },
  {
    what: "flag before the command",
    args: () => ["--kubeconfig", "k", "run"],
    code: 2,
    line: /command must come before/,
  },
  {
    what: "file to render that is missing",
    args: () => ["render", "-f", "/nonexistent.yaml"],
    code: 1,
    line: /nonexistent/,
  },
];

for (const { what, args, env = {}, code, line } of MISTAKES) {
  Deno.test(`${what}: one line and exit code ${code}`, async () => {
    const result = await runProgram(await args(), { env });
    assert.match(result.stderr, /^sagemaker-operator: [^\n]+\n$/);
    assert.match(result.stderr, line);
    assert.doesNotMatch(result.stderr, /^\s+at |hush/m);
    assert.equal(result.stdout, "");
    assert.equal(result.code, code);
  });
}

Deno.test("every command has help, on stdout and with exit code 0, and so has the program", async () => {
  const table = [
    [],
    ["--help"],
    ["-h"],
    ...["run", "logs", "simulate", "render", "crd", "completion", "version"].map((name) => [name, "--help"]),
  ];
  for (const args of table) {
    const { code, stdout, stderr } = await runProgram(args);
    assert.match(stdout, /^Usage: sagemaker-operator /m, args.join(" "));
    assert.equal(stderr, "");
    assert.equal(code, 0);
  }
});

function denoDir(): string {
  const { stdout } = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
