import { dirname, join } from "node:path";
import { systemClock } from "../../src/runtime/clock.ts";
import { cacheRoot } from "../../tools/control_plane/binaries.ts";
import { runCommand } from "../../tools/control_plane/run_command.ts";

const SOURCE = join(import.meta.dirname!, "../conformance/kstatus");
const FILES = ["go.mod", "go.sum", "main.go"];

/** What GitOps tools make of one object. */
export interface GitOpsView {
  /** `Current`, `InProgress`, `Failed`, `Terminating`; its own words beside it. */
  kstatus: string;
  message: string;
  argocd: { status: string; message: string };
}

/**
 * The program that asks kstatus and Argo CD's Lua interpreter, built first where it isn't yet; `undefined` where this machine
 * has no Go.
 *
 * @throws Error if Go is there and can't build it
 */
export async function gitOpsProgram(): Promise<string | undefined> {
  const options = { clock: systemClock, timeoutMs: 10 * 60_000, cwd: SOURCE };
  if (!await runCommand("go", ["version"], options).then(() => true, () => false)) return undefined;
  const sources = await Promise.all(FILES.map((name) => Deno.readTextFile(join(SOURCE, name))));
  const folder = join(dirname(cacheRoot()), "kstatus", await digest(sources.join("\n")));
  const program = join(folder, "kstatus");
  if (await Deno.stat(program).then(({ isFile }) => isFile, () => false)) return program;
  await Deno.mkdir(folder, { recursive: true });
  // Two test runs may build at the same time; what each puts in its place is whole.
  const made = `${program}-${crypto.randomUUID()}`;
  const extraEnv = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-mod=mod", GOTOOLCHAIN: "auto" };
  await runCommand("go", ["build", "-trimpath", "-o", made, "."], { ...options, extraEnv });
  await Deno.rename(made, program);
  return program;
}

/** Asks the program about `objects`; an answer for each, in their order. */
export async function gitOpsViews(program: string, script: string, objects: readonly unknown[]): Promise<GitOpsView[]> {
  const child = new Deno.Command(program, { stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({ script, objects })));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`'${program}' failed: ${decoder.decode(stderr)}`);
  return JSON.parse(decoder.decode(stdout));
}

async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return bytes.toHex().slice(0, 16);
}
