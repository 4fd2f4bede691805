/** The first command of the README. */
import assert from "node:assert/strict";
import { join } from "node:path";

const DEMO = join(import.meta.dirname!, "../../tools/demo/main.ts");

Deno.test("the demo shows a job complete, one tried again, one fail and one stopped, and complains of nothing", async () => {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", DEMO], stdout: "piped", stderr: "piped" });
  const { code, stdout, stderr } = await command.output();
  const [shown, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert.deepEqual({ code, complaints }, { code: 0, complaints: "" }, shown);
  for (
    const line of [
      /status +kmeans-mnist-processing: Completed/,
      /status +no-capacity-yet: Reconciling +Attempt 1 failed: CapacityError[^]*status +no-capacity-yet: Completed/,
      /status +no-such-bucket: Failed +AlgorithmError/,
      /^NAME +STATUS +CREATION-TIME +SAGEMAKER-JOB-NAME$/m,
      /Processing Job Status: +Completed/,
      /status +too-long: Stopping\n.*status +too-long is gone/,
      /nothing is left behind/,
    ]
  ) assert.match(shown!, line);
});

Deno.test("the demo refuses a flag that it does not know", async () => {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", DEMO, "--fast"], stderr: "piped" });
  const { code, stderr } = await command.output();
  assert.equal(code, 2);
  assert.match(new TextDecoder().decode(stderr), /^demo: .*--fast/);
});
