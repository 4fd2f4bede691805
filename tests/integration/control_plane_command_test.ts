import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/runtime/clock.ts";
import { ApiClient } from "../../tools/control_plane/api_client.ts";
import { findBinaries } from "../../tools/control_plane/binaries.ts";
import { parseKubeconfig } from "../../tools/control_plane/kubeconfig.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";

const main = fileURLToPath(new URL("../../tools/control_plane/main.ts", import.meta.url));

type Command = (...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;

/** Runs `body` with the command, its state in a folder of its own and the binaries that this machine has. */
async function withCommand(body: (command: Command) => Promise<void>): Promise<void> {
  const { "kube-apiserver": apiserver } = await findBinaries(["etcd", "kube-apiserver"]);
  const info = await runCommand(Deno.execPath(), ["info", "--json"], { clock: systemClock, timeoutMs: 30_000 });
  const folder = await Deno.makeTempDir();
  // Deno's own cache stays where it is when the project's moves.
  const env = { XDG_CACHE_HOME: folder, DENO_DIR: JSON.parse(info).denoDir, KUBEBUILDER_ASSETS: dirname(apiserver) };
  const command: Command = async (...args) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", main, ...args],
      env,
    })
      .output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  try {
    await body(command);
  } finally {
    await command("stop");
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("control-plane start prints a kubeconfig that works, twice the same, and stop removes it", () =>
  withCommand(async (command) => {
    const first = await command("start");
    assert.equal(first.code, 0, first.stderr);
    const kubeconfig = first.stdout.trim();
    const client = new ApiClient(parseKubeconfig(await Deno.readTextFile(kubeconfig)));
    try {
      assert.equal((await client.request("GET", "/api/v1/namespaces/default")).status, 200);
      assert.equal((await command("start")).stdout, first.stdout);

      const stopped = await command("stop");
      assert.deepEqual(stopped, { code: 0, stdout: "", stderr: "" });
      await assert.rejects(client.request("GET", "/version"), TypeError);
      await assert.rejects(Deno.stat(dirname(kubeconfig)), Deno.errors.NotFound);
    } finally {
      client.close();
    }
    assert.deepEqual(await command("stop"), { code: 0, stdout: "", stderr: "No control plane is running\n" });
  }));

Deno.test("control-plane answers bad arguments with one line and exit code 2, and --help with its usage", () =>
  withCommand(async (command) => {
    for (const args of [["begin"], ["start", "now"], ["start", "--fast"]]) {
      const { code, stdout, stderr } = await command(...args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^.+; see --help\n$/);
    }
    const help = await command("--help");
    assert.equal(help.code, 0);
    assert.match(help.stdout, /^Usage: deno task control-plane start\|stop\n/);
  }));
