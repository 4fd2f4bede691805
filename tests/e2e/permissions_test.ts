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
  try { await (0, eval)(code); } catch (error) { end = error.name; }
  console.log(JSON.stringify([code, end]));
}`;

const ALLOWED = "allowed";
const REFUSED = "NotCapable";
const EVERYWHERE: Record<string, string> = {
  "Deno.writeTextFileSync('/tmp/probe', '')": REFUSED,
  "Deno.writeTextFileSync('/var/run/secrets/probe', '')": REFUSED,
  "Deno.symlinkSync('/etc', '/tmp/probe')": REFUSED,
  "Deno.makeTempDirSync()": REFUSED,
  "import('node:fs').then((fs) => fs.writeFileSync('/tmp/probe', ''))": REFUSED,
  "Deno.removeSync('/tmp/probe')": REFUSED,
  "Deno.dlopen('/lib/x86_64-linux-gnu/libc.so.6', {})": REFUSED,
  "new Deno.Command('sh').spawn()": REFUSED,
  "new Deno.Command('/bin/sh').spawn()": REFUSED,
  "new Deno.Command('/tmp/aws').spawn()": REFUSED,
  "new Deno.Command('aws', { env: { LD_PRELOAD: '/tmp/probe.so' } }).spawn()": REFUSED,
  "import('node:child_process').then((run) => run.execFileSync('sh'))": REFUSED,
  "Deno.kill(1, 'SIGCONT')": REFUSED,
  "import('node:process').then(({ default: process }) => process.kill(1, 0))": REFUSED,
  "Deno.env.set('PATH', '/tmp')": REFUSED,
  "import('node:process').then(({ default: process }) => process.env.PATH)": REFUSED,
  "Deno.env.get('PATH')": REFUSED,
  "Deno.env.get('LD_PRELOAD')": REFUSED,
  "Deno.env.get('DATABASE_PASSWORD')": REFUSED,
  "Deno.env.toObject()": REFUSED,
  "Deno.hostname()": REFUSED,
  "Deno.networkInterfaces()": REFUSED,
  "Deno.loadavg()": REFUSED,
  "Deno.readTextFileSync('/proc/self/environ')": REFUSED,
  "Deno.readTextFileSync('/proc/1/environ')": REFUSED,
  "Deno.openSync('/dev/mem')": REFUSED,
  "Deno.connect({ transport: 'unix', path: '/var/run/docker.sock' })": REFUSED,
  "fetch('http://metadata.google.internal/')": REFUSED,
  "fetch('http://[fd20:ce::254]/')": REFUSED,
  "fetch('http://168.63.129.16/')": REFUSED,
  "Deno.connect({ hostname: '100.100.100.200', port: 80 })": REFUSED,
  "fetch('http://192.0.0.192/')": REFUSED,
  "import('https://deno.land/x/probe.ts')": "TypeError",
  "Deno.listen({ hostname: '127.0.0.1', port: 0 }).close()": ALLOWED,
  "Deno.env.get('AWS_REGION')": ALLOWED,
  "Deno.env.get('SSL_CERT_FILE')": ALLOWED,
  "Deno.env.get('SAGEMAKER_OPERATOR_NAMESPACE')": ALLOWED,
};
const CASES: [who: string, permissions: readonly string[], ends: Record<string, string>][] = [
  ["the container", CONTAINER, {
    ...EVERYWHERE,
    "Deno.readTextFileSync('/etc/shadow')": REFUSED,
    "Deno.readTextFileSync('/etc/passwd')": REFUSED,
    "Deno.readDirSync('/')": REFUSED,
    "Deno.readTextFileSync('/tmp/../etc/shadow')": REFUSED,
    "Deno.readTextFileSync('/var/run/docker.sock')": REFUSED,
    "Deno.readTextFileSync('/home/nonroot/.bash_history')": REFUSED,
    "import('node:fs').then((fs) => fs.readFileSync('/etc/shadow'))": REFUSED,
    "import('node:module').then(({ createRequire }) => createRequire('/')('/probe.node'))": REFUSED,
    "import('node:sqlite').then(({ DatabaseSync }) => new DatabaseSync('/probe.db'))": REFUSED,
    "new Deno.Command('aws').spawn()": REFUSED,
    "Deno.readTextFileSync(Deno.env.get('AWS_WEB_IDENTITY_TOKEN_FILE'))": ALLOWED,
    "Deno.readTextFileSync('/home/nonroot/.aws/none')": "NotFound",
    "Deno.readTextFileSync('/var/run/secrets/none')": "NotFound",
    "Deno.readTextFileSync('/etc/sagemaker-operator/none')": "NotFound",
  }],
  ["a laptop", LAPTOP, {
    ...EVERYWHERE,
    "Deno.readTextFileSync('/etc/passwd')": ALLOWED,
    "new Deno.Command('aws').output()": ALLOWED,
    "new Deno.Command('aws-iam-authenticator').output()": ALLOWED,
    "new Deno.Command('gke-gcloud-auth-plugin').output()": ALLOWED,
    "new Deno.Command('kubelogin').output()": ALLOWED,
    "new Deno.Command('kubectl').output()": REFUSED,
  }],
];

for (const [who, permissions, ends] of CASES) {
  Deno.test(`permissions of ${who} refuse what the operator does not need`, async () => {
    const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "sagemaker-operator-probe-" });
    try {
      const [script, binary] = [join(folder, "probe.js"), join(folder, "probe")];
      await Deno.writeTextFile(script, PROBE);
      await compile(script, [...permissions, `--output=${binary}`]);
      await Deno.writeTextFile(join(folder, "token"), "a.b.c");
      for (const name of ["aws", "aws-iam-authenticator", "gke-gcloud-auth-plugin", "kubelogin", "kubectl"]) {
        await Deno.writeTextFile(join(folder, name), "#!/bin/sh\n", { mode: 0o755 });
      }
      const { code, stdout, stderr } = await new Deno.Command(binary, {
        args: Object.keys(ends),
        stdin: "null",
        env: { AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "token"), PATH: `${folder}:${Deno.env.get("PATH")}` },
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const lines = new TextDecoder().decode(stdout).trim().split("\n");
      assert.deepEqual(Object.fromEntries(lines.map((line) => JSON.parse(line))), ends);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
