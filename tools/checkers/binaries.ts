/**
 * Gets the programs that manifests and the chart are tested with, in the versions that are named here, and keeps them in the
 * project's cache: those in Go are built from their modules, checkov comes from the Python package index.
 *
 *   deno run -A tools/checkers/binaries.ts    gets them all and prints their paths
 */
import { dirname, join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { runTask } from "../bundle.ts";
import { cacheRoot } from "../control_plane/binaries.ts";
import { runCommand } from "../control_plane/run_command.ts";

const GO_PROGRAMS = {
  helm: "helm.sh/helm/v4/cmd/helm@v4.3.1",
  kubeconform: "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0",
  "kube-score": "github.com/zegl/kube-score/cmd/kube-score@v1.20.0",
};
const CHECKOV = "checkov==3.3.30";

/** Helm alone is built from 100 modules, which takes minutes on a small machine. */
const BUILD_MS = 15 * 60_000;

export type GoProgram = keyof typeof GO_PROGRAMS;

/**
 * The path of a program, built first where it isn't in the cache.
 *
 * @throws {Error} if it can't be built, with what it needs
 */
export async function goProgram(name: GoProgram): Promise<string> {
  const module = GO_PROGRAMS[name];
  const path = join(cacheFolder(), `${name}-${module.split("@")[1]}`);
  if (await exists(path)) return path;
  await Deno.mkdir(cacheFolder(), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: cacheFolder(), prefix: ".build-" });
  try {
    await run("go", ["install", module], { GOBIN: folder, GOTOOLCHAIN: "auto" });
    // It appears whole or not at all, whoever else does the same.
    await Deno.rename(join(folder, name), path);
  } catch (cause) {
    throw new Error(`Cannot get '${name}': 'go install ${module}' needs go and a module proxy`, { cause });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return path;
}

/**
 * The path of checkov, installed first where it isn't in the cache.
 *
 * @throws {Error} if it can't be installed, with what it needs
 */
export async function checkov(): Promise<string> {
  const folder = join(cacheFolder(), CHECKOV.replace("==", "-"));
  const path = join(folder, "bin", "checkov");
  // pip writes the programs last.
  if (await exists(path)) return path;
  try {
    await run("python3", ["-m", "venv", folder]);
    await run(join(folder, "bin", "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--require-hashes",
      `--requirement=${join(import.meta.dirname!, "..", "python", "checkov.txt")}`,
    ]);
  } catch (cause) {
    throw new Error(`Cannot install '${CHECKOV}': python3 needs its venv module and a package index`, { cause });
  }
  return path;
}

function cacheFolder(): string {
  return join(dirname(cacheRoot()), "bin");
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(({ isFile }) => isFile, () => false);
}

function run(command: string, args: string[], extraEnv: Record<string, string> = {}): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: BUILD_MS, extraEnv });
}

if (import.meta.main) {
  await runTask(async () => {
    const paths = [await checkov()];
    for (const name of Object.keys(GO_PROGRAMS) as GoProgram[]) paths.push(await goProgram(name));
    return paths.join("\n");
  });
}
