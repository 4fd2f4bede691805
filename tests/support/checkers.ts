/** Helm, and the programs that judge manifests. */
import { join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { checkov, goProgram } from "../../tools/checkers/binaries.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";
import type { HasKubeconfig } from "./kubectl.ts";

const ROOT = join(import.meta.dirname!, "../..");
export const CHART = join(ROOT, "charts/sagemaker-operator");

/**
 * Runs helm and gives what it printed.
 *
 * @throws {Error} with what it had to say
 */
export async function helm(args: string[], cluster?: HasKubeconfig): Promise<string> {
  const path = await goProgram("helm");
  const extraEnv = { ...(cluster && { KUBECONFIG: cluster.kubeconfig }) };
  return await runCommand(path, args, { clock: systemClock, timeoutMs: 60_000, cwd: ROOT, extraEnv });
}

/** What kube-score has against a manifest: the ids of its checks. */
export async function kubeScore(file: string): Promise<string[]> {
  const path = await goProgram("kube-score");
  const { stdout, stderr } = await output(path, ["score", "--output-format=json", "--kubernetes-version=v1.36", file]);
  // Of a file with nothing that it judges it says null.
  const objects =
    parse<{ checks: { check: { id: string }; grade: number; skipped: boolean }[] }[] | null>(stdout, stderr) ?? [];
  const ALL_OK = 10;
  return sorted(
    objects.flatMap(({ checks }) =>
      checks.filter(({ grade, skipped }) => !skipped && grade < ALL_OK).map(({ check }) => check.id)
    ),
  );
}

/** What checkov has against a manifest: the ids of its checks. */
export async function checkovFailures(file: string): Promise<string[]> {
  const args = ["--file", file, "--framework=kubernetes", "--skip-download", "--quiet", "--output=json"];
  const { stdout, stderr } = await output(await checkov(), args);
  const { results, summary } = parse<{
    results: { failed_checks: { check_id: string }[] };
    summary: { passed: number; parsing_errors: number };
  }>(stdout, stderr);
  if (summary.passed === 0 || summary.parsing_errors > 0) {
    throw new Error(`Cannot check '${file}' with checkov: ${stdout}`);
  }
  return sorted(results.failed_checks.map(({ check_id }) => check_id));
}

/** What kubeconform prints of a manifest, by the schemas in a folder; it fails where it finds anything wrong. */
export async function kubeconform(file: string, schemas: string): Promise<string> {
  const args = ["-strict", "-summary", "-schema-location", join(schemas, "{{ .ResourceKind }}.json"), file];
  return await runCommand(await goProgram("kubeconform"), args, { clock: systemClock, timeoutMs: 60_000 });
}

/** The checkers' exit codes say that they found something, which is their result here. */
async function output(command: string, args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function parse<T>(stdout: string, stderr: string): T {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`Cannot read what the checker printed: ${stdout}${stderr}`, { cause });
  }
}

function sorted(ids: string[]): string[] {
  return [...new Set(ids)].sort();
}
