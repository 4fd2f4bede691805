/** Globs in annotations of Namespaces are matched against texts of tenants. At 939be82 the second test doesn't end. */
import assert from "node:assert/strict";
import { matchesAny, parseGlobs } from "../../src/api/globs.ts";

const PREFIX = "arn:aws:iam::123456789012:role/";

Deno.test("a glob with more than 8 stars, or longer than 2,048 characters, is refused", () => {
  assert.throws(() => parseGlobs("roleArn", [`${PREFIX}${"*a".repeat(30)}*b`]), { name: "SyntaxError" });
  assert.throws(() => parseGlobs("roleArn", [`${PREFIX}${"a".repeat(10_000)}`]), { name: "SyntaxError" });
});

Deno.test("the worst glob that is allowed is held against the longest ARN at once, and a thousand of them soon", () => {
  const globs = parseGlobs("roleArn", [`${PREFIX}${"*a".repeat(7)}*b`]);
  const text = `${PREFIX}${"a".repeat(2_000)}`;
  for (let count = 0; count < 1_000; count++) assert.equal(matchesAny(text, globs), false);
  assert.equal(matchesAny(`${text}b`, globs), true);
});
