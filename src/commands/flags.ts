import { parseDuration } from "../api/duration.ts";

/** One flag of a command: how its text is read and what help says of it. Made by the functions below. */
export interface Flag<T> {
  /** One sentence without its full stop. */
  readonly help: string;
  /** Other names that are taken, without dashes; a single letter is a short form. */
  readonly aliases: readonly string[];
  /** What stands for the value in help, as `NAME` in `--context NAME`; absent for a switch. */
  readonly placeholder?: string;
  /** The default as help shows it. */
  readonly defaultText?: string;
  /** The values that it takes, where these are few. */
  readonly values?: readonly string[];
  /** What a value must be, to end a sentence with `expected …`. */
  readonly expected: string;
  /** Whether a repeated flag adds to what was given before it instead of replacing it. */
  readonly repeatable: boolean;
  /** The value when the flag isn't given. */
  readonly fallback: T;
  /** Reads the text of a value; throws if it isn't what `expected` says. */
  parse(text: string): T;
}

interface FlagOptions {
  help: string;
  aliases?: string[];
  placeholder?: string;
  /** Says in help what happens without the flag, where that is no fixed value. */
  defaultText?: string;
}

function flag<T>(
  { aliases = [], ...options }: FlagOptions,
  rest: Pick<Flag<T>, "expected" | "fallback" | "parse"> & Partial<Flag<T>>,
): Flag<T> {
  return { aliases, repeatable: false, ...rest, ...options };
}

/** What an absent or present default adds to a flag's help. */
function shown(text: string | number | undefined): { defaultText?: string } {
  return text === undefined ? {} : { defaultText: String(text) };
}

/** Any text but none. */
export function string<D extends string | undefined = undefined>(
  options: FlagOptions & { default?: D },
): Flag<string | D> {
  return flag<string | D>(options, {
    placeholder: "NAME",
    expected: "some text",
    fallback: options.default as D,
    ...shown(options.default),
    parse(text) {
      if (text === "") throw new SyntaxError("Empty");
      return text;
    },
  });
}

const BOOLEANS = new Map([["true", true], ["t", true], ["1", true], ["false", false], ["f", false], ["0", false]]);

/** A switch, off unless given: `--name`, `--name=true`, `--name=false`. */
export function boolean(options: Omit<FlagOptions, "placeholder">): Flag<boolean> {
  return flag(options, {
    expected: "true or false",
    fallback: false,
    parse(text) {
      const value = BOOLEANS.get(text.toLowerCase());
      if (value === undefined) throw new SyntaxError("Neither true nor false");
      return value;
    },
  });
}

/** A whole number from `min` on. */
export function integer<D extends number | undefined = undefined>(
  options: FlagOptions & { default?: D; min: number },
): Flag<number | D> {
  return flag<number | D>(options, {
    placeholder: "N",
    expected: `a whole number, ${options.min} or more`,
    fallback: options.default as D,
    ...shown(options.default),
    parse(text) {
      const value = Number(text);
      if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || value < options.min) {
        throw new RangeError("Not in range");
      }
      return value;
    },
  });
}

/** A Go-style duration from `min` on; its value is in milliseconds, its default and minimum are written as a user would. */
export function duration(options: FlagOptions & { default: string; min?: string }): Flag<number> {
  const min = options.min ?? "0";
  return flag(options, {
    placeholder: "DURATION",
    expected: `a duration such as 500ms, 5s or 1h30m${min === "0" ? "" : `, ${min} or more`}`,
    fallback: parseDuration(options.default),
    ...shown(options.default),
    parse(text) {
      const ms = parseDuration(text);
      if (ms < parseDuration(min)) throw new RangeError("Too short");
      return ms;
    },
  });
}

/** Texts separated by commas; a repeated flag adds to the list. */
export function list(options: FlagOptions): Flag<string[]> {
  return flag<string[]>(options, {
    placeholder: "LIST",
    expected: "texts separated by commas",
    repeatable: true,
    fallback: [],
    parse: (text) => text.split(",").map((each) => each.trim()).filter((each) => each !== ""),
  });
}

/** One of `values`. */
export function oneOf<V extends string, D extends V | undefined = undefined>(
  values: readonly V[],
  options: FlagOptions & { default?: D },
): Flag<V | D> {
  return flag<V | D>(options, {
    values,
    placeholder: values.join("|"),
    expected: values.length > 1 ? `${values.slice(0, -1).join(", ")} or ${values.at(-1)}` : `${values[0]}`,
    fallback: options.default as D,
    ...shown(options.default),
    parse(text) {
      const value = values.find((each) => each === text);
      if (value === undefined) throw new RangeError("Not one of them");
      return value;
    },
  });
}
