/**
 * Builds the binaries of the control plane from their published Go modules, where `go` is installed.
 *
 * k8s.io/kubernetes can't be built with `go install`: its go.mod replaces its staging modules (k8s.io/api and so on) by
 * folders of its repository. So a module is made here that requires it and replaces each of them by its published version.
 */
import { join } from "node:path";
import type { Binary, Context, Paths, Way } from "./binaries.ts";
import { runCommand, withHeartbeat } from "./run_command.ts";
import { etcdVersion, kubernetesVersion } from "./versions.ts";

const downloadTimeoutMs = 15 * 60_000;
const buildTimeoutMs = 60 * 60_000;

/** Cheapest first, so that a machine that can't build fails early. */
const buildOrder: readonly Binary[] = ["etcd", "kube-apiserver", "kubectl", "kube-controller-manager"];

export const goModules: Way = {
  name: "build from Go modules",
  fillsCache: true,
  async find(wanted, context) {
    await runGo(context, ["version"], context.cacheFolder, 60_000);
    const paths: Paths = {};
    for (const name of buildOrder.filter((name) => wanted.includes(name))) {
      paths[name] = await build(name, context);
    }
    return paths;
  },
};

/**
 * The go.mod of a module in which k8s.io/kubernetes can be built.
 *
 * @param upstream text of the go.mod of k8s.io/kubernetes
 * @throws Error where it replaces nothing by a staging folder, that is, its layout has changed
 */
export function kubernetesGoMod(upstream: string): string {
  const staging = [...upstream.matchAll(/^\s*(?:replace\s+)?(\S+)\s+=>\s+\.\/staging\/\S+$/gm)].map((match) =>
    match[1]
  );
  if (staging.length === 0) throw new Error("the go.mod of k8s.io/kubernetes names no staging modules");
  const go = /^go \S+$/m.exec(upstream)?.[0] ?? "go 1.26.0";
  const godebug = /^godebug \S+$/m.exec(upstream)?.[0] ?? "";
  const published = `v0.${kubernetesVersion.split(".").slice(1).join(".")}`;
  return [
    "module control-plane",
    go,
    godebug,
    `require k8s.io/kubernetes v${kubernetesVersion}`,
    `replace (\n${staging.map((name) => `\t${name} => ${name} ${published}`).join("\n")}\n)`,
  ].filter(Boolean).join("\n\n") + "\n";
}

async function build(name: Binary, context: Context): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: context.cacheFolder, prefix: ".build-" });
  try {
    const version = name === "etcd" ? etcdVersion : kubernetesVersion;
    await withHeartbeat(`Fetching the Go modules of ${name} ${version}`, context, async () => {
      await Deno.writeTextFile(join(folder, "go.mod"), await goModOf(name, folder, context));
      await runGo(context, ["list", "-mod=mod", "-deps", packageOf(name)], folder, downloadTimeoutMs);
    });
    const output = join(folder, name);
    await withHeartbeat(
      `Building ${name} ${version} (minutes on the first time)`,
      context,
      () =>
        runGo(
          context,
          ["build", "-mod=mod", ...buildFlags(name), "-o", output, packageOf(name)],
          folder,
          buildTimeoutMs,
        ),
    );
    const path = join(context.cacheFolder, name);
    await Deno.rename(output, path);
    return path;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function goModOf(name: Binary, folder: string, context: Context): Promise<string> {
  if (name === "etcd") return `module etcd\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 v${etcdVersion}\n`;
  const module = `k8s.io/kubernetes@v${kubernetesVersion}`;
  const answer = await runGo(context, ["mod", "download", "-json", module], folder, downloadTimeoutMs);
  return kubernetesGoMod(await Deno.readTextFile(JSON.parse(answer).GoMod));
}

function packageOf(name: Binary): string {
  return name === "etcd" ? "go.etcd.io/etcd/server/v3" : `k8s.io/kubernetes/cmd/${name}`;
}

/** Kubernetes' own build stamps its version in this way; without it `/version` says v0.0.0. */
function buildFlags(name: Binary): string[] {
  const stamp = "k8s.io/component-base/version";
  const [major, minor] = kubernetesVersion.split(".");
  const stamps = [`gitVersion=v${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`];
  const flags = name === "etcd" ? [] : stamps.flatMap((value) => ["-X", `${stamp}.${value}`]);
  return ["-trimpath", `-ldflags=${["-s", "-w", ...flags].join(" ")}`];
}

async function runGo(context: Context, args: string[], cwd: string, timeoutMs: number): Promise<string> {
  return await runCommand("go", args, {
    ...context,
    cwd,
    timeoutMs,
    extraEnv: {
      CGO_ENABLED: "0",
      GOWORK: "off",
      // An older go then fetches the toolchain that a module asks for, also where a distribution turned that off.
      GOTOOLCHAIN: context.env.get("GOTOOLCHAIN") ?? "auto",
    },
  });
}
