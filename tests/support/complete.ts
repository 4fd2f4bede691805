/** Runs the completion scripts in the shells that they are for. */
import { join } from "node:path";
import { runCommand } from "../../src/commands/main.ts";

/** A test of one shell. Where the shell is not installed the test is skipped, and its name says why. */
export function shellTest(shell: Shell, name: string, fn: () => Promise<void>): void {
  const ignore = !isThere(shell);
  Deno.test({ name: `${shell}: ${name}${ignore ? ` (skipped: '${shell}' is not installed)` : ""}`, ignore, fn });
}

/** Calls `completion SHELL`. */
export async function completionScript(shell: string) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(["completion", shell], {
    env: () => undefined,
    signal: new AbortController().signal,
    stdout: (text) => stdout += text,
    stderr: (text) => stderr += text,
  });
  return { code, stdout, stderr };
}

/** A kubectl that has the jobs, namespaces and contexts that its arguments are. */
const KUBECTL = `#!/bin/sh
case "$*" in
*"get-contexts"*) echo blue; echo green ;;
*"get namespaces"*) echo team-a; echo team-b ;;
"--namespace team-b "*"get processingjobs"*) echo only-in-b ;;
*"get processingjobs"*) echo kmeans; echo kmedoids ;;
esac
`;

export interface CompleteOptions {
  /** The script that is called as `kubectl`. */
  kubectl?: string;
  /** Names of files in the current folder. */
  files?: string[];
  /** Called with the current folder before it is removed. */
  look?: (folder: string) => Promise<void>;
}

/**
 * What a shell offers at the end of each of the lines, with spaces between the words. In zsh it is the completed line's arguments.
 */
export async function complete(
  shell: Shell,
  lines: string[],
  { kubectl = KUBECTL, files = ["a-file"], look }: CompleteOptions = {},
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "completion-" });
  try {
    const script = join(folder, "script");
    await Deno.writeTextFile(script, (await completionScript(shell)).stdout);
    await Deno.writeTextFile(join(folder, "kubectl"), kubectl, { mode: 0o755 });
    for (const file of files) await Deno.writeTextFile(join(folder, file), "");
    // fish makes these at its start, and two that start at once get into each other's way.
    for (const path of [".config/fish", ".local/share/fish"]) await Deno.mkdir(join(folder, path), { recursive: true });
    const env = {
      PATH: `${folder}:${Deno.env.get("PATH")}`,
      SCRIPT: script,
      HOME: folder,
      TERM: "dumb",
      XDG_CONFIG_HOME: "",
      XDG_DATA_HOME: "",
    };
    const run = async (line: string) => {
      const command = new Deno.Command(shell, { args: ["-c", DRIVERS[shell], shell, line], env, cwd: folder });
      const { stdout, stderr } = await command.output();
      return new TextDecoder().decode(stdout).trim() + new TextDecoder().decode(stderr).trim();
    };
    const offered = await Promise.all(lines.map(run));
    await look?.(folder);
    return offered;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export type Shell = "bash" | "zsh" | "fish";

/** Prints the words that are offered for the last one of a line. zsh is asked by its keys, and completes the line instead. */
const DRIVERS: Record<Shell, string> = {
  bash: `
source "$SCRIPT"
line="\${1//=/ = }"
COMP_WORDS=($line)
[[ "$line" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_sagemaker_operator
echo "\${COMPREPLY[@]}"`,
  fish: `
source "$SCRIPT"
complete -C "$argv[2]" | string split -f 1 \\t | string join " "`,
  zsh: `
zmodload zsh/zpty zsh/zselect
export RAN="$HOME/ran.$$"
zpty z zsh -f -i
zpty -w z 'autoload -Uz compinit; compinit -D -u; source "$SCRIPT"; sagemaker-operator() { print -r -- "$*" > $RAN }; print REA""DY'
zpty -r -m z output '*READY*'
zpty -n -w z "$1"$'\\t\\n'
repeat 200; do
  [[ -s $RAN ]] && break
  zselect -t 5
done
cat $RAN`,
};

function isThere(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}
