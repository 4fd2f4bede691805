/**
 * `deno task bundle`: makes one plain JavaScript file of the operator and its packages, which Deno 2.4 and later run as it is.
 * The same sources and the same Deno give the same bytes, in whatever folder.
 */
import { dirname, join } from "node:path";
import { systemClock } from "../src/runtime/clock.ts";
import { errorText } from "../src/telemetry/error_text.ts";
import { runCommand } from "./control_plane/run_command.ts";

const ROOT = join(import.meta.dirname!, "..");
/** The folder of everything that is built. */
export const DIST = join(ROOT, "dist");
export const BUNDLE = join(DIST, "sagemaker-operator.js");

/**
 * Writes the bundle.
 *
 * @throws Error with what `deno bundle` had to say
 */
export async function bundle(to = BUNDLE): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-bundle-" });
  try {
    const file = join(folder, "main.js");
    await run(Deno.execPath(), ["bundle", "--quiet", "--platform=deno", "--minify", `--output=${file}`, "main.ts"]);
    const code = await Deno.readTextFile(file);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.writeTextFile(
      to,
      `globalThis.SAGEMAKER_OPERATOR_COMMIT=${JSON.stringify(await commit())};\n${code}`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The commit of the sources: from the environment where git isn't there, as in an image's build. */
async function commit(): Promise<string> {
  const given = Deno.env.get("SAGEMAKER_OPERATOR_COMMIT");
  if (given) return given;
  try {
    const head = (await run("git", ["rev-parse", "--short=12", "HEAD"])).trim();
    const changes = await run("git", ["status", "--porcelain"]);
    return changes === "" ? head : `${head}-dirty`;
  } catch {
    return "unknown";
  }
}

function run(command: string, args: string[]): Promise<string> {
  return runCommand(command, args, { clock: systemClock, timeoutMs: 5 * 60_000, cwd: ROOT });
}

/** Runs what a task does; an error becomes one line. */
export async function runTask(task: () => Promise<string>): Promise<never> {
  const print = (stream: { writeSync(bytes: Uint8Array): number }, line: string) =>
    stream.writeSync(new TextEncoder().encode(`${line}\n`));
  try {
    print(Deno.stdout, await task());
    Deno.exit(0);
  } catch (error) {
    print(Deno.stderr, errorText(error));
    Deno.exit(1);
  }
}

/** A file's path and size, for people. */
export async function describeFile(file: string): Promise<string> {
  return `${file.slice(ROOT.length + 1)}: ${((await Deno.stat(file)).size / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) {
  await runTask(async () => {
    await bundle();
    return await describeFile(BUNDLE);
  });
}
