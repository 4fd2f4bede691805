import assert from "node:assert/strict";
import { startStandIn } from "../sagemaker/stand_in/server.ts";
import { runCommand } from "./main.ts";

Deno.env.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
Deno.env.set("AWS_SECRET_ACCESS_KEY", "of-no-use");

async function doctor(argv: string[], env: Record<string, string> = {}) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(["doctor", ...argv], {
    env: (name) => env[name],
    signal: new AbortController().signal,
    stdout: (text) => stdout += text,
    stderr: (text) => stderr += text,
  });
  return { code, stdout, stderr };
}

Deno.test("doctor looks at AWS also where there is no cluster, and exits with 1", async () => {
  const standIn = await startStandIn();
  try {
    const env = { AWS_ENDPOINT_URL: standIn.url, AWS_REGION: "eu-west-1" };
    const argv = ["--kubeconfig", "/nonexistent/config", "--endpoint-url", standIn.url];
    const { code, stdout, stderr } = await doctor(argv, env);
    assert.deepEqual([code, stderr], [1, "sagemaker-operator: Found 1 problem\n"]);
    const lines = stdout.trimEnd().split("\n");
    assert.match(
      lines[0]!,
      /^✗ cluster: .*'\/nonexistent\/config'.* To mend it: name another with '--kubeconfig FILE'/,
    );
    assert.match(lines[1]!, /^! permission: .* were not looked at/);
    assert.match(lines[2]!, /^! allowed-roles: No --allowed-role-arns: /);
    assert.match(lines[3]!, /^✓ credentials: /);
    assert.match(lines[4]!, /^✓ sagemaker: /);

    const json = await doctor([...argv, "-o", "json"], env);
    assert.equal(json.code, 1);
    const { ok, checks } = JSON.parse(json.stdout);
    assert.equal(ok, false);
    assert.equal(checks[0].level, "failure");
    assert.equal(checks.length, lines.length);
  } finally {
    await standIn.close();
  }
});

Deno.test("doctor refuses flags that make no sense", async () => {
  const table: [argv: string[], expected: RegExp][] = [
    [["--output", "xml"], /Cannot use 'xml' for --output: expected text or json/],
    [["--endpoint-url", "nowhere"], /Cannot use the endpoint 'nowhere'/],
    [["all"], /Unexpected argument 'all'/],
  ];
  for (const [argv, expected] of table) {
    const { code, stderr } = await doctor(argv);
    assert.equal(code, 2);
    assert.match(stderr, expected);
  }
});
