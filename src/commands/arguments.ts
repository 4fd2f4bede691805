import { UsageError } from "./errors.ts";
import type { Flag } from "./flags.ts";
import { nearest } from "../util/nearest.ts";

/** Flags by name, as `poll-interval`. */
export type FlagTable = Record<string, Flag<unknown>>;

/** What a command line of a command may hold; help is made from it too. */
export interface CommandSpec<T extends FlagTable = FlagTable> {
  name: string;
  /** One sentence without its full stop. */
  summary: string;
  /** The names of its arguments, all required, as `NAME` in `logs NAME`. */
  positionals?: readonly string[];
  /** How it is called, where that isn't `sagemaker-operator NAME`. */
  calledAs?: string;
  /**
   * Whether its flags have no environment form: for what a person types beside an operator that is set up by variables, some
   * of which mean something else.
   */
  ignoresEnvironment?: boolean;
  flags: T;
}

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** The values of a table's flags, each under its name in camel case: `poll-interval` is `pollInterval`. */
export type FlagValues<T extends FlagTable> = {
  [K in keyof T & string as CamelCase<K>]: T[K] extends Flag<infer V> ? V : never;
};

/** The environment variable that a flag may be set by. */
export function environmentName(flag: string): string {
  return `SAGEMAKER_OPERATOR_${flag.toUpperCase().replaceAll("-", "_")}`;
}

/** Whether help is asked for anywhere among the flags. */
export function wantsHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).some((each) => /^(-h|--?help)$/.test(each));
}

/**
 * Reads a command's arguments. Flags are taken as Go's flag package takes them, for the old controller's Deployments: one
 * dash or two, `--flag value` or `--flag=value`, a switch's value only after `=`. Of a repeated flag the last one counts,
 * lists excepted. A flag beats its environment variable; an empty variable is as good as none.
 *
 * @param env gives the value of an environment variable
 * @throws {UsageError} for an unknown flag, a bad value, a missing or surplus argument
 */
export function parseArguments<T extends FlagTable>(
  { flags, positionals: names = [], ignoresEnvironment }: CommandSpec<T>,
  argv: readonly string[],
  env: (name: string) => string | undefined,
): { flags: FlagValues<T>; positionals: string[] } {
  const { given, positionals } = split(flags, argv);
  if (positionals.length > names.length) throw new UsageError(`Unexpected argument '${positionals[names.length]}'`);
  if (positionals.length < names.length) throw new UsageError(`Missing argument ${names[positionals.length]}`);
  const values: Record<string, unknown> = {};
  const variable = ignoresEnvironment ? () => undefined : env;
  for (const [name, flag] of Object.entries(flags)) {
    values[camelCase(name)] = valueOf(name, flag, given.get(name), variable);
  }
  return { flags: values as FlagValues<T>, positionals };
}

/** Tells flags from other arguments; gives the texts of each flag in their order. */
function split(
  flags: FlagTable,
  argv: readonly string[],
): { given: Map<string, string[]>; positionals: string[] } {
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (argument === "--") {
      positionals.push(...argv.slice(i + 1));
      break;
    }
    const parts = /^--?(?<written>[^-=][^=]*)(?:=(?<inline>.*))?$/s.exec(argument)?.groups;
    if (!parts) {
      positionals.push(argument);
      continue;
    }
    const name = canonicalName(flags, parts.written!);
    const isSwitch = flags[name]!.placeholder === undefined;
    let text = parts.inline ?? (isSwitch ? "true" : undefined);
    if (text === undefined && !argv[i + 1]?.startsWith("--")) text = argv[++i];
    if (text === undefined) throw new UsageError(`Flag '--${name}' needs a value`);
    given.set(name, [...given.get(name) ?? [], text]);
  }
  return { given, positionals };
}

function canonicalName(flags: FlagTable, written: string): string {
  if (Object.hasOwn(flags, written)) return written;
  for (const [name, { aliases }] of Object.entries(flags)) if (aliases.includes(written)) return name;
  const guess = nearest(written, Object.keys(flags));
  throw new UsageError(`Unknown flag '--${written}'${guess === undefined ? "" : `; did you mean '--${guess}'?`}`);
}

function valueOf(
  name: string,
  flag: Flag<unknown>,
  given: string[] | undefined,
  env: (name: string) => string | undefined,
): unknown {
  const text = flag.repeatable ? given?.join(",") : given?.at(-1);
  if (text !== undefined) return read(`--${name}`, flag, text);
  const fromEnvironment = env(environmentName(name));
  return fromEnvironment ? read(environmentName(name), flag, fromEnvironment) : flag.fallback;
}

function read(source: string, flag: Flag<unknown>, text: string): unknown {
  try {
    return flag.parse(text);
  } catch {
    // What was thrown says the same in other words; one line is enough for the person who typed it.
    throw new UsageError(`Cannot use '${text}' for ${source}: expected ${flag.expected}`);
  }
}

function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
