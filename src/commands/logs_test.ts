import assert from "node:assert/strict";
import { runCommand } from "./main.ts";
import { argumentsOf } from "./plugin.ts";

async function run(argv: string[], env: Record<string, string> = {}) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(argv, {
    env: (name) => env[name],
    signal: new AbortController().signal,
    stdout: (text) => stdout += text,
    stderr: (text) => stderr += text,
  });
  return { code, stdout, stderr };
}

Deno.test("argumentsOf() makes a command of the name that kubectl calls a plugin by", () => {
  const args = ["processingjob", "a"];
  for (const name of ["kubectl-smlogs", "/usr/local/bin/kubectl-smlogs", "C:\\bin\\kubectl-smlogs.exe"]) {
    assert.deepEqual(argumentsOf(name, args), ["smlogs", ...args]);
  }
  for (const name of ["sagemaker-operator", "deno", "kubectl-smlogs2", "/kubectl-smlogs/x", ""]) {
    assert.deepEqual(argumentsOf(name, args), args);
  }
});

Deno.test("the plugin's help names the plugin and its flags, and the program's help not the plugin", async () => {
  const { code, stdout } = await run(["smlogs", "--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: kubectl smlogs processingjob NAME \[FLAGS\]$/m);
  assert.match(stdout, /-p, --stream-prefix PREFIX.*also --logSearchPrefix/s);
  assert.match(stdout, /--hide-log-stream-name/);
  assert.doesNotMatch((await run(["--help"])).stdout, /smlogs/);
});

const kinds = ["TrainingJob", "batchtransformjob", "pods"];
for (const kind of kinds) {
  Deno.test(`the plugin refuses ${kind}`, async () => {
    const { code, stderr } = await run(["smlogs", kind, "a"]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`Cannot show logs of '${kind}': write 'kubectl smlogs processingjob NAME'`));
  });
}

for (const kind of ["processingjob", "ProcessingJobs", "PROCESSINGJOB", "pj"]) {
  Deno.test(`the plugin takes ${kind}`, async () => {
    const { code, stderr } = await run([
      "smlogs",
      kind,
      "a",
      "--kubeconfig",
      "/nonexistent",
      "-f",
      "--hide-log-stream-name",
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /'\/nonexistent': the file does not exist/);
  });
}

Deno.test("variables that set up the operator do not reach logs", async () => {
  const { stderr } = await run(["logs", "a", "--kubeconfig", "/one"], {
    SAGEMAKER_OPERATOR_KUBECONFIG: "/two",
    SAGEMAKER_OPERATOR_TAIL: "x",
  });
  assert.match(stderr, /'\/one'/);
  const { stdout } = await run(["logs", "--help"]);
  assert.match(stdout, /^Flags:$/m);
  assert.doesNotMatch(stdout, /SAGEMAKER_OPERATOR_/);
});

const mistakes: [string[], RegExp][] = [
  [[], /Missing argument NAME/],
  [["a", "--tail", "-2"], /Cannot use '-2' for --tail: expected a whole number, -1 or more/],
  [["a", "--since", "1 day"], /Cannot use '1 day' for --since/],
  [["a", "--prefix", "--no-prefix"], /Cannot use '--prefix' and '--no-prefix' together/],
];
for (const [argv, message] of mistakes) {
  Deno.test(`logs ${argv.join(" ")} is a mistake in the call`, async () => {
    const { code, stdout, stderr } = await run(["logs", ...argv]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
  });
}
