/** The files that build and release are well-formed and name what they use so that it can't change under them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import { parse } from "yaml";
import { systemClock } from "../../src/runtime/clock.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";
import { findLinters } from "../../tools/linters.ts";

const ROOT = join(import.meta.dirname!, "..", "..");
const WORKFLOWS = ["test", "release"].map((name) => `.github/workflows/${name}.yaml`);

const { actionlint, zizmor } = await findLinters();
const read = (path: string) => Deno.readTextFile(join(ROOT, path));

/** What a linter has to say, and its exit code. */
async function lint(command: string, args: string[], text?: string): Promise<[code: number, output: string]> {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-lint-" });
  try {
    const file = join(folder, "workflow.yaml");
    if (text !== undefined) await Deno.writeTextFile(file, text);
    const files = text === undefined ? WORKFLOWS : [file];
    const { code, stdout } = await new Deno.Command(command, { args: [...args, ...files], cwd: ROOT }).output();
    return [code, new TextDecoder().decode(stdout)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("actionlint has nothing against the workflows, and something against a wrong one", async () => {
  // Neither of the programs that it would call for scripts comes with it.
  const args = ["-shellcheck=", "-pyflakes="];
  assert.deepEqual(await lint(actionlint, args), [0, ""]);
  const wrong = (await read(WORKFLOWS[1]!)).replace("needs: [files, image]", "needs: [files, imag]");
  const [code, output] = await lint(actionlint, args, wrong);
  assert.equal(code, 1);
  assert.match(output, /needs job "imag" which does not exist/);
});

Deno.test("zizmor has nothing against the workflows, and something against an action that is not pinned", async () => {
  const args = ["--offline", "--no-progress", "--no-config", "--color=never"];
  const [code, output] = await lint(zizmor, args);
  assert.equal(code, 0, output);
  const wrong = (await read(WORKFLOWS[0]!)).replace(/checkout@\w+/, "checkout@v7");
  const [wrongCode, wrongOutput] = await lint(zizmor, args, wrong);
  assert.notEqual(wrongCode, 0);
  assert.match(wrongOutput, /unpinned-uses/);
});

Deno.test("every action is pinned by a commit, and each job says what it may do", async () => {
  for (const path of WORKFLOWS) {
    const text = await read(path);
    for (const [, action] of text.matchAll(/uses: (\S+)/g)) {
      assert.match(action!, /^(\.\/\S+|[\w./-]+@[0-9a-f]{40})$/, path);
    }
    const { permissions, jobs } = parse(text);
    assert.deepEqual(permissions, {}, path);
    for (const [name, job] of Object.entries<{ permissions?: unknown }>(jobs)) assert.ok(job.permissions, name);
  }
});

Deno.test("the Dockerfile is well-formed, names its bases by digest, and ends as a user who is not root", async () => {
  const text = await read("Dockerfile");
  assert.deepEqual(validate(text), []);
  assert.equal(validate(`${text}RUNN x\n`).length, 1);
  const bases = [...text.matchAll(/^FROM (?:--\S+ )?(\S+)/gm)].map(([, name]) => name!);
  assert.equal(bases.length, 2);
  for (const base of bases) assert.match(base, /^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  assert.match(text, /^USER [1-9]\d*:[1-9]\d*$/m);
});

Deno.test("one version of Deno is in the Dockerfile, the workflows and continuous integration", async () => {
  const seen = {
    Dockerfile: /denoland\/deno:([\d.]+)@/,
    ".github/workflows/release.yaml": /deno-version: ([\d.]+)/,
    ".ci/run": /DENO=deno@([\d.]+)/,
  };
  const versions = await Promise.all(
    Object.entries(seen).map(async ([path, pattern]) => pattern.exec(await read(path))?.[1] ?? path),
  );
  assert.equal(new Set(versions).size, 1, versions.join());
});

Deno.test("a lock file that is out of date stops the build", async () => {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-lock-" });
  try {
    const config = (await read("deno.json")).replace(/npm:yaml@[\d.]+/, "npm:yaml@2.8.0");
    await Deno.writeTextFile(join(folder, "deno.json"), config);
    await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
    await Deno.writeTextFile(join(folder, "main.ts"), 'import "yaml";\n');
    const args = ["bundle", "--platform=deno", "--outdir=out", "main.ts"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder }).output();
    assert.notEqual(code, 0);
    assert.match(new TextDecoder().decode(stderr), /lockfile is out of date/i);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the release script's name of the image is that of the manifests, at the version of deno.json", async () => {
  const output = await runCommand(".ci/release", ["image"], { clock: systemClock, timeoutMs: 30_000, cwd: ROOT });
  const { version } = JSON.parse(await read("deno.json"));
  assert.match(
    output,
    new RegExp(`^name=ghcr\\.io/[\\w-]+/sagemaker-operator:${version}\ncommit=\\w{12}\nepoch=\\d+\n$`),
  );
});
