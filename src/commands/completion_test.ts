/** The scripts, in the shells that they are for; one that this machine doesn't have is passed over. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runCommand } from "./main.ts";

async function completion(shell: string) {
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

/** What a shell makes of lines, at the end of each of which somebody asks for more. */
async function complete(shell: Shell, lines: string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "completion-" });
  try {
    const script = join(folder, "script");
    await Deno.writeTextFile(script, (await completion(shell)).stdout);
    await Deno.writeTextFile(join(folder, "kubectl"), KUBECTL, { mode: 0o755 });
    await Deno.writeTextFile(join(folder, "a-file"), "");
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
    return await Promise.all(lines.map(run));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Shell = "bash" | "zsh" | "fish";

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

const EVERY_JOB = "kmeans kmedoids";
const offered: [line: string, words: string][] = [
  ["lo", "logs"],
  ["ver", "version"],
  ["logs ", EVERY_JOB],
  ["logs --fo", "--follow"],
  ["logs --kubeconfig a-f", "a-file"],
  ["logs --context ", "blue green"],
  ["logs -n team-a -f kme", EVERY_JOB],
  ["logs --namespace team-b ", "only-in-b"],
  ["run --log-level ", "debug info warn error"],
  ["run --log-level w", "warn"],
  ["completion ", "bash zsh fish"],
  ["run --poll-interval ", ""],
];

for (const shell of ["bash", "fish"] as const) {
  Deno.test({
    name: `${shell}: commands, flags, values, files and what the cluster has are offered`,
    ignore: !isThere(shell),
    async fn() {
      const words = await complete(shell, offered.map(([line]) => `sagemaker-operator ${line}`));
      const sorted = (text: string) => text.split(" ").sort().join(" ");
      assert.deepEqual(words.map(sorted), offered.map(([, words]) => sorted(words)));
    },
  });
}

Deno.test("bash: a value after = is completed too", async () => {
  assert.deepEqual(await complete("bash", ["sagemaker-operator run --log-format=j"]), ["json"]);
});

Deno.test({
  name: "zsh: commands, flags, values, files and what the cluster has are completed",
  ignore: !isThere("zsh"),
  async fn() {
    const table: [line: string, completed: string][] = [
      ["lo", "logs"],
      ["logs --fo", "logs --follow"],
      ["logs --kubeconfig a-f", "logs --kubeconfig a-file"],
      ["logs --context bl", "logs --context blue"],
      ["logs -n team-a -f kmea", "logs -n team-a -f kmeans"],
      ["logs --namespace team-b o", "logs --namespace team-b only-in-b"],
      ["run --log-format j", "run --log-format json"],
      ["completion z", "completion zsh"],
    ];
    const completed = await complete("zsh", table.map(([line]) => `sagemaker-operator ${line}`));
    assert.deepEqual(completed.map((line) => line.trim()), table.map(([, line]) => line));
  },
});

Deno.test("completion refuses a shell that it does not know", async () => {
  assert.deepEqual(await completion("tcsh"), {
    code: 2,
    stdout: "",
    stderr: "sagemaker-operator: Cannot complete in 'tcsh': expected bash, zsh, fish\n",
  });
});

function isThere(shell: string): boolean {
  try {
    return new Deno.Command(shell, { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}
