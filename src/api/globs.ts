/** How many stars a glob may have, and how long it may be: what it costs to match is bounded by its length and the text's. */
const MOST_STARS = 8;
const MOST_CHARACTERS = 2_048;

/**
 * Whether `text` matches one of `globs`: `*` stands for any run of characters without a colon, so that it never crosses the parts
 * of an ARN, as in IAM's ArnLike. A glob that is `*` alone matches everything.
 */
export function matchesAny(text: string, globs: readonly string[]): boolean {
  return globs.some((glob) => glob === "*" || matchesParts(text, glob, { separator: ":" }));
}

/**
 * Whether `text` matches `glob`, in which `*` stands for any run of at least `atLeast` characters that are no separator. Without
 * regular expressions, which take exponential time for some globs with many stars.
 */
export function matchesParts(
  text: string,
  glob: string,
  { separator, atLeast = 0 }: { separator: string; atLeast?: number },
): boolean {
  // No star crosses a separator, so part stands against part.
  const [parts, globs] = [text.split(separator), glob.split(separator)];
  return parts.length === globs.length && parts.every((part, index) => matchesPart(part, globs[index]!, atLeast));
}

/** What stands between two stars is found where it occurs first: if it could match further on, so could all that follows. */
function matchesPart(text: string, glob: string, atLeast: number): boolean {
  const [first = "", ...others] = glob.split("*");
  const last = others.pop();
  if (last === undefined) return text === glob;
  if (!text.startsWith(first)) return false;
  let end = first.length;
  for (const between of others) {
    const found = text.indexOf(between, end + atLeast);
    if (found < 0) return false;
    end = found + between.length;
  }
  return text.length - last.length >= end + atLeast && text.endsWith(last);
}

/**
 * What keeps `glob` from being used, whatever it stands for; undefined for nothing.
 *
 * @returns how a message goes on after the glob
 */
export function globProblem(glob: string): string | undefined {
  if (glob.length > MOST_CHARACTERS) return `is longer than ${MOST_CHARACTERS} characters`;
  if (glob.split("*").length - 1 > MOST_STARS) return `has more than ${MOST_STARS} stars`;
  return undefined;
}

/** What kinds of text globs stand for. */
export const GLOBS = {
  roleArn: { pattern: /^(\*|[\w+=,.@/:*-]*:[\w+=,.@/:*-]*)$/, like: "arn:aws:iam::123456789012:role/team-a-*" },
  region: { pattern: /^[a-z0-9*-]+$/, like: "eu-*" },
} as const;

/**
 * The globs of a comma list.
 *
 * @throws {SyntaxError} if one of them is too long, has too many stars, or can match nothing of its kind; the message goes on after a
 * colon
 */
export function parseGlobs(kind: keyof typeof GLOBS, texts: readonly string[]): string[] {
  const { pattern, like } = GLOBS[kind];
  const globs = texts.map((text) => text.trim()).filter((text) => text !== "");
  for (const glob of globs) {
    const problem = globProblem(glob);
    if (problem !== undefined) throw new SyntaxError(`'${cut(glob)}' ${problem}`);
    if (!pattern.test(glob)) throw new SyntaxError(`'${glob}' must be like '${like}'`);
  }
  return globs;
}

/** As much of a glob as a message needs. */
function cut(glob: string): string {
  return glob.length > 64 ? `${glob.slice(0, 64)}…` : glob;
}
