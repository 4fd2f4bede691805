/** The scripts, in the shells that they are for. Tests of a shell that is not installed are skipped. */
import assert from "node:assert/strict";
import { complete, completionScript, shellTest } from "../../tests/support/complete.ts";

const EVERY_JOB = "kmeans kmedoids";
const offered: [line: string, words: string][] = [
  ["lo", "logs"],
  ["ver", "version"],
  ["logs ", EVERY_JOB],
  ["logs --fo", "--follow"],
  ["logs --kubeconfig a-f", "a-file"],
  ["logs --context ", "blue green"],
  ["logs -n team-a -f kme", EVERY_JOB],
  ["logs --namespace team-b ", "only-in-b"],
  ["run --log-level ", "debug info warn error"],
  ["run --log-level w", "warn"],
  ["completion ", "bash zsh fish"],
  ["run --poll-interval ", ""],
];

for (const shell of ["bash", "fish"] as const) {
  shellTest(shell, "commands, flags, values, files and what the cluster has are offered", async () => {
    const words = await complete(shell, offered.map(([line]) => `sagemaker-operator ${line}`));
    const sorted = (text: string) => text.split(" ").sort().join(" ");
    assert.deepEqual(words.map(sorted), offered.map(([, words]) => sorted(words)));
  });
}

shellTest("bash", "a value after = is completed too", async () => {
  assert.deepEqual(await complete("bash", ["sagemaker-operator run --log-format=j"]), ["json"]);
});

shellTest("zsh", "commands, flags, values, files and what the cluster has are completed", async () => {
  const table: [line: string, completed: string][] = [
    ["lo", "logs"],
    ["logs --fo", "logs --follow"],
    ["logs --kubeconfig a-f", "logs --kubeconfig a-file"],
    ["logs --context bl", "logs --context blue"],
    ["logs -n team-a -f kmea", "logs -n team-a -f kmeans"],
    ["logs --namespace team-b o", "logs --namespace team-b only-in-b"],
    ["run --log-format j", "run --log-format json"],
    ["completion z", "completion zsh"],
  ];
  const completed = await complete("zsh", table.map(([line]) => `sagemaker-operator ${line}`));
  assert.deepEqual(completed.map((line) => line.trim()), table.map(([, line]) => line));
});

Deno.test("completion refuses a shell that it does not know", async () => {
  assert.deepEqual(await completionScript("tcsh"), {
    code: 2,
    stdout: "",
    stderr: "sagemaker-operator: Cannot complete in 'tcsh': expected bash, zsh, fish\n",
  });
});
