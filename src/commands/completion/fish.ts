import { CLUSTER_FLAGS, type CommandWords, type FlagWords, KUBECTL, NAME_CHARACTERS, type Source } from "./words.ts";

/** A script for fish 3 and later. */
export function fishScript(commands: readonly CommandWords[]): string {
  const { context, kubeconfig, namespace } = CLUSTER_FLAGS;
  return `# fish completion of sagemaker-operator. To load it: sagemaker-operator completion fish | source

function __sagemaker_operator_kubectl
    set -l words (commandline -opc)
    set -l args
    for i in (seq 2 (count $words))
        if contains -- $words[$i] ${[...context, ...kubeconfig, ...namespace].join(" ")}
            set -a args $words[$i] $words[(math $i + 1)]
        end
    end
    kubectl $args $argv 2>/dev/null | string match -r '^[A-Za-z0-9][${NAME_CHARACTERS}]*\\z'
end

complete -c sagemaker-operator -e
complete -c sagemaker-operator -f
${
    commands.map(({ name, summary }) =>
      `complete -c sagemaker-operator -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`
    ).join("\n")
  }
${commands.flatMap(commandLines).join("\n")}
`;
}

function commandLines({ name, flags, argument }: CommandWords): string[] {
  const start = `complete -c sagemaker-operator -n '__fish_seen_subcommand_from ${name}'`;
  return [
    ...flags.map((flag) => `${start} ${flagOptions(flag)}`),
    ...(argument === undefined ? [] : [`${start} ${wordsFrom(argument)}`.trimEnd()]),
  ].filter((line) => line !== start);
}

function flagOptions({ long, short, help, value }: FlagWords): string {
  const names = `${short === undefined ? "" : `-s ${short} `}-l ${long} -d ${quoted(help)}`;
  if (value === undefined) return names;
  return value === "files" ? `${names} -r -F` : `${names} -x ${wordsFrom(value)}`.trimEnd();
}

function wordsFrom(source: Source): string {
  if (source === "files") return "-F";
  if (typeof source === "string") return `-a '(__sagemaker_operator_kubectl ${KUBECTL[source]})'`;
  return source.length === 0 ? "" : `-a '${source.join(" ")}'`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
