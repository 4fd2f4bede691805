import assert from "node:assert/strict";
import fc from "fast-check";
import { shownText } from "./service_text.ts";

const LONG = "failed to satisfy constraint: Member must have length less than or equal to 256";
const PATTERN = "failed to satisfy constraint: Member must satisfy regular expression pattern: .*";

const texts: [what: string, text: string, shown: string][] = [
  ["one line", "Rate exceeded", "Rate exceeded"],
  [
    "a value of several lines",
    `1 validation error detected: Value 'set -e\npython x.py' at 'appSpecification.imageUri' ${PATTERN}`,
    `1 validation error detected: Value 'set -e\\npython x.py' at 'appSpecification.imageUri' ${PATTERN}`,
  ],
  ["other line breaks", "a\r\nb\rc\u2028d\u0085e\tf", "a\\nb\\nc\\nd\\ne\tf"],
  [
    "an environment value of several lines",
    `1 validation error detected: Value '{KEY=first\nsecond\n}' at 'environment' ${LONG}`,
    `1 validation error detected: Value (not shown) at 'environment' ${LONG}`,
  ],
  [
    "two violations, the second about the environment",
    `2 validation errors detected: Value '[a\nb]' at 'appSpecification.containerArguments' ${PATTERN}; Value '{K=v\nw}' at 'environment' ${LONG}`,
    `2 validation errors detected: Value '[a\\nb]' at 'appSpecification.containerArguments' ${PATTERN}; Value (not shown) at 'environment' ${LONG}`,
  ],
  [
    "three violations, the first and the last about the environment",
    `3 validation errors detected: Value '{K=v}' at 'environment' ${LONG}; Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value 'v' at 'environment.K.member' ${LONG}`,
    `3 validation errors detected: Value (not shown) at 'environment' ${LONG}; Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value (not shown) at 'environment.K.member' ${LONG}`,
  ],
  [
    "an environment value that looks like a violation",
    `1 validation error detected: Value '{K=x' at 'roleArn' ${LONG}; Value 'secret}' at 'environment' ${LONG}`,
    `1 validation error detected: Value (not shown) at 'environment' ${LONG}`,
  ],
  [
    "a violation in other words",
    "Value '{K=a\nb}' at 'environment' is not what is wanted",
    "Value (not shown) at 'environment' is not what is wanted",
  ],
  [
    "a violation that the service has cut",
    "1 validation error detected: Value '{K=a\nb, L=",
    "1 validation error detected: Value (not shown)",
  ],
  [
    "what the SDK adds for who debugs it",
    "Unexpected token '<'\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.",
    "Unexpected token '<'",
  ],
  ["blank lines around it", "\n\nAccess denied\n", "Access denied"],
];
for (const [what, text, shown] of texts) {
  Deno.test(`shownText() of ${what}`, () => assert.equal(shownText(text), shown));
}

Deno.test("shownText() shows no part of an environment value, whatever that holds and whatever else is refused", () => {
  const secret = "S3CR3T";
  const part = fc.constantFrom("\n", "'", " at ", "'environment'", "; ", "Value '", `' at 'x' ${LONG}`, "{", secret);
  const value = fc.array(part, { maxLength: 8 }).map((parts) => `${parts.join("")}${secret}`);
  const violation = fc.oneof(
    value.map((text) => `Value '{K=${text}}' at 'environment' ${LONG}`),
    fc.constantFrom(`Value 'role' at 'roleArn' ${PATTERN}`, `Value null at 'roleArn' ${PATTERN}`),
  );
  fc.assert(fc.property(fc.array(violation, { minLength: 1, maxLength: 3 }), (violations) => {
    const text = `${violations.length} validation errors detected: ${violations.join("; ")}`;
    assert.ok(!shownText(text).includes(secret), shownText(text));
  }));
});

Deno.test("shownText() leaves room for what stands around it in a condition", () => {
  assert.ok(shownText("x".repeat(100_000)).length <= 8_000);
});
