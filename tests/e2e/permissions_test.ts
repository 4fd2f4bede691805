/**
 * What the permissions keep a program from, each by trying it: a probe is compiled with the very lists that the binary is
 * compiled with. Refusals are Deno's own, so they hold also where the system would allow the same, as for root.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { compile } from "../../tools/compile.ts";
import { CONTAINER, LAPTOP } from "../../tools/permissions.ts";

/** Evaluates each argument, and prints how each ended as one line of JSON. */
const PROBE = `
for (const code of Deno.args) {
  let end = "allowed";
  try { eval(code); } catch (error) { end = error.name; }
  console.log(JSON.stringify([code, end]));
}`;

const ALLOWED = "allowed";
const REFUSED = "NotCapable";
const EVERYWHERE: Record<string, string> = {
  "Deno.writeTextFileSync('/tmp/probe', '')": REFUSED,
  "Deno.removeSync('/tmp/probe')": REFUSED,
  "Deno.dlopen('/lib/x86_64-linux-gnu/libc.so.6', {})": REFUSED,
  "new Deno.Command('sh').spawn()": REFUSED,
  "new Deno.Command('/bin/sh').spawn()": REFUSED,
  "Deno.env.get('PATH')": REFUSED,
  "Deno.env.get('LD_PRELOAD')": REFUSED,
  "Deno.env.get('DATABASE_PASSWORD')": REFUSED,
  "Deno.env.toObject()": REFUSED,
  "Deno.hostname()": REFUSED,
  "Deno.readTextFileSync('/proc/self/environ')": REFUSED,
  "Deno.env.get('AWS_REGION')": ALLOWED,
  "Deno.env.get('SAGEMAKER_OPERATOR_NAMESPACE')": ALLOWED,
};
const CASES: [who: string, permissions: readonly string[], ends: Record<string, string>][] = [
  ["the container", CONTAINER, {
    ...EVERYWHERE,
    "Deno.readTextFileSync('/etc/shadow')": REFUSED,
    "Deno.readTextFileSync('/etc/passwd')": REFUSED,
    "Deno.readDirSync('/')": REFUSED,
    "Deno.readTextFileSync('/tmp/../etc/shadow')": REFUSED,
    "new Deno.Command('aws').spawn()": REFUSED,
    "Deno.readTextFileSync('/var/run/secrets/none')": "NotFound",
    "Deno.readTextFileSync('/etc/sagemaker-operator/none')": "NotFound",
  }],
  ["a laptop", LAPTOP, { ...EVERYWHERE, "Deno.readTextFileSync('/etc/passwd')": ALLOWED }],
];

for (const [who, permissions, ends] of CASES) {
  Deno.test(`permissions of ${who} refuse what the operator does not need`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-probe-" });
    try {
      const [script, binary] = [join(folder, "probe.js"), join(folder, "probe")];
      await Deno.writeTextFile(script, PROBE);
      await compile(script, [...permissions, `--output=${binary}`]);
      const { code, stdout, stderr } = await new Deno.Command(binary, { args: Object.keys(ends), stdin: "null" })
        .output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      assert.deepEqual(Object.fromEntries(lines.map((line) => JSON.parse(line))), ends);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
