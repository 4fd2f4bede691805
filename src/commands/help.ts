import { type CommandSpec, environmentName } from "./arguments.ts";
import type { Flag } from "./flags.ts";

const WIDTH = 100;
/** A left column that is wider than this gets a line of its own. */
const LEFT = 34;

/** What `sagemaker-operator` prints without a command. */
export function programUsage(commands: readonly Pick<CommandSpec, "name" | "positionals" | "summary">[]): string {
  return [
    "Runs ProcessingJob resources of Kubernetes as Amazon SageMaker processing jobs.",
    "",
    "Usage: sagemaker-operator COMMAND [FLAGS]",
    "",
    "Commands:",
    ...columns(commands.map(({ name, positionals = [], summary }) => [[name, ...positionals].join(" "), summary])),
    "",
    "'sagemaker-operator COMMAND --help' says more about a command.",
    "",
  ].join("\n");
}

/** What `sagemaker-operator COMMAND --help` prints. */
export function commandUsage(spec: CommandSpec): string {
  const { name, summary, positionals = [], flags, calledAs = `sagemaker-operator ${name}`, ignoresEnvironment } = spec;
  const table = Object.entries(flags);
  const lines = [
    ...wrap(`${summary}.`, WIDTH),
    "",
    ["Usage:", calledAs, ...positionals, ...(table.length > 0 ? ["[FLAGS]"] : [])].join(" "),
    "",
  ];
  if (table.length === 0) return lines.join("\n");
  return [
    ...lines,
    ignoresEnvironment ? "Flags:" : "Flags (each may be set by the environment variable in brackets instead):",
    ...columns(
      table.map(([name, flag]) => [
        flagForm(name, flag),
        [flagHelp(flag), ...(ignoresEnvironment ? [] : [`[${environmentName(name)}]`])].join(" "),
      ]),
    ),
    "",
  ].join("\n");
}

function flagForm(name: string, { aliases, placeholder }: Flag<unknown>): string {
  const short = aliases.filter((alias) => alias.length === 1).map((alias) => `-${alias}, `).join("");
  return `${short}--${name}${placeholder === undefined ? "" : ` ${placeholder}`}`;
}

function flagHelp({ help, aliases, defaultText }: Flag<unknown>): string {
  const long = aliases.filter((alias) => alias.length > 1).map((alias) => `--${alias}`);
  const notes = [
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`]),
    ...(long.length > 0 ? [`also ${long.join(", ")}`] : []),
  ];
  return [help, ...(notes.length > 0 ? [`(${notes.join("; ")})`] : [])].join(" ");
}

/** Two columns, the right one wrapped. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.min(LEFT, Math.max(...rows.map(([text]) => text.length)));
  const indent = " ".repeat(2 + left + 2);
  return rows.flatMap(([text, explanation]) => {
    const right = wrap(explanation, WIDTH - indent.length).map((line) => indent + line);
    if (text.length > left) return [`  ${text}`, ...right];
    return [`  ${text.padEnd(left)}  ${right[0]!.trimStart()}`, ...right.slice(1)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
