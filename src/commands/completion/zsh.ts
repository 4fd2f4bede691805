import { CLUSTER_FLAGS, type CommandWords, type FlagWords, KUBECTL, NAME_CHARACTERS, type Source } from "./words.ts";

/** A script for zsh's own completion system. */
export function zshScript(commands: readonly CommandWords[]): string {
  const { context, kubeconfig, namespace } = CLUSTER_FLAGS;
  return `#compdef sagemaker-operator
# zsh completion of sagemaker-operator. To load it, after compinit: source <(sagemaker-operator completion zsh)

_sagemaker_operator_kubectl() {
  local -a args found
  local i name LC_ALL=C
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
    ${[...context, ...kubeconfig, ...namespace].join(" | ")}) args+=($words[i] $words[i+1]) ;;
    esac
  done
  for name in \${(f)"$(kubectl $args "$@" 2>/dev/null)"}; do
    case $name in
    [^A-Za-z0-9]* | *[^${NAME_CHARACTERS}]*) ;;
    *) found+=("$name") ;;
    esac
  done
  compadd -a found
}
${
    Object.entries(KUBECTL).map(([source, args]) =>
      `_sagemaker_operator_${source}() { _sagemaker_operator_kubectl ${args} }`
    )
      .join("\n")
  }

_sagemaker_operator() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}

if [[ $funcstack[1] == _sagemaker-operator ]]; then
  _sagemaker_operator
else
  compdef _sagemaker_operator sagemaker-operator
fi
`;
}

function commandCase({ name, flags, argument }: CommandWords): string {
  const specs = [
    ...flags.map(flagSpec),
    "'(- *)'{-h,--help}'[Shows help]'",
    ...(argument === undefined ? [] : [quoted(`1:${name}:${actionOf(argument)}`)]),
  ];
  return `  ${name})\n    _arguments \\\n${specs.map((spec) => `      ${spec}`).join(" \\\n")}\n    ;;`;
}

function flagSpec({ long, short, help, value }: FlagWords): string {
  // A colon would end the text of the value, a bracket that of the help.
  const rest = `[${help.replace(/[[\]\\]/g, "\\$&")}]${value === undefined ? "" : `:${long}:${actionOf(value)}`}`;
  const equals = value === undefined ? "" : "=";
  if (short === undefined) return quoted(`--${long}${equals}${rest}`);
  return `'(-${short} --${long})'{-${short},--${long}${equals}}${quoted(rest)}`;
}

function actionOf(source: Source): string {
  if (source === "files") return "_files";
  if (typeof source === "string") return `_sagemaker_operator_${source}`;
  return source.length === 0 ? " " : `(${source.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
