import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../runtime/fake_clock.ts";
import { ExecPlugin, type ExecSpec } from "./exec_plugin.ts";

/** A plugin that prints `output` and counts its runs in a file. */
async function setUp(output: string, more: Partial<ExecSpec> = {}) {
  const directory = await Deno.makeTempDir();
  const clock = new FakeClock();
  const script = `#!/bin/sh\necho run >> '${directory}/runs'\n${output}\n`;
  await Deno.writeTextFile(join(directory, "plugin"), script, { mode: 0o700 });
  const spec = { apiVersion: "client.authentication.k8s.io/v1", command: "./plugin", ...more };
  return {
    clock,
    directory,
    plugin: new ExecPlugin(spec, directory, clock),
    runs: async () => (await Deno.readTextFile(join(directory, "runs"))).trim().split("\n").length,
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

function print(status: unknown): string {
  return `echo '${JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status })}'`;
}

Deno.test("credential() runs a command that is relative to the kubeconfig, and keeps what has no expiry", async () => {
  await using bench = await setUp(print({ token: "t" }));
  assert.deepEqual(await bench.plugin.credential(), { token: "t" });
  await bench.clock.advance(3_600_000);
  await bench.plugin.credential();
  assert.equal(await bench.runs(), 1);
});

Deno.test("credential() runs the plugin again when what it printed has expired", async () => {
  const expirationTimestamp = new Date(new FakeClock().now() + 60_000).toISOString();
  await using bench = await setUp(print({ token: "t", expirationTimestamp }));
  await bench.plugin.credential();
  await bench.clock.advance(59_000);
  await bench.plugin.credential();
  assert.equal(await bench.runs(), 1);
  await bench.clock.advance(1000);
  await bench.plugin.credential();
  assert.equal(await bench.runs(), 2);
});

Deno.test("credential() hands over arguments, environment and KUBERNETES_EXEC_INFO", async () => {
  const output = `printf '{"kind":"ExecCredential","status":{"token":"%s %s %s"}}' "$1" "$EXTRA" ` +
    `"$(echo "$KUBERNETES_EXEC_INFO" | tr -d '"')"`;
  await using bench = await setUp(output, { args: ["first"], env: [{ name: "EXTRA", value: "extra" }] });
  const { token } = await bench.plugin.credential();
  const info = "{kind:ExecCredential,apiVersion:client.authentication.k8s.io/v1,spec:{interactive:false}}";
  assert.equal(token, `first extra ${info}`);
});

const FAULTS: [what: string, output: string, spec: Partial<ExecSpec>, message: RegExp][] = [
  ["fails", "echo 'log in first' >&2; echo more >&2; exit 3", {}, /'\.\/plugin' fails with code 3: log in first$/],
  ["fails silently", "exit 1", {}, /fails with code 1: it says nothing$/],
  ["prints no JSON", "echo token=secret", {}, /prints no ExecCredential with a status$/],
  ["prints something else", `echo '{"kind":"Secret","status":{}}'`, {}, /prints no ExecCredential/],
  ["prints no status", `echo '{"kind":"ExecCredential"}'`, {}, /prints no ExecCredential/],
  [
    "doesn't exist",
    "",
    { command: "no-such-plugin", installHint: "Install it from example.com\nthen retry" },
    /'no-such-plugin': there is no such program; Install it from example.com$/,
  ],
];

for (const [what, output, spec, message] of FAULTS) {
  Deno.test(`credential() explains a plugin that ${what}`, async () => {
    await using bench = await setUp(output, spec);
    await assert.rejects(bench.plugin.credential(), (error) => {
      assert.ok(error instanceof Error && error.name === "ConfigError");
      assert.match(error.message, message);
      assert.ok(!error.message.includes("secret"));
      return true;
    });
  });
}

Deno.test({
  name: "credential() ends a plugin that doesn't end",
  // Nobody waits for the output of a program that was killed; the system closes it soon.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using bench = await setUp("exec sleep 600");
    const rejects = assert.rejects(bench.plugin.credential(), /does not end within 60 s$/);
    await bench.clock.advance(60_000);
    await rejects;
  },
});
