import assert from "node:assert/strict";
import { fieldName, shape } from "../../src/sagemaker/facts.ts";
import { causes, resourcePath, tryCreate, tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { changed, FULL_SPEC } from "../support/full_spec.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
let full: string;
let minimal: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("immutable");
  full = await created(FULL_SPEC);
  minimal = await created(MINIMAL_SPEC);
});

/** A valid change of each field: something else, something more, something less. */
const CHANGES: [path: string, value: unknown][] = [
  ["region", "eu-west-1"],
  ["sageMakerEndpoint", "https://example.com"],
  ["sageMakerEndpoint", undefined],
  ["roleArn", "arn:aws:iam::123456789012:role/another"],
  ["appSpecification.imageUri", "123456789012.dkr.ecr.us-west-2.amazonaws.com/another"],
  ["appSpecification.containerArguments", []],
  ["appSpecification.containerEntrypoint", undefined],
  ["environment", undefined],
  ["environment.0.value", "debug"],
  ["environment.0", { name: "LEVEL", valueFrom: { secretKeyRef: { name: "settings", key: "level" } } }],
  ["environment", [...FULL_SPEC.environment ?? []].reverse()],
  ["experimentConfig.runName", "run-2"],
  ["experimentConfig", undefined],
  ["networkConfig.enableNetworkIsolation", true],
  ["networkConfig.vpcConfig", undefined],
  ["networkConfig", undefined],
  ["processingInputs.0.s3Input.s3Uri", "s3://another"],
  ["processingInputs.0.inputName", "another"],
  ["processingInputs", [FULL_SPEC.processingInputs?.[0]]],
  ["processingInputs", undefined],
  ["processingOutputConfig.kmsKeyId", undefined],
  ["processingOutputConfig.kmsKeyId", "alias/another"],
  ["processingOutputConfig.outputs.0.s3Output.s3UploadMode", "Continuous"],
  ["processingOutputConfig.outputs", []],
  ["processingOutputConfig", undefined],
  ["processingResources.clusterConfig.instanceType", "ml.m5.large"],
  ["processingResources.clusterConfig.instanceCount", undefined],
  ["processingResources.clusterConfig.volumeSizeInGB", 31],
  ["stoppingCondition.maxRuntimeInSeconds", 7200],
  ["stoppingCondition", {}],
  ["stoppingCondition", undefined],
  ["tags.0.value", "speech"],
  ["tags", [...FULL_SPEC.tags ?? [], { key: "more", value: "" }]],
  ["tags", undefined],
];
for (const [path, value] of CHANGES) {
  Deno.test(`the apiserver does not let ${path} become ${JSON.stringify(value) ?? "absent"}`, async () => {
    await assertRefused(full, changed(FULL_SPEC, path, value), path.split(".", 1)[0] ?? "");
  });
}

const OPTIONAL = [
  ...Object.keys(FULL_SPEC).filter((field) => !(field in MINIMAL_SPEC)),
] as (keyof typeof FULL_SPEC)[];
for (const field of OPTIONAL) {
  Deno.test(`the apiserver does not let ${field} be added later`, async () => {
    await assertRefused(minimal, { ...MINIMAL_SPEC, [field]: FULL_SPEC[field] }, field);
  });
}

Deno.test("the tables try a change of every field", () => {
  const request = shape("CreateProcessingJobRequest");
  assert.ok(request.type === "structure");
  const members = Object.keys(request.members).filter((member) => member !== "ProcessingJobName").map(fieldName);
  const tried = new Set(CHANGES.map(([path]) => path.split(".", 1)[0]));
  assert.deepEqual([...tried].sort(), [...members, "region", "sageMakerEndpoint"].sort());
});

Deno.test("a spec that says the same again is taken, inputs and outputs in any order", async () => {
  const before = await cluster.request("GET", resourcePath(namespace, full));
  const again = await replaceSpec(full, FULL_SPEC);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(again.body.metadata.generation, before.body.metadata.generation, "no generation for no change");
  const other = changed(FULL_SPEC, "processingInputs", [...FULL_SPEC.processingInputs ?? []].reverse());
  const outputs = [...FULL_SPEC.processingOutputConfig?.outputs ?? []].reverse();
  const { status, body } = await replaceSpec(full, changed(other, "processingOutputConfig.outputs", outputs));
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal((await replaceSpec(full, FULL_SPEC)).status, 200);
});

for (const field of ["tags", "environment", "processingInputs"] as const) {
  Deno.test(`an empty list of ${field} says the same as none, and is no change`, async () => {
    const name = await created(MINIMAL_SPEC);
    const added = await replaceSpec(name, { ...MINIMAL_SPEC, [field]: [] });
    assert.equal(added.status, 200, JSON.stringify(added.body));
    const again = await replaceSpec(name, { ...MINIMAL_SPEC, [field]: [] });
    assert.equal(again.status, 200, JSON.stringify(again.body));
    await assertRefused(name, { ...MINIMAL_SPEC, [field]: FULL_SPEC[field] }, field);
    assert.equal((await replaceSpec(name, MINIMAL_SPEC)).status, 200);
    await assertRefused(full, { ...FULL_SPEC, [field]: [] }, field);
  });
}

Deno.test("labels, annotations and finalizers can be edited, and that is no new generation", async () => {
  const name = await created(FULL_SPEC);
  for (
    const metadata of [
      { labels: { team: "vision" } },
      { annotations: { "sagemaker.aws.amazon.com/paused": "true" } },
      { finalizers: ["sagemaker-operator-finalizer"] },
      { labels: { team: null }, annotations: null },
      { finalizers: null },
    ]
  ) {
    const { status, body } = await tryPatch(cluster, resourcePath(namespace, name), { metadata });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.metadata.generation, 1);
  }
});

async function created(spec: object): Promise<string> {
  const { status, body } = await tryCreate(cluster, namespace, spec);
  assert.equal(status, 201, JSON.stringify(body));
  return body.metadata.name;
}

async function replaceSpec(name: string, spec: object) {
  const { body } = await cluster.request("GET", resourcePath(namespace, name));
  return await cluster.request("PUT", resourcePath(namespace, name), { ...body, spec });
}

async function assertRefused(name: string, spec: object, field: string): Promise<void> {
  assert.deepEqual(causes(await replaceSpec(name, spec)), [{
    reason: "FieldValueForbidden",
    field: `spec.${field}`,
    message: `Forbidden: ${field} cannot be changed, because a SageMaker job cannot be: ` +
      "delete this ProcessingJob and apply it again, under this or another name",
  }]);
}
