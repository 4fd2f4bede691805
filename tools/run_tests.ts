/**
 * `deno task test`: runs the tests in stages and ends with `N passed, N failed` on a line of its own. Exit code 1 if anything
 * failed, a stage that crashed included.
 *
 *   deno task test                               every stage but the leak test
 *   deno task test leak                          the leak test of the compiled binary, some ten minutes
 *   deno task test unit                          one stage
 *   deno task test unit --filter the work queue  those of its tests whose name holds "the work queue"
 *
 * The tests that need a cluster run the compiled program; with `--sources`, which needs no compiling, they run the sources.
 */
import { join } from "node:path";
import { type Clock, deadline, systemClock } from "../src/runtime/clock.ts";
import { errorText } from "../src/telemetry/error_text.ts";
import { BUNDLE, DIST } from "./bundle.ts";
import { bundleTests } from "./bundle_tests.ts";
import { compile } from "./compile.ts";
import { startControlPlane } from "./control_plane/control_plane.ts";
import { LAPTOP } from "./permissions.ts";
import { closingLines, readTestRun, type StageResult } from "./test_summary.ts";

/** Where each stage's tests are, in the order in which the stages run. */
const STAGES: Record<string, string[]> = {
  unit: ["src", "tools", "bench", "tests/support"],
  model: ["tests/model", "tests/sieve"],
  // The tests of what ships, and what they test, once more: bundled and minified as it ships.
  bundled: ["src", "tests/model", "tests/sieve", "tools/soak"],
  integration: ["tests/integration", "tests/security"],
  conformance: ["tests/conformance"],
  e2e: ["tests/e2e"],
  leak: ["tests/leak"],
};
/** Only run when they are named: they take as long as all others. */
const BY_NAME = ["leak"];
/** Stages that need no cluster, and run no program. */
const IN_MEMORY = ["unit", "model", "bundled"];
/** Stages of the compiled program alone. */
const COMPILED = ["e2e", "leak"];
const LIMIT_MINUTES = 30;
/** Variables that tell tests which program to run: see tests/support/program.ts. */
const PROGRAM = {
  binary: "SAGEMAKER_OPERATOR_TEST_BINARY",
  localBinary: "SAGEMAKER_OPERATOR_TEST_LOCAL_BINARY",
  bundle: "SAGEMAKER_OPERATOR_TEST_BUNDLE",
};
const NO_RUNTIME = "no denort to compile it with (set DENORT_BIN)";
const ROOT = join(import.meta.dirname!, "..");
const BINARY = join(DIST, "sagemaker-operator");
/** The same with the permissions of a laptop. */
const LOCAL_BINARY = `${BINARY}-local`;
/** The same with all garbage collected each time. */
const MEASURED_BINARY = `${BINARY}-measured`;

/** What a stage is run with; each stage adds what later ones can use too. */
interface Run {
  filter: string | undefined;
  /** Whether tests run the sources in the place of the compiled program, where either will do. */
  sources: boolean;
  signal: AbortSignal;
  /** Set for the tests' processes. */
  env: Record<string, string>;
  cleanup: AsyncDisposableStack;
}

async function main(argv: string[], clock: Clock): Promise<number> {
  const sources = argv.includes("--sources");
  const [first, ...rest] = argv.filter((arg) => arg !== "--sources" && arg !== "--filter");
  const only = first !== undefined && first in STAGES ? first : undefined;
  const words = first === undefined || only !== undefined ? rest : [first, ...rest];
  const filter = words.join(" ") || undefined;
  const all = Object.keys(STAGES).filter((stage) => !BY_NAME.includes(stage));
  const results = await runStages(only === undefined ? all : [only], { filter, sources }, clock);
  closingLines(results).forEach(say);
  return results.some(({ failed }) => failed > 0) ? 1 : 0;
}

/** Runs the stages until they have all ended, or the time is up, or the user has had enough; leaves nothing running. */
async function runStages(
  stages: string[],
  what: Pick<Run, "filter" | "sources">,
  clock: Clock,
): Promise<StageResult[]> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => interrupt.abort());
  using limit = deadline(clock, LIMIT_MINUTES * 60_000, interrupt.signal);
  await using cleanup = new AsyncDisposableStack();
  const run: Run = { ...what, signal: limit.signal, env: {}, cleanup };
  const results: StageResult[] = [];
  for (const stage of stages) {
    say(`\n== ${stage}`);
    const result = await runStage(stage, run);
    if (limit.signal.aborted) {
      const why = interrupt.signal.aborted ? "interrupted" : `not ended after ${LIMIT_MINUTES} minutes for all stages`;
      return [...results, { ...result, failed: 1, failures: [`${stage}: ${why}`] }];
    }
    results.push(result);
  }
  return results;
}

async function runStage(stage: string, run: Run): Promise<StageResult> {
  try {
    if (!IN_MEMORY.includes(stage)) await useControlPlane(run);
    if (stage === "leak") await useMeasuredBinary(run);
    else if (COMPILED.includes(stage) || !(IN_MEMORY.includes(stage) || run.sources)) await useProgram(run);
    if (COMPILED.includes(stage) && run.env[PROGRAM.binary] === undefined) {
      return skippedStage(`${stage} with the compiled binary: ${NO_RUNTIME}`);
    }
    if (stage === "bundled") return await denoTest(stage, ["--no-config", ...await bundleTests(STAGES.bundled!)], run);
    return await denoTest(stage, STAGES[stage]!, run);
  } catch (error) {
    return { passed: 0, failed: 1, failures: [`${stage}: ${errorText(error)}`], skipped: [] };
  }
}

function skippedStage(name: string): StageResult {
  return { passed: 0, failed: 0, failures: [], skipped: [name] };
}

/** Starts the control plane that all later tests share, unless one is named already. */
async function useControlPlane({ env, signal, cleanup }: Run): Promise<void> {
  const name = "SAGEMAKER_OPERATOR_TEST_KUBECONFIG";
  if (env[name] !== undefined || Deno.env.get(name)) return;
  const plane = await startControlPlane({ controllerManager: true, detached: true, progress: say, signal });
  cleanup.defer(() => plane.stop());
  env[name] = plane.kubeconfig;
}

/** Compiles the program that tests run. Without the runtime for that they run the bundle, and this says so. */
async function useProgram(run: Run): Promise<void> {
  const { env } = run;
  if (env[PROGRAM.bundle] !== undefined) return;
  const isCompiled = await compileBinary([], run);
  env[PROGRAM.bundle] = BUNDLE;
  if (!isCompiled) return say(`The tests run the minified bundle, not the compiled binary: ${NO_RUNTIME}`);
  await compile(BUNDLE, [...LAPTOP, `--output=${LOCAL_BINARY}`]);
  env[PROGRAM.binary] = BINARY;
  env[PROGRAM.localBinary] = LOCAL_BINARY;
}

async function useMeasuredBinary(run: Run): Promise<void> {
  if (await compileBinary(["--measured"], run)) run.env[PROGRAM.binary] = MEASURED_BINARY;
}

/** Runs `deno task compile`. Gives false where that is for want of the runtime, which is no failure of the tests. */
async function compileBinary(args: string[], { env, signal }: Run): Promise<boolean> {
  const { code, output } = await runDeno(["task", "compile", ...args], env, signal);
  if (code === 0) return true;
  // Deno downloads denort, the runtime that programs are appended to, unless DENORT_BIN names one.
  if (/dl\.deno\.land\S*denort|DENORT_BIN/.test(output)) return false;
  throw new Error(`Cannot compile the binary: exit code ${code}`);
}

async function denoTest(stage: string, paths: string[], { filter, env, signal }: Run): Promise<StageResult> {
  const folder = await Deno.makeTempDir({ prefix: "sagemaker-operator-tests-" });
  try {
    const report = join(folder, "junit.xml");
    const args = [
      "test",
      "--no-check",
      "-A",
      "--sanitize-ops",
      "--sanitize-resources",
      ...(stage === "leak" ? ["--v8-flags=--expose-gc"] : []),
      `--junit-path=${report}`,
      ...paths,
    ];
    if (filter !== undefined) args.push(`--filter=${filter}`);
    const { code, output } = await runDeno(args, env, signal);
    // With a filter the report calls skipped what was only filtered out.
    const junit = filter === undefined ? await Deno.readTextFile(report).catch(() => "") : "";
    return readTestRun(stage, { exitCode: code, output, junit });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs Deno in a process group of its own, which ends as a whole when `signal` is aborted, and passes its output on; gives
 * that output.
 */
async function runDeno(
  args: string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  signal.throwIfAborted();
  const command = new Deno.Command(Deno.execPath(), {
    args,
    env,
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
    detached: true,
  });
  const child = command.spawn();
  const endGroup = () => {
    try {
      Deno.kill(-child.pid, "SIGTERM");
    } catch {
      // Nothing of it is left.
    }
  };
  signal.addEventListener("abort", endGroup, { once: true });
  try {
    const outputs = [passOn(child.stdout, Deno.stdout), passOn(child.stderr, Deno.stderr)];
    const { code } = await child.status;
    // What a test left running would hold the outputs open.
    endGroup();
    return { code, output: (await Promise.all(outputs)).join("\n") };
  } finally {
    signal.removeEventListener("abort", endGroup);
  }
}

/** Writes a stream through as it comes, and gives its text at the end. */
async function passOn(stream: ReadableStream<Uint8Array>, to: { write(bytes: Uint8Array): Promise<number> }) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await to.write(rest));
  }
  return text;
}

const encoder = new TextEncoder();

function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

if (import.meta.main) Deno.exit(await main(Deno.args, systemClock));
