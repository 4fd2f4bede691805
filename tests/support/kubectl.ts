import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { deadline, systemClock } from "../../src/runtime/clock.ts";
import { findBinaries } from "../../tools/control_plane/binaries.ts";

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Whoever has a kubeconfig: a test cluster or a control plane. */
export interface HasKubeconfig {
  kubeconfig: string;
}

/**
 * Runs kubectl against a cluster; every exit code is a result.
 *
 * @throws Error where kubectl can't be had or doesn't end within `timeoutMs`
 */
export async function kubectl(
  { kubeconfig }: HasKubeconfig,
  args: string[],
  { stdin, timeoutMs = 60_000 }: { stdin?: string; timeoutMs?: number } = {},
): Promise<KubectlResult> {
  const { kubectl } = await findBinaries(["kubectl"]);
  using limit = deadline(systemClock, timeoutMs);
  const child = new Deno.Command(kubectl, {
    args: [`--kubeconfig=${kubeconfig}`, ...args],
    // Its cache of the API's resources would otherwise outlive the cluster, and ports are used again.
    env: { KUBECACHEDIR: join(dirname(kubeconfig), "kubectl-cache") },
    signal: limit.signal,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = feed(child.stdin, stdin ?? "");
  const { code, stdout, stderr } = await child.output();
  await writing;
  if (limit.signal.aborted) throw new Error(`'kubectl ${args.join(" ")}' did not end within ${timeoutMs} ms`);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Applies manifests and asserts that kubectl took them; gives what it printed, warnings in `stderr`. */
export async function apply(cluster: HasKubeconfig, yaml: string, args: string[] = []): Promise<KubectlResult> {
  const result = await kubectl(cluster, ["apply", "-f", "-", ...args], { stdin: yaml });
  assert.equal(result.code, 0, result.stderr);
  return result;
}

/** kubectl may end before it has read everything, with a bad flag for instance. */
async function feed(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
