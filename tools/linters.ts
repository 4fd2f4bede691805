/**
 * Installs the linters of workflows, pinned, into the project's cache.
 *
 *   deno run -A tools/linters.ts    prints their paths
 */
import { dirname, join } from "node:path";
import { systemClock } from "../src/runtime/clock.ts";
import { runTask } from "./bundle.ts";
import { cacheRoot } from "./control_plane/binaries.ts";
import { runCommand } from "./control_plane/run_command.ts";

const ACTIONLINT = "1.7.12";
const ZIZMOR = "1.32.0";

/** @throws Error if a linter isn't cached and can't be installed */
export async function findLinters(): Promise<{ actionlint: string; zizmor: string }> {
  const [actionlint, zizmor] = await Promise.all([
    cached(`actionlint-${ACTIONLINT}`, "actionlint", (folder) => {
      const extraEnv = { GOBIN: folder };
      return run("go", ["install", `github.com/rhysd/actionlint/cmd/actionlint@v${ACTIONLINT}`], extraEnv);
    }),
    // The package is one program that needs no Python.
    cached(`zizmor-${ZIZMOR}`, "bin/zizmor", (folder) => {
      const args = [
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--no-deps",
        "--require-hashes",
      ];
      const pinned = join(import.meta.dirname!, "python", "zizmor.txt");
      return run("python3", ["-m", "pip", "install", ...args, `--target=${folder}`, `--requirement=${pinned}`]);
    }),
  ]);
  return { actionlint, zizmor };
}

/** The path of a program in a folder of the cache, which appears whole or not at all. */
async function cached(name: string, program: string, install: (folder: string) => Promise<unknown>): Promise<string> {
  const root = dirname(cacheRoot());
  const path = join(root, name, program);
  if (await exists(path)) return path;
  await Deno.mkdir(root, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: root, prefix: `.${name}-` });
  try {
    await install(folder);
    await Deno.rename(folder, join(root, name));
  } catch (cause) {
    // Another process may have been faster.
    if (await exists(path)) return path;
    throw new Error(`Cannot install '${name}', which needs 'go' and 'python3' with pip`, { cause });
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function run(command: string, args: string[], extraEnv?: Record<string, string>): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 5 * 60_000, ...(extraEnv && { extraEnv }) });
}

if (import.meta.main) await runTask(async () => Object.values(await findLinters()).join("\n"));
