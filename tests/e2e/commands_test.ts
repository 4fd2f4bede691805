/** The compiled program's commands that need no cluster, and what it refuses. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { CRD_YAML } from "../../src/api/crd.ts";
import { VERSION } from "../../src/api/version.ts";
import { runProgram } from "../support/operator.ts";
import "./binary.ts";

Deno.test("binary: version prints its version, its commit and Deno's version", async () => {
  const { code, stdout } = await runProgram(["version"]);
  assert.match(stdout, /^sagemaker-operator (\S+)\ncommit ([0-9a-f]{12}(-dirty)?|unknown)\ndeno \d+\.\d+\.\d+\n$/);
  assert.equal(stdout.split(/\s/)[1], VERSION);
  assert.equal(code, 0);
});

Deno.test("binary: crd prints the CRD", async () => {
  assert.deepEqual(await runProgram(["crd"]), { code: 0, stdout: CRD_YAML, stderr: "" });
});

Deno.test("binary: no command and --help print the usage", async () => {
  const bare = await runProgram([]);
  assert.equal(bare.code, 0);
  assert.match(bare.stdout, /^Usage: |\n {2}run +\S/m);
  assert.deepEqual(await runProgram(["--help"]), bare);
});

Deno.test("binary: render prints the request of a sample that lies where it may read", async () => {
  const sample = join(import.meta.dirname!, "../../samples/kmeans-mnist-processingjob.yaml");
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    const copy = join(folder, "sample.yaml");
    await Deno.copyFile(sample, copy);
    const { code, stdout, stderr } = await runProgram(["render", "-f", copy]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(JSON.parse(stdout).AppSpecification.ContainerEntrypoint[0], "python3");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const REFUSALS: [what: string, args: string[], code: number, line: RegExp][] = [
  ["an unknown flag", ["run", "--namespac=a"], 2, /'--namespac'; did you mean '--namespace'\?/],
  ["an unknown command", ["rnu"], 2, /Unknown command 'rnu'/],
  ["a missing kubeconfig", ["run", "--kubeconfig", "/tmp/none"], 1, /'\/tmp\/none': the file does not exist$/],
  [
    "a kubeconfig where it may not read",
    ["run", "--kubeconfig", "/etc/shadow"],
    1,
    /'\/etc\/shadow': this program was not given the permission .*read only .*'\/etc\/sagemaker-operator'/,
  ],
];
for (const [what, args, code, line] of REFUSALS) {
  Deno.test(`binary: ${what} is told in one line`, async () => {
    const result = await runProgram(args);
    assert.match(result.stderr, /^sagemaker-operator: [^\n]*\n$/);
    assert.match(result.stderr.trimEnd(), line);
    assert.deepEqual([result.code, result.stdout], [code, ""]);
  });
}
