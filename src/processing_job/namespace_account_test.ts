import assert from "node:assert/strict";
import { accountFor, type AssumedRoles } from "./namespace_account.ts";

const ROLE = "arn:aws:iam::999999999999:role/team-a";
const ANY: AssumedRoles = { roleArns: ["*"] };
const UID = "8c1b2f4e-0000-4000-8000-000000000000";

Deno.test("a namespace that asks for no role is called for in the operator's own name", () => {
  assert.deepEqual(accountFor("a", { account: undefined }, { roleArns: [] }, undefined), { account: undefined });
});

Deno.test("a role is assumed only if --allowed-assume-role-arns names it, by default none", () => {
  for (const roleArns of [[], ["arn:aws:iam::999999999999:role/team-b*"], ["arn:aws:iam::*:role/team"]]) {
    const found = accountFor("a", { account: { roleArn: ROLE } }, { roleArns }, UID);
    assert.ok("failure" in found);
    assert.deepEqual([found.failure.reason, found.failure.retry], ["RoleNotAllowed", "person"]);
    assert.match(found.failure.message, /the operator's --allowed-assume-role-arns names$/);
  }
  const roleArns = ["arn:aws:iam::999999999999:role/team-*"];
  assert.ok("account" in accountFor("a", { account: { roleArn: ROLE } }, { roleArns }, UID));
});

const EXTERNAL_IDS: [
  what: string,
  asked: string | undefined,
  isAllowed: boolean,
  uid: string | undefined,
  id?: string,
][] = [
  ["is the cluster's UID and the namespace", undefined, false, UID, `${UID}/team-a`],
  ["passes over the annotation", "of-another", false, UID, `${UID}/team-a`],
  ["is the annotation's if that is allowed", "of-another", true, UID, "of-another"],
  ["is the operator's own without an annotation, also if that is allowed", undefined, true, UID, `${UID}/team-a`],
  ["needs no UID if it is the annotation's", "of-another", true, undefined, "of-another"],
];

for (const [what, externalId, externalIdAnnotation, uid, expected] of EXTERNAL_IDS) {
  Deno.test(`the external id ${what}`, () => {
    const asked = { roleArn: ROLE, ...(externalId !== undefined && { externalId }) };
    assert.deepEqual(accountFor("team-a", { account: asked }, { ...ANY, externalIdAnnotation }, uid), {
      account: { roleArn: ROLE, externalId: expected, namespace: "team-a" },
    });
  });
}

Deno.test("no role is assumed without an external id", () => {
  const found = accountFor("team-a", { account: { roleArn: ROLE, externalId: "x/team-a" } }, ANY, undefined);
  assert.ok("failure" in found);
  assert.equal(found.failure.reason, "CredentialsUnavailable");
});

Deno.test("while the UID can't be read, a job is asked for with the external id of its status if that is its namespace's", () => {
  const kept = (externalId: string) => ({ account: { roleArn: ROLE, externalId }, isKept: true });
  assert.deepEqual(accountFor("team-a", kept(`${UID}/team-a`), ANY, undefined), {
    account: { roleArn: ROLE, externalId: `${UID}/team-a`, namespace: "team-a" },
  });
  assert.ok("failure" in accountFor("team-a", kept(`${UID}/team-b`), ANY, undefined));
  assert.deepEqual(accountFor("team-a", kept("other/team-a"), ANY, UID), {
    account: { roleArn: ROLE, externalId: `${UID}/team-a`, namespace: "team-a" },
  });
});
