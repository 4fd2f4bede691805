/**
 * What the tests run as the operator's program, by the environment that `deno task test` sets:
 *
 *   SAGEMAKER_OPERATOR_TEST_BINARY        the compiled program with the permissions of the container: for `run`
 *   SAGEMAKER_OPERATOR_TEST_LOCAL_BINARY  the same with the permissions of a laptop: for other commands
 *   SAGEMAKER_OPERATOR_TEST_BUNDLE        the minified bundle, run by Deno: where there is no binary, and for traces
 *
 * Without any of them the tests run the sources, and say so.
 */
import { join } from "node:path";

const MAIN = join(import.meta.dirname!, "../../main.ts");

/** Whether operators run from their sources, and so can run in the test's own process. */
export const RUNS_SOURCES = !variable("BINARY") && !variable("BUNDLE");

let isSaid = false;

/** The command that runs the program. A compiled one can't be asked for traces: that is decided when it is compiled. */
export function program(args: string[], env: Record<string, string>): [command: string, args: string[]] {
  const binary = (args[0] !== "run" && variable("LOCAL_BINARY")) || variable("BINARY");
  if (binary && env.OTEL_DENO === undefined) return [binary, args];
  const bundle = variable("BUNDLE");
  if (!bundle) saySources();
  return [Deno.execPath(), ["run", "-A", bundle ?? MAIN, ...args]];
}

/** Says once for each test file that it tests the sources, not what ships. */
export function saySources(): void {
  if (isSaid) return;
  isSaid = true;
  Deno.stderr.writeSync(new TextEncoder().encode("These tests run the sources, not the compiled program\n"));
}

function variable(name: string): string | undefined {
  return Deno.env.get(`SAGEMAKER_OPERATOR_TEST_${name}`) || undefined;
}
