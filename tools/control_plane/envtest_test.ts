import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import type { Context } from "./binaries.ts";
import { chooseArchive, installArchive, platform } from "./envtest.ts";
import { runCommand } from "./run_command.ts";
import { kubernetesVersion } from "./versions.ts";

const minor = kubernetesVersion.split(".").slice(0, 2).join(".");

/** An index in the form of envtest-releases.yaml with one archive for each version. */
function indexOf(versions: string[], { platform = "linux-amd64", hash = "abc" } = {}): string {
  const entries = versions.map((version) => {
    const file = `envtest-${version}-${platform}.tar.gz`;
    return `  ${version}:\n    ${file}:\n      hash: ${hash}\n      selfLink: https://archives.test/${file}\n`;
  });
  return `releases:\n${entries.join("")}`;
}

Deno.test("platform() gives Go's name", () => {
  assert.equal(platform({ os: "linux", arch: "x86_64" }), "linux-amd64");
  assert.equal(platform({ os: "darwin", arch: "aarch64" }), "darwin-arm64");
});

const choices = [
  { name: "the exact version", versions: [`v${minor}.99`, `v${kubernetesVersion}`], chosen: `v${kubernetesVersion}` },
  { name: "the newest patch, by number", versions: [`v${minor}.9`, `v${minor}.10`, "v1.99.0"], chosen: `v${minor}.10` },
];
for (const { name, versions, chosen } of choices) {
  Deno.test(`chooseArchive() takes ${name}`, () => {
    const file = `envtest-${chosen}-linux-amd64.tar.gz`;
    const archive = { name: file, url: `https://archives.test/${file}`, sha512: "abc" };
    assert.deepEqual(chooseArchive(indexOf(versions), "linux-amd64"), archive);
  });
}

Deno.test("chooseArchive() refuses another minor version, another platform and an empty index", () => {
  const message = `the index has no archive of Kubernetes ${minor} for linux-arm64`;
  for (const index of ["", "releases:", indexOf([`v${minor}.0`]), indexOf(["v1.1.0"], { platform: "linux-arm64" })]) {
    assert.throws(() => chooseArchive(index, "linux-arm64"), { message });
  }
});

/** Runs `body` with an archive of three one-line binaries and a server that has it. */
async function withArchive(
  body: (parts: { context: Context; serve: (hash?: string) => (url: string) => Promise<Response> }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const inside = join(folder, "controller-tools", "envtest");
    await Deno.mkdir(inside, { recursive: true });
    for (const name of ["etcd", "kube-apiserver", "kubectl"]) {
      await Deno.writeTextFile(join(inside, name), `this is ${name}`, { mode: 0o755 });
    }
    const file = join(folder, "made.tar.gz");
    await runCommand("tar", ["-czf", file, "-C", folder, "controller-tools"], {
      clock: systemClock,
      timeoutMs: 10_000,
    });
    const bytes = await Deno.readFile(file);
    const sha512 = createHash("sha512").update(bytes).digest("hex");
    const cacheFolder = join(folder, "cache");
    await Deno.mkdir(cacheFolder);
    const serve = (hash = sha512) => (url: string) => {
      const index = indexOf([`v${kubernetesVersion}`], { platform: platform(Deno.build), hash });
      return Promise.resolve(new Response(url.endsWith(".yaml") ? index : bytes));
    };
    await body({ context: { cacheFolder, env: Deno.env, progress: () => {}, clock: systemClock }, serve });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("installArchive() puts the wanted binaries into the cache, executable, and nothing else", () =>
  withArchive(async ({ context, serve }) => {
    const paths = await installArchive(["etcd", "kubectl"], context, serve());
    const at = (name: string) => join(context.cacheFolder, name);
    assert.deepEqual(paths, { etcd: at("etcd"), kubectl: at("kubectl") });
    assert.equal(await Deno.readTextFile(at("etcd")), "this is etcd");
    assert.equal((await Deno.stat(at("kubectl"))).mode! & 0o111, 0o111);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(context.cacheFolder), (entry) => entry.name)).sort(), [
      "etcd",
      "kubectl",
    ]);
  }));

Deno.test("installArchive() refuses an archive with another checksum", () =>
  withArchive(async ({ context, serve }) => {
    await assert.rejects(
      installArchive(["etcd"], context, serve("0123")),
      /the SHA-512 of '.*' is .*, but its index says 0123$/,
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(context.cacheFolder)), []);
  }));

Deno.test("installArchive() says what it could not download", () =>
  withArchive(async ({ context }) => {
    const missing = () => Promise.resolve(new Response("gone", { status: 404 }));
    await assert.rejects(installArchive(["etcd"], context, missing), /^Error: cannot download '.*\.yaml': status 404$/);
    const unreachable = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("no route") }));
    await assert.rejects(
      installArchive(["etcd"], context, unreachable),
      /^Error: cannot download '.*\.yaml': no route$/,
    );
  }));
