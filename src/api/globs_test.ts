import assert from "node:assert/strict";
import * as fc from "fast-check";
import { matchesAny, matchesParts, parseGlobs } from "./globs.ts";

const ROLE = "arn:aws:iam::123456789012:role/team-a/etl";

const CASES: [text: string, globs: string[], expected: boolean][] = [
  [ROLE, [], false],
  [ROLE, ["*"], true],
  [ROLE, [ROLE], true],
  [ROLE, ["arn:aws:iam::123456789012:role/team-a/*"], true],
  [ROLE, ["arn:aws:iam::*:role/team-b*", "arn:aws:iam::*:role/team-a*"], true],
  // A star stays within its part of the ARN.
  [ROLE, ["arn:*"], false],
  [ROLE, ["arn:aws:iam::123456789012:*"], true],
  ["arn:aws:iam::999999999999:role/x:role/team-a", ["arn:aws:iam::*:role/team-a"], false],
  // A glob is no regular expression, and holds for the whole text.
  [ROLE, ["arn:aws:iam::123456789012:role.team-a.etl"], false],
  [ROLE, ["arn:aws:iam::123456789012:role/team-a"], false],
  [`${ROLE}\n`, [ROLE], false],
  [ROLE, ["arn:aws:iam::123456789012:role/*a*/*"], true],
  [ROLE, ["arn:aws:iam::123456789012:role/*b*/*"], false],
  [ROLE, [`${ROLE}*`, "arn:aws:iam::1*2:role/*etl"], true],
  // The first and the last part of a glob don't overlap in the text.
  ["a:bcb", ["a:bcb*bcb"], false],
  ["eu-west-1", ["eu-*"], true],
  ["us-east-1", ["eu-*", "us-west-2"], false],
];

for (const [text, globs, expected] of CASES) {
  Deno.test(`${JSON.stringify(text)} ${expected ? "matches" : "does not match"} [${globs}]`, () => {
    assert.equal(matchesAny(text, globs), expected);
  });
}

Deno.test("parseGlobs() passes over blanks, and refuses what can match nothing of its kind", () => {
  assert.deepEqual(parseGlobs("region", [" eu-* ", "", "us-east-1"]), ["eu-*", "us-east-1"]);
  assert.throws(() => parseGlobs("region", ["EU West"]), {
    name: "SyntaxError",
    message: /'EU West' must be like 'eu-/,
  });
  assert.throws(() => parseGlobs("roleArn", ["role/x"]), { message: /'role\/x' must be like 'arn:aws:iam/ });
});

Deno.test("parseGlobs() refuses globs that are too long or have too many stars", () => {
  const prefix = "arn:aws:iam::123456789012:role/";
  assert.equal(parseGlobs("roleArn", [`${prefix}${"*a".repeat(8)}`, `${prefix}${"a".repeat(2_000)}`]).length, 2);
  assert.throws(() => parseGlobs("roleArn", [`${prefix}${"*a".repeat(9)}`]), { message: /has more than 8 stars$/ });
  assert.throws(() => parseGlobs("roleArn", [`${prefix}${"a".repeat(2_048)}`]), {
    message: `'${`${prefix}${"a".repeat(2_048)}`.slice(0, 64)}…' is longer than 2048 characters`,
  });
  assert.throws(() => parseGlobs("region", ["*".repeat(9)]), { message: "'*********' has more than 8 stars" });
});

/** What the matcher has to agree with: slow for some globs, so these here are short. */
function byRegExp(text: string, glob: string, atLeast: number): boolean {
  const run = `[^:]{${atLeast},}`;
  return new RegExp(`^${glob.split("*").map(RegExp.escape).join(run)}$`).test(text);
}

Deno.test("matchesParts() agrees with a regular expression", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", ":"), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom("a", "b", ":", "*"), maxLength: 6 });
  fc.assert(
    fc.property(text, glob, fc.nat(1), (text, glob, atLeast) => {
      assert.equal(matchesParts(text, glob, { separator: ":", atLeast }), byRegExp(text, glob, atLeast));
    }),
    { numRuns: 5_000 },
  );
});
