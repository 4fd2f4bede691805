import assert from "node:assert/strict";
import { matchesAny, parseGlobs } from "./globs.ts";

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
