/** The program as a plugin of the real kubectl, which finds it by its name. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { findBinaries } from "../../tools/control_plane/binaries.ts";
import { BINARY } from "./binary.ts";

Deno.test("binary: kubectl runs it as its plugin 'smlogs'", async () => {
  const { kubectl } = await findBinaries(["kubectl"]);
  const folder = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await Deno.symlink(await Deno.realPath(BINARY), join(folder, "kubectl-smlogs"));
    const run = async (...args: string[]) => {
      const env = { PATH: folder, HOME: folder, KUBECONFIG: join(folder, "none") };
      const { code, stderr } = await new Deno.Command(kubectl, { args: ["smlogs", ...args], env, clearEnv: true })
        .output();
      return { code, stderr: new TextDecoder().decode(stderr) };
    };
    const unknown = await run("TrainingJob", "a");
    assert.deepEqual(unknown, {
      code: 2,
      stderr: "sagemaker-operator: Cannot show logs of 'TrainingJob': write 'kubectl smlogs processingjob NAME'\n",
    });
    const known = await run("ProcessingJob", "a", "-f", "--logSearchPrefix", "algo", "--hide-log-stream-name");
    assert.equal(known.code, 1);
    assert.match(known.stderr, /^sagemaker-operator: [^\n]*'\/tmp\/[^\n]*\/none': the file does not exist\n$/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
