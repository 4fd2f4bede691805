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
  const wrong = (await read(WORKFLOWS[1]!)).replace("needs: [files, sign]", "needs: [files, sig]");
  const [code, output] = await lint(actionlint, args, wrong);
  assert.equal(code, 1);
  assert.match(output, /needs job "sig" which does not exist/);
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
    ".ci/deno/package.json": /"deno": "([\d.]+)"/,
    ".ci/deno/package-lock.json": /"node_modules\/deno": \{\s*"version": "([\d.]+)"/,
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

Deno.test("jobs that sign or publish check nothing out, run no script of the repository, and are in the release's environment", async () => {
  const { jobs, on } = parse(await read(WORKFLOWS[1]!));
  type Job = { permissions: Record<string, string>; environment?: string; steps?: { uses?: string; run?: string }[] };
  const trusted = Object.entries<Job>(jobs).filter(([, { permissions }]) =>
    permissions["id-token"] === "write" || permissions.contents === "write"
  );
  assert.deepEqual(trusted.map(([name]) => name), ["sign", "publish"]);
  for (const [name, { environment, steps = [] }] of trusted) {
    assert.equal(environment, "release", name);
    for (const { uses, run } of steps) {
      assert.doesNotMatch(uses ?? "", /checkout|^\./, name);
      assert.doesNotMatch(run ?? "", /\.ci\/|deno|npm|node|\.\//, name);
    }
  }
  assert.deepEqual(on, { push: { tags: ["v[0-9]+.[0-9]+.[0-9]+"] } });
});

Deno.test("everything of a release waits for the check that its tag is on main", async () => {
  const { jobs } = parse(await read(WORKFLOWS[1]!));
  assert.match(jobs.tag.steps.at(-1).run, /^git merge-base --is-ancestor "\$GITHUB_SHA" origin\/main$/);
  assert.equal(jobs.tag.environment, "release");
  const waitsFor = (name: string): string[] =>
    [jobs[name].needs ?? []].flat().flatMap((it: string) => [it, ...waitsFor(it)]);
  for (const name of Object.keys(jobs)) if (name !== "tag") assert.ok(waitsFor(name).includes("tag"), name);
});

Deno.test("what comes from npm and PyPI for continuous integration is pinned by hash", async () => {
  const { packages } = JSON.parse(await read(".ci/deno/package-lock.json"));
  for (const [name, { integrity, resolved }] of Object.entries<{ integrity?: string; resolved?: string }>(packages)) {
    if (name === "") continue;
    assert.match(integrity ?? "", /^sha512-/, name);
    assert.equal(resolved, undefined, name);
  }
  for (const path of [".ci/run", ".ci/scan", ".ci/release", ...WORKFLOWS]) {
    assert.doesNotMatch(await read(path), /\bnpx\b|setup-deno|npm install/, path);
  }
  for await (const { name } of Deno.readDir(join(ROOT, "tools/python"))) {
    const text = await read(`tools/python/${name}`);
    const requirements = text.replaceAll("\\\n", " ").split("\n").filter((line) => /^\S+==/.test(line));
    assert.ok(requirements.length > 0, name);
    for (const line of requirements) assert.match(line, /--hash=sha256:[0-9a-f]{64}/, name);
  }
});

Deno.test("the release's manifests name the image by its digest", async () => {
  const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
  const options = { clock: systemClock, timeoutMs: 30_000, cwd: ROOT };
  await runCommand(".ci/release", ["manifests"], { ...options, extraEnv: { IMAGE_DIGEST: digest } });
  for (const scope of ["cluster", "namespaced"]) {
    const images = (await read(`dist/release/install-${scope}.yaml`)).match(/^ *image: .*$/gm)!;
    assert.equal(images.length, 1);
    assert.match(images[0], new RegExp(`image: ghcr\\.io/\\S+/sagemaker-operator:[\\d.]+@${digest}$`));
  }
  await assert.rejects(runCommand(".ci/release", ["manifests"], { ...options, extraEnv: { IMAGE_DIGEST: "latest" } }));
});

Deno.test("pages and ADRs that count the packages in the bundle agree with the generated list", async () => {
  const list = await read("docs/dependencies.md");
  const count = list.match(/^\| `/gm)!.length;
  assert.match(list, new RegExp(`^${count} packages: `, "m"));
  for (const folder of ["docs", "docs/adr", "."]) {
    for await (const { name } of Deno.readDir(join(ROOT, folder))) {
      if (!name.endsWith(".md")) continue;
      const text = await read(join(folder, name));
      for (const [said, number] of text.matchAll(/(\d+)(?: npm)?(?: packages| of them)[^.;|]* in the bundle/g)) {
        assert.equal(Number(number), count, `${folder}/${name}: ${said}`);
      }
    }
  }
});
