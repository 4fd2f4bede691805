import assert from "node:assert/strict";
import type { CreateProcessingJobCommandInput, Tag } from "@aws-sdk/client-sagemaker";
import { MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { SageMakerError } from "../api/job.ts";
import type { SageMaker } from "./client.ts";
import { toCreateRequest } from "./convert.ts";
import { describes, isOwnedBy, isOwnJob, jobTags, usersTags } from "./ownership.ts";

const OWNER = { cluster: "c", namespace: "team-a", name: "job", uid: "u" };
const tagged = (count: number): Tag[] => Array.from({ length: count }, (_, i) => ({ Key: `k${i}`, Value: "v" }));
const keysOf = (tags: Tag[]) => tags.map(({ Key }) => Key);

Deno.test("jobTags() adds whose the job is to the user's tags", () => {
  assert.deepEqual(jobTags([{ Key: "team", Value: "a" }], OWNER), [
    { Key: "team", Value: "a" },
    { Key: "sagemaker-operator/uid", Value: "u" },
    { Key: "sagemaker-operator/namespace", Value: "team-a" },
    { Key: "sagemaker-operator/name", Value: "job" },
    { Key: "sagemaker-operator/cluster", Value: "c" },
  ]);
});

Deno.test("jobTags() leaves the cluster out where it is not known", () => {
  assert.equal(keysOf(jobTags([], { ...OWNER, cluster: undefined })).length, 3);
});

for (const [count, own] of [[46, 4], [47, 3], [49, 1], [50, 0]] as const) {
  Deno.test(`jobTags() has room for ${own} of its own beside ${count} of the user's`, () => {
    const tags = jobTags(tagged(count), OWNER);
    assert.equal(tags.length, 50);
    assert.deepEqual(tags.slice(0, count), tagged(count));
    assert.equal(keysOf(tags).includes("sagemaker-operator/uid"), own > 0);
  });
}

Deno.test("jobTags() does not give way where the user sets one of its keys", () => {
  const tags = jobTags([{ Key: "sagemaker-operator/name", Value: "mine" }, { Key: "team", Value: "a" }], OWNER);
  assert.deepEqual(tags, jobTags([{ Key: "team", Value: "a" }], OWNER));
});

Deno.test("usersTags() leaves out what would pass for the operator's own tags", () => {
  const reserved = [
    "sagemaker-operator/uid",
    "sagemaker-operator/",
    "sagemaker-operator/anything",
    "SageMaker-Operator/uid",
    " sagemaker-operator/uid",
    "\t\u00a0sagemaker-operator/uid",
    "\u3000SAGEMAKER-OPERATOR/UID",
    "sagema\u212aer-operator/uid",
    "ｓagemaker-operator／uid",
  ];
  const open = [
    "team",
    "sagemaker-operator",
    "x-sagemaker-operator/uid",
    "sagemaker/operator",
    "sagemaker_operator/uid",
  ];
  const tags = [...reserved, ...open].map((Key) => ({ Key, Value: "v" }));
  assert.deepEqual(keysOf(usersTags(tags)), open);
});

Deno.test("isOwnedBy() goes by the UID alone, and says nothing without one", () => {
  assert.equal(isOwnedBy(new Map([["sagemaker-operator/uid", "u"]]), "u"), true);
  assert.equal(isOwnedBy(new Map([["sagemaker-operator/uid", "other"]]), "u"), false);
  assert.equal(isOwnedBy(new Map([["team", "a"]]), "u"), undefined);
});

Deno.test("isOwnJob() does not take a job for another's that SageMaker does not show just then", async () => {
  const answers = (isSame: boolean | undefined) =>
    ({
      tags: () => Promise.resolve(new Map()),
      isSameJob: () => Promise.resolve(isSame),
    }) as unknown as SageMaker;
  const owner = { arn: "arn", uid: "u" };
  const { signal } = new AbortController();
  for (const isSame of [true, false]) {
    assert.equal(await isOwnJob(answers(isSame), REQUEST, owner, signal), isSame);
  }
  await assert.rejects(isOwnJob(answers(undefined), REQUEST, owner, signal), (error: SageMakerError) => {
    return error instanceof SageMakerError && error.failure.retry === "soon";
  });
});

const REQUEST: CreateProcessingJobCommandInput = toCreateRequest({
  ...MINIMAL_SPEC,
  environment: [{ name: "A", value: "1" }],
  networkConfig: { enableNetworkIsolation: false },
  tags: [{ key: "team", value: "a" }],
}, "job-1");

Deno.test("describes() does not go by values that come from Secrets, which may have changed since", () => {
  const environment = [{ name: "A", value: "1" }, { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }];
  const request = toCreateRequest({ ...MINIMAL_SPEC, environment }, "job-1");
  const described = (Environment: Record<string, string>) => describes({ ...request, Environment }, request);
  assert.equal(described({ A: "1", B: "was secret" }), true);
  assert.equal(described({ A: "2", B: "was secret" }), false);
});

const { Tags: _, ...ECHO } = REQUEST;
const cases: [string, object, boolean][] = [
  ["the service's echo", ECHO, true],
  ["an echo with defaults added", {
    ...ECHO,
    StoppingCondition: { MaxRuntimeInSeconds: 86_400 },
    CreationTime: new Date(0),
  }, true],
  ["an echo without what is false", { ...ECHO, NetworkConfig: undefined }, true],
  ["another image", { ...ECHO, AppSpecification: { ImageUri: "other" } }, false],
  ["another role", { ...ECHO, RoleArn: "arn:aws:iam::123456789012:role/other" }, false],
  ["another environment", { ...ECHO, Environment: { A: "2" } }, false],
  ["no environment", { ...ECHO, Environment: undefined }, false],
  ["network isolation", { ...ECHO, NetworkConfig: { EnableNetworkIsolation: true } }, false],
];
for (const [name, described, expected] of cases) {
  Deno.test(`describes() is ${expected} for ${name}`, () => assert.equal(describes(described, REQUEST), expected));
}
