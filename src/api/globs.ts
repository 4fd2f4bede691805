/**
 * Whether `text` matches one of `globs`: `*` stands for any run of characters without a colon, so that it never crosses the parts
 * of an ARN, as in IAM's ArnLike. A glob that is `*` alone matches everything.
 */
export function matchesAny(text: string, globs: readonly string[]): boolean {
  return globs.some((glob) => {
    if (glob === "*") return true;
    return new RegExp(`^${glob.split("*").map(RegExp.escape).join("[^:]*")}$`).test(text);
  });
}

/** What kinds of text globs stand for. */
export const GLOBS = {
  roleArn: { pattern: /^(\*|[\w+=,.@/:*-]*:[\w+=,.@/:*-]*)$/, like: "arn:aws:iam::123456789012:role/team-a-*" },
  region: { pattern: /^[a-z0-9*-]+$/, like: "eu-*" },
} as const;

/**
 * The globs of a comma list.
 *
 * @throws {SyntaxError} if one of them can match nothing of its kind; the message goes on after a colon
 */
export function parseGlobs(kind: keyof typeof GLOBS, texts: readonly string[]): string[] {
  const { pattern, like } = GLOBS[kind];
  const globs = texts.map((text) => text.trim()).filter((text) => text !== "");
  const bad = globs.find((glob) => !pattern.test(glob));
  if (bad !== undefined) throw new SyntaxError(`'${bad}' must be like '${like}'`);
  return globs;
}
