import assert from "node:assert/strict";
import fc from "fast-check";
import { arbitrarySpec } from "../../tests/support/arbitrary_spec.ts";
import { MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { FULL_SPEC } from "../../tests/support/full_spec.ts";
import { NAMESPACE_ANNOTATIONS as NAMES } from "../api/group.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { fillIn } from "./namespace_defaults.ts";
import { readPolicy } from "./namespace_policy.ts";

const ROLE = "arn:aws:iam::123456789012:role/default";
const VPC = { securityGroupIds: ["sg-1"], subnets: ["subnet-1", "subnet-2"] };
const { problem, defaults } = readPolicy({
  [NAMES.defaultRoleArn]: ROLE,
  [NAMES.defaultVpcConfig]: JSON.stringify(VPC),
  [NAMES.defaultKmsKeyId]: "alias/team-a",
  [NAMES.defaultTags]: "team=a, note = x=y",
});
const { roleArn: _, ...BARE } = MINIMAL_SPEC;

Deno.test("what a spec leaves out is filled in and told, and the spec stays as it is", () => {
  assert.equal(problem, undefined);
  const before = structuredClone(BARE);
  const { spec, applied } = fillIn(BARE, defaults);
  assert.deepEqual(BARE, before);
  const { processingResources: { clusterConfig } } = BARE;
  assert.deepEqual(spec, {
    ...BARE,
    roleArn: ROLE,
    networkConfig: { vpcConfig: VPC },
    processingResources: { clusterConfig: { ...clusterConfig, volumeKmsKeyId: "alias/team-a" } },
    tags: [{ key: "team", value: "a" }, { key: "note", value: "x=y" }],
  });
  assert.deepEqual(applied, [
    { field: "roleArn", value: ROLE },
    { field: "networkConfig.vpcConfig", value: JSON.stringify(VPC) },
    { field: "processingResources.clusterConfig.volumeKmsKeyId", value: "alias/team-a" },
    { field: "tags", value: "team=a,note=x=y" },
  ]);
});

Deno.test("outputs get the key where there are any, and a network keeps what it says", () => {
  const partly: ProcessingJobSpec = {
    ...BARE,
    networkConfig: { enableNetworkIsolation: true },
    processingOutputConfig: { outputs: [] },
  };
  const { spec } = fillIn(partly, defaults);
  assert.deepEqual(spec.networkConfig, { enableNetworkIsolation: true, vpcConfig: VPC });
  assert.deepEqual(spec.processingOutputConfig, { outputs: [], kmsKeyId: "alias/team-a" });
});

Deno.test("what a spec says stays, for tags key by key", () => {
  const tags = [{ key: "team", value: "own" }];
  const { spec, applied } = fillIn({ ...FULL_SPEC, tags }, defaults);
  assert.deepEqual(spec, { ...FULL_SPEC, tags: [...tags, { key: "note", value: "x=y" }] });
  assert.deepEqual(applied, [{ field: "tags", value: "note=x=y" }]);
});

Deno.test("a job gets no more tags than SageMaker takes", () => {
  const tags = Array.from({ length: 49 }, (_, i) => ({ key: `k${i}`, value: "v" }));
  assert.equal(fillIn({ ...MINIMAL_SPEC, tags }, defaults).spec.tags?.length, 50);
});

Deno.test("tags with a comma in their value are written as JSON", () => {
  assert.deepEqual(readPolicy({ [NAMES.defaultTags]: '{"team": "a b", "": "x"}' }).problem?.includes("50 tags"), true);
  assert.deepEqual(readPolicy({ [NAMES.defaultTags]: '{"team": "a b"}' }).defaults.tags, { team: "a b" });
});

Deno.test("without defaults every spec stays the very same object", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const filled = fillIn(spec, readPolicy({}).defaults);
    assert.equal(filled.spec, spec);
    assert.deepEqual(filled.applied, []);
  }));
});

Deno.test("required tags take the place of the spec's and of default ones, in whatever case their keys are written", () => {
  const { defaults, problem } = readPolicy({
    [NAMES.requiredTags]: "team=a,cost-centre=4711",
    [NAMES.defaultTags]: "team=default,note=x",
  });
  assert.equal(problem, undefined);
  const tags = [{ key: "team", value: "forged" }, { key: "Cost-Centre", value: "0" }, { key: "own", value: "v" }];
  const { spec, applied } = fillIn({ ...MINIMAL_SPEC, tags }, defaults);
  assert.deepEqual(spec.tags, [
    { key: "own", value: "v" },
    { key: "team", value: "a" },
    { key: "cost-centre", value: "4711" },
    { key: "note", value: "x" },
  ]);
  assert.deepEqual(applied, [{ field: "tags", value: "team=a,cost-centre=4711,note=x" }]);
});
