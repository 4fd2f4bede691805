import assert from "node:assert/strict";
import { ConfigError } from "./errors.ts";
import { impersonationHeaders } from "./impersonation.ts";

Deno.test("impersonationHeaders() has a header for each name, group and value, with the key encoded as client-go does it", () => {
  const impersonation = {
    "as-uid": "u-1",
    "as-groups": ["a", "b, c"],
    "as-user-extra": { "example.org/Reason": ["x", "y"], "100%é": ["z"] },
  };
  assert.deepEqual(impersonationHeaders({ impersonateUser: "ann", impersonation }, "a test"), [
    ["impersonate-user", "ann"],
    ["impersonate-uid", "u-1"],
    ["impersonate-group", "a"],
    ["impersonate-group", "b, c"],
    ["impersonate-extra-example.org%2FReason", "x"],
    ["impersonate-extra-example.org%2FReason", "y"],
    ["impersonate-extra-100%25%C3%A9", "z"],
  ]);
  assert.deepEqual(impersonationHeaders({ impersonateUser: "ann" }, "a test"), [["impersonate-user", "ann"]]);
  assert.deepEqual(impersonationHeaders({}, "a test"), []);
  const empty = { "as-uid": null, "as-groups": null, "as-user-extra": null };
  assert.deepEqual(impersonationHeaders({ impersonation: empty }, "a test"), []);
});

const REFUSED: [what: string, user: Parameters<typeof impersonationHeaders>[0], message: RegExp][] = [
  ["groups without a user", { impersonation: { "as-groups": ["a"] } }, /but no 'as'/],
  ["a uid without a user", { impersonation: { "as-uid": "u" } }, /but no 'as'/],
  ["extra without a user", { impersonation: { "as-user-extra": { a: ["b"] } } }, /but no 'as'/],
  [
    "groups that are text",
    { impersonateUser: "ann", impersonation: { "as-groups": "a" } },
    /'as-groups' must be a list/,
  ],
  [
    "a group that is a number",
    { impersonateUser: "ann", impersonation: { "as-groups": [1] } },
    /'as-groups' must be a list/,
  ],
  ["a uid that is a number", { impersonateUser: "ann", impersonation: { "as-uid": 1 } }, /'as-uid' must be text/],
  [
    "extra that is text",
    { impersonateUser: "ann", impersonation: { "as-user-extra": "a" } },
    /'as-user-extra' must be a/,
  ],
  [
    "extra without lists",
    { impersonateUser: "ann", impersonation: { "as-user-extra": { a: "b" } } },
    /'as-user-extra' must/,
  ],
  [
    "a line break",
    { impersonateUser: "ann\r\nimpersonate-user: root" },
    /'impersonate-user' cannot be sent in a header/,
  ],
  [
    "other letters",
    { impersonateUser: "ann", impersonation: { "as-groups": ["é"] } },
    /'impersonate-group' cannot be sent/,
  ],
];

for (const [what, user, message] of REFUSED) {
  Deno.test(`impersonationHeaders() refuses ${what}`, () => {
    assert.throws(() => impersonationHeaders(user, "context 'x'"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /^Cannot use context 'x': /);
      assert.match(error.message, message);
      return true;
    });
  });
}
