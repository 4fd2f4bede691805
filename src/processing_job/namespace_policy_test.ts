import assert from "node:assert/strict";
import { MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../api/group.ts";
import { readPolicy, refusalOf } from "./namespace_policy.ts";

const ROLE = MINIMAL_SPEC.roleArn!;
const NO_FLAGS = { roleArns: [], regions: [] };

Deno.test("a Namespace without annotations of ours allows everything and fills in nothing", () => {
  for (const annotations of [undefined, {}, { "example.com/allowed-regions": "eu-*" }]) {
    const policy = readPolicy(annotations);
    assert.deepEqual(policy, { defaults: {} });
    assert.equal(refusalOf(MINIMAL_SPEC, policy, NO_FLAGS), undefined);
  }
});

const GUARDS: [what: string, annotations: Record<string, string>, flags: Partial<typeof NO_FLAGS>, reason?: string][] =
  [
    ["a role that the annotation names", { [NAMES.allowedRoleArns]: `x:*, ${ROLE}` }, {}],
    ["a role that it does not name", { [NAMES.allowedRoleArns]: "arn:aws:iam::*:role/team-b-*" }, {}, "RoleNotAllowed"],
    ["any role where it names none", { [NAMES.allowedRoleArns]: " " }, {}, "RoleNotAllowed"],
    ["a region that the annotation names", { [NAMES.allowedRegions]: "eu-*,us-west-2" }, {}],
    ["a region that it does not name", { [NAMES.allowedRegions]: "eu-*" }, {}, "RegionNotAllowed"],
    ["a role that the flag names", {}, { roleArns: [ROLE] as never[] }],
    ["a role that the flag does not name", {}, { roleArns: ["arn:aws:iam::*:role/b"] as never[] }, "RoleNotAllowed"],
    ["a region that the flag does not name", {}, { regions: ["eu-*"] as never[] }, "RegionNotAllowed"],
    ["a region that the annotation names beyond the flag", { [NAMES.allowedRegions]: "us-west-2" }, {
      regions: ["eu-*"] as never[],
    }, "RegionNotAllowed"],
    ["a role that the annotation names beyond the flag", { [NAMES.allowedRoleArns]: "*" }, {
      roleArns: ["arn:aws:iam::*:role/b"] as never[],
    }, "RoleNotAllowed"],
    ["a region that both name", { [NAMES.allowedRegions]: "us-west-2" }, { regions: ["us-*"] as never[] }],
    ["a region that the flag names beyond the annotation", { [NAMES.allowedRegions]: "eu-*" }, {
      regions: ["us-west-2"] as never[],
    }, "RegionNotAllowed"],
  ];

for (const [what, annotations, flags, reason] of GUARDS) {
  Deno.test(`${what} is ${reason === undefined ? "allowed" : `refused: ${reason}`}`, () => {
    const failure = refusalOf(MINIMAL_SPEC, readPolicy(annotations), { ...NO_FLAGS, ...flags });
    assert.equal(failure?.reason, reason);
    if (failure === undefined) return;
    assert.equal(failure.retry, "person");
    const sources = [...Object.keys(annotations), "the operator's --allowed-"];
    assert.ok(sources.some((source) => failure.message.includes(source)), failure.message);
  });
}

Deno.test("with --namespace-annotations-widen a Namespace's globs take the place of the flags", () => {
  const flags = { roleArns: ["arn:aws:iam::*:role/b"], regions: ["eu-*"], annotationsWiden: true };
  const policy = readPolicy({ [NAMES.allowedRegions]: "us-west-2", [NAMES.allowedRoleArns]: "*" });
  assert.equal(refusalOf(MINIMAL_SPEC, policy, flags), undefined);
  assert.equal(refusalOf(MINIMAL_SPEC, readPolicy(), flags)?.reason, "RoleNotAllowed");
});

const TYPOS: [key: string, hint: RegExp][] = [
  ["allowed-role-arn", /; did you mean 'sagemaker\.aws\.amazon\.com\/allowed-role-arns'\?$/],
  ["Allowed-Regions", /; did you mean 'sagemaker\.aws\.amazon\.com\/allowed-regions'\?$/],
  ["requiredTags", /; did you mean 'sagemaker\.aws\.amazon\.com\/required-tags'\?$/],
  ["x", /; the operator knows 'allowed-role-arns', 'allowed-regions', .* after 'sagemaker\.aws\.amazon\.com\/'$/],
];

for (const [key, hint] of TYPOS) {
  Deno.test(`an annotation that is not known stops all creates and says what may be meant: ${key}`, () => {
    const policy = readPolicy({ [NAMES.defaultRoleArn]: ROLE, [`sagemaker.aws.amazon.com/${key}`]: "value" });
    const failure = refusalOf(MINIMAL_SPEC, policy, NO_FLAGS);
    assert.equal(failure?.reason, "InvalidNamespaceAnnotation");
    assert.match(failure.message, hint);
  });
}

Deno.test("a spec whose tags and required ones are more than SageMaker takes is refused", () => {
  const tags = Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: "" }));
  const failure = refusalOf({ ...MINIMAL_SPEC, tags }, readPolicy(), NO_FLAGS);
  assert.deepEqual([failure?.reason, failure?.retry], ["InvalidSpec", "person"]);
});

const PROBLEMS: [name: string, value: string, wanted: RegExp][] = [
  [NAMES.allowedRegions, "EU West", /'EU West', and must be a comma list of globs: 'EU West' must be like 'eu-\*'$/],
  [NAMES.allowedRoleArns, "team-a", /must be like 'arn:aws:iam::123456789012:role\/team-a-\*'$/],
  [NAMES.assumeRoleArn, "team-a", /must be the ARN of an IAM role/],
  [NAMES.assumeRoleArn, "", /must be the ARN of an IAM role/],
  [NAMES.externalId, "a b", /must be 2 to 1224 letters/],
  [NAMES.externalId, "fine", /has no use without 'sagemaker.aws.amazon.com\/assume-role-arn'$/],
  [NAMES.defaultRoleArn, "arn:aws:iam::1:role/x", /must be the ARN of an IAM role/],
  [NAMES.defaultVpcConfig, "subnet-1", /must be JSON, as '\{"securityGroupIds"/],
  [NAMES.defaultVpcConfig, '{"subnets": ["subnet-1"]}', /must be JSON/],
  [NAMES.defaultVpcConfig, '{"subnets": ["s"], "securityGroupIds": ["g"], "vpc": "x"}', /must be JSON/],
  [NAMES.defaultVpcConfig, "null", /must be JSON/],
  [NAMES.defaultKmsKeyId, "a key", /must be the id, the alias or the ARN of a KMS key/],
  [NAMES.defaultKmsKeyId, "", /must be the id/],
  [
    NAMES.requiredTags,
    "sagemaker-operator/uid=a",
    /Tag keys that begin with 'sagemaker-operator\/' \(in any case\) are reserved/,
  ],
  [NAMES.defaultTags, "team", /must be at most 50 tags, as 'team=a,stage=dev'/],
  [NAMES.defaultTags, "=a", /must be at most 50 tags/],
  [NAMES.defaultTags, "aws:x=a", /must be at most 50 tags/],
  [NAMES.defaultTags, "team=a,AWS:x=a", /Tag keys that begin with 'aws:' \(in any case\) are reserved for AWS/],
  [
    NAMES.defaultTags,
    "sagemaker-operator/uid=a",
    /Tag keys that begin with 'sagemaker-operator\/' \(in any case\) are reserved/,
  ],
  [NAMES.defaultTags, '{"team": 1}', /must be at most 50 tags/],
  [NAMES.defaultTags, '{"team"', /must be at most 50 tags/],
  [NAMES.defaultTags, Array.from({ length: 51 }, (_, i) => `k${i}=v`).join(), /must be at most 50 tags/],
];

for (const [name, value, wanted] of PROBLEMS) {
  Deno.test(`'${value.slice(0, 40)}' as ${name.split("/")[1]} is a problem that is named, and nothing is created`, () => {
    const policy = readPolicy({ [name]: value });
    assert.ok(policy.problem?.startsWith(`The Namespace's annotation '${name}' `), policy.problem);
    assert.match(policy.problem!, wanted);
    assert.equal(refusalOf(MINIMAL_SPEC, policy, NO_FLAGS)?.reason, "InvalidNamespaceAnnotation");
  });
}

Deno.test("the account has its role and external id, and stays the account where the role is none", () => {
  assert.deepEqual(readPolicy({ [NAMES.assumeRoleArn]: ` ${ROLE} `, [NAMES.externalId]: "id-1" }).account, {
    roleArn: ROLE,
    externalId: "id-1",
  });
  assert.deepEqual(readPolicy({ [NAMES.assumeRoleArn]: "team-a" }).account, { roleArn: "team-a" });
});

Deno.test("a spec without a role is refused where there is no default, and judged by the default where there is one", () => {
  const { roleArn: _, ...spec } = MINIMAL_SPEC;
  const failure = refusalOf(spec, readPolicy({}), NO_FLAGS);
  assert.equal(failure?.reason, "InvalidSpec");
  assert.match(failure.message, /no 'roleArn', and the Namespace no annotation '.*default-role-arn'/);
});

Deno.test("a Namespace says what becomes of the jobs of deleted resources, in the words of the spec", () => {
  assert.equal(readPolicy({ [NAMES.defaultDeletionPolicy]: " Retain" }).deletionPolicy, "Retain");
  const { deletionPolicy, problem } = readPolicy({ [NAMES.defaultDeletionPolicy]: "retain" });
  assert.equal(deletionPolicy, undefined);
  assert.match(problem ?? "", /default-deletion-policy' is 'retain', and must be 'Stop' or 'Retain' or 'Delete'$/);
});
