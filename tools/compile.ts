/**
 * `deno task compile` and `deno task compile:local`: bundle the operator and append it to Deno's runtime, with the permissions
 * of the container or of a laptop.
 *
 *   --local         the permissions of a laptop
 *   --target TRIPLE another platform, as aarch64-unknown-linux-gnu
 *   --measured      for the leak test: the same in every respect, but V8 collects all garbage each time; has a name of its own
 *
 * The runtime, `denort`, is downloaded by Deno unless DENORT_BIN names one; it must be of the same version as the Deno that
 * appends, which is DENO_COMPILE or else this one.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/runtime/clock.ts";
import { BUNDLE, bundle, describeFile, DIST, runTask } from "./bundle.ts";
import { runCommand } from "./control_plane/run_command.ts";
import { CONTAINER, LAPTOP } from "./permissions.ts";

const BINARY = join(DIST, "sagemaker-operator");
/** Everything is in the bundle already, so nothing is to be resolved, checked or downloaded for it. */
const AS_IT_IS = ["--no-config", "--no-lock", "--no-check", "--no-remote", "--no-npm"];
/** The runtime itself would otherwise keep compiled code in a file of the temporary folder, whatever the permissions say. */
const NO_FILES = "--no-code-cache";
/** For memory rather than for speed, which the operator has no use for: its time goes by in waiting. See docs/adr/0009. */
const SMALL = ["--max-semi-space-size=1", "--memory-saver-mode", "--no-opt", "--no-maglev", "--single-threaded"];
/** Each collection takes all garbage, so that what is left is what the program holds. See docs/adr/0024. */
const MEASURED = ["--gc-global", "--min-semi-space-size=4", "--max-semi-space-size=4"];

/**
 * Appends a bundle to the runtime.
 *
 * @param args of `deno compile`: permissions and the output among them
 * @param options.measured whether V8 collects all garbage each time
 * @throws Error with what Deno had to say
 */
export async function compile(
  bundle: string,
  args: readonly string[],
  { measured = false }: { measured?: boolean } = {},
): Promise<void> {
  const deno = Deno.env.get("DENO_COMPILE") || Deno.execPath();
  try {
    const v8Flags = `--v8-flags=${[...SMALL, ...(measured ? MEASURED : [])].join()}`;
    await run(deno, ["compile", "--quiet", NO_FILES, v8Flags, ...AS_IT_IS, ...args, bundle]);
  } catch (cause) {
    const isRuntimeMissing = cause instanceof Error && /denort/.test(cause.message);
    throw isRuntimeMissing ? new Error("Cannot get Deno's runtime; DENORT_BIN may name one", { cause }) : cause;
  }
}

async function compileOperator(): Promise<string> {
  const { local, target, measured = false } = parseArgs({
    options: { local: { type: "boolean" }, target: { type: "string" }, measured: { type: "boolean" } },
  }).values;
  await bundle();
  const permissions = local ? LAPTOP : CONTAINER;
  const output = measured ? `${BINARY}-measured` : BINARY;
  await compile(BUNDLE, [...permissions, ...(target ? ["--target", target] : []), `--output=${output}`], { measured });
  // A runtime of another version is taken without a word, and then doesn't find what was appended to it.
  if (target === undefined) {
    await run(output, ["version"]).catch((cause) => {
      throw new Error("Cannot run what was compiled; the runtime must be of the same version as its Deno", { cause });
    });
  }
  const binary = target?.includes("windows") ? `${output}.exe` : output;
  return describeFile(binary, (await Deno.stat(binary)).size);
}

function run(command: string, args: string[]): Promise<string> {
  return runCommand(command, args, {
    clock: systemClock,
    timeoutMs: 5 * 60_000,
    extraEnv: { RUST_BACKTRACE: "0", NO_COLOR: "1" },
  });
}

if (import.meta.main) await runTask(compileOperator);
