import assert from "node:assert/strict";
import { join } from "node:path";
import { eventually } from "../../tests/support/eventually.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createState, isRunning, type Leftover, ownProcesses, readState, stopLeftover } from "./leftover.ts";

/** Runs `body` with a process that looks like one of a control plane's, as its command line names the folder. */
async function withLeftover(body: (leftover: Leftover, child: Deno.ChildProcess) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "sagemaker-operator-control-plane-" });
  const child = new Deno.Command("sh", { args: ["-c", "read line", `${dir}/etcd`], stdin: "piped" }).spawn();
  const leftover = { dir, kubeconfig: join(dir, "kubeconfig"), pids: [child.pid] };
  try {
    // A child that has only just been forked still has this process's command line.
    await eventually("the process has its command line", async () => {
      assert.ok(await isRunning(leftover, systemClock));
    });
    await body(leftover, child);
  } finally {
    await child.stdin.close().catch(() => {});
    await child.status;
    await Deno.remove(dir, { recursive: true }).catch(() => {});
  }
}

Deno.test("stopLeftover() ends its processes and removes its folder", () =>
  withLeftover(async (leftover, child) => {
    assert.equal(await isRunning(leftover, systemClock), true);
    await stopLeftover(leftover, systemClock);
    assert.equal((await child.status).signal, "SIGTERM");
    assert.equal(await isRunning(leftover, systemClock), false);
    await assert.rejects(Deno.stat(leftover.dir), Deno.errors.NotFound);
  }));

Deno.test("stopLeftover() spares a process that has got a pid of its", () =>
  withLeftover(async (leftover, child) => {
    const other = await Deno.makeTempDir({ prefix: "sagemaker-operator-control-plane-" });
    const stale = { ...leftover, dir: other };
    assert.deepEqual(await ownProcesses(stale, systemClock), []);
    await stopLeftover(stale, systemClock);
    assert.deepEqual(await ownProcesses(leftover, systemClock), [child.pid]);
  }));

Deno.test("stopLeftover() removes no folder but a control plane's", async () => {
  const dir = await Deno.makeTempDir();
  await assert.rejects(
    stopLeftover({ dir, kubeconfig: "", pids: [] }, systemClock),
    /it is not a control plane's folder$/,
  );
  await Deno.remove(dir);
});

Deno.test("createState() writes a state once, and readState() reads it", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "cache", "running.json");
  const state: Leftover = { dir: "/d", kubeconfig: "/d/kubeconfig", pids: [1, 2] };
  assert.equal(await readState(path), undefined);
  assert.equal(await createState(path, state), true);
  assert.equal(await createState(path, { ...state, dir: "/other" }), false);
  assert.deepEqual(await readState(path), state);
  await Deno.writeTextFile(path, "{");
  assert.equal(await readState(path), undefined);
  await Deno.remove(folder, { recursive: true });
});
