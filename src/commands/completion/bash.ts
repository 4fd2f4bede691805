import { CLUSTER_FLAGS, type CommandWords, formsOf, KUBECTL, NAME_CHARACTERS, type Source } from "./words.ts";

/**
 * A script for bash 3.2 and later, which needs nothing of the package `bash-completion`. It has no `compgen -W`: bash expands the
 * words of that, command substitutions included. Names of files are quoted by `printf %q`, as bash puts what is in `COMPREPLY`
 * on the line as it is.
 */
export function bashScript(commands: readonly CommandWords[]): string {
  const { context, kubeconfig, namespace } = CLUSTER_FLAGS;
  return `# bash completion of sagemaker-operator. To load it: source <(sagemaker-operator completion bash)

_sagemaker_operator_kubectl() {
  local args=() i name
  for ((i = 2; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
    ${[...context, ...kubeconfig, ...namespace].join(" | ")}) args+=("\${COMP_WORDS[i]}" "\${COMP_WORDS[i + 1]}") ;;
    esac
  done
  while IFS= read -r name; do
    case "$name" in
    "" | [!A-Za-z0-9]* | *[!${NAME_CHARACTERS}]*) ;;
    *) words+=("$name") ;;
    esac
  done < <(kubectl "\${args[@]}" "$@" 2>/dev/null)
}

_sagemaker_operator_files() {
  local file
  while IFS= read -r file; do
    COMPREPLY+=("$(printf %q "$file")")
  done < <(compgen -f -- "$1")
}

_sagemaker_operator() {
  local LC_ALL=C cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" words=() word
  # bash takes the = of --flag=value for a word of its own.
  if [[ "$cur" == "=" ]]; then
    cur=""
  elif [[ "$prev" == "=" ]]; then
    prev="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words=(${commands.map(({ name }) => name).join(" ")})
  else
    case "\${COMP_WORDS[1]}" in
${commands.map(commandCase).join("\n")}
    esac
  fi
  for word in "\${words[@]}"; do
    [[ "$word" == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

complete -F _sagemaker_operator sagemaker-operator
`;
}

function commandCase({ name, flags, argument = [] }: CommandWords): string {
  const formsByWords = new Map<string, string[]>();
  for (const flag of flags) {
    if (flag.value === undefined) continue;
    const words = wordsFrom(flag.value);
    formsByWords.set(words, [...formsByWords.get(words) ?? [], ...formsOf(flag)]);
  }
  return `    ${name})
      case "$prev" in
${[...formsByWords].map(([words, forms]) => `      ${forms.join(" | ")}) ${words} ;;\n`).join("")}      *)
        if [[ "$cur" == -* ]]; then
          words=(${[...flags.flatMap(formsOf), "--help"].join(" ")})
        else
          ${wordsFrom(argument)}
        fi
        ;;
      esac
      ;;`;
}

function wordsFrom(source: Source): string {
  if (source === "files") return `_sagemaker_operator_files "$cur"`;
  if (typeof source === "string") return `_sagemaker_operator_kubectl ${KUBECTL[source]}`;
  return `words=(${source.join(" ")})`;
}
