import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../../src/api/crd.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { changed, fieldPaths, FULL_SPEC } from "../support/full_spec.ts";
import { resourcePath, tryCreate } from "../support/admission.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("accept");
});

const S3_INPUT = { s3Uri: "s3://bucket/key", s3DataType: "S3Prefix", s3InputMode: "File", localPath: "/opt/ml/input" };
const S3_OUTPUT = { s3Uri: "s3://bucket/key", localPath: "/opt/ml/output", s3UploadMode: "Continuous" };
const PREFERENCES = {
  volumeSizeInGB: 1,
  instancePreferences: [{ instanceType: "ml.g6.xlarge", instanceCount: 1 }, {
    instanceType: "ml.g5.xlarge",
    instanceCount: 2,
  }],
};

const REFERENCES = [
  { name: "A", valueFrom: { secretKeyRef: { name: "warehouse.v1", key: "tls_key-1.pem", optional: true } } },
  { name: "B", valueFrom: { configMapKeyRef: { name: "n".repeat(253), key: "k".repeat(253), optional: false } } },
];

/** What differs from the smallest spec. */
const ACCEPTED: [title: string, path: string, value: unknown][] = [
  [
    "an instance type that the service model does not know",
    "processingResources.clusterConfig.instanceType",
    "ml.xyz.96xlarge",
  ],
  ["no instance count", "processingResources.clusterConfig.instanceCount", undefined],
  ["a hundred instances", "processingResources.clusterConfig.instanceCount", 100],
  ["the largest volume", "processingResources.clusterConfig.volumeSizeInGB", 16384],
  ["an empty volume key", "processingResources.clusterConfig.volumeKmsKeyId", ""],
  ["instance preferences with a count each", "processingResources.clusterConfig", PREFERENCES],
  ["instance preferences with one count for all", "processingResources.clusterConfig", {
    volumeSizeInGB: 1,
    instanceCount: 3,
    instancePreferences: [{ instanceType: "ml.g6.xlarge" }, { instanceType: "ml.g5.xlarge" }],
  }],
  ...[
    "dkr.ecr.us-west-2.amazonaws.com",
    "dkr.ecr.cn-north-1.amazonaws.com.cn",
    "dkr.ecr.us-gov-west-1.amazonaws.com",
    "dkr.ecr.eusc-de-east-1.amazonaws.eu",
    "dkr.ecr.us-iso-east-1.c2s.ic.gov",
    "dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
    "dkr.ecr-fips.us-east-1.amazonaws.com",
    "dkr-ecr.us-west-2.on.aws",
    "dkr-ecr-fips.us-west-2.on.aws",
    "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
  ].map((host): [string, string, unknown] => [
    `an image of ${host}`,
    "appSpecification.imageUri",
    `123456789012.${host}/team/image-1.0_x:1.0-Cpu@sha256:${"0123456789abcdef".repeat(4)}`,
  ]),
  ["an empty entrypoint", "appSpecification.containerEntrypoint", []],
  ["empty arguments", "appSpecification.containerArguments", []],
  ["arguments with blanks, tabs and quotes", "appSpecification.containerArguments", [" ", "a\tb", `{"a": 'b'}`]],
  ["a region of another cloud's naming", "region", "region-xyz"],
  ["an isolated partition's region", "region", "us-isob-east-1"],
  ["a role of the China partition", "roleArn", "arn:aws-cn:iam::123456789012:role/path/to/Name+=,.@-_"],
  ["an endpoint on this machine", "sageMakerEndpoint", "http://127.0.0.1:4566"],
  ["an empty stopping condition", "stoppingCondition", {}],
  ["the longest running time", "stoppingCondition.maxRuntimeInSeconds", 777600],
  ["an empty network configuration", "networkConfig", {}],
  ["network isolation turned off", "networkConfig.enableNetworkIsolation", false],
  ["a variable that occurs twice", "environment", [{ name: "A", value: "1" }, { name: "A", value: "2" }]],
  ["a variable without a value", "environment", [{ name: "A" }]],
  ["a value of several lines", "environment", [{ name: "A", value: "one\ntwo" }]],
  ["no variables", "environment", []],
  ["a hundred variables", "environment", Array.from({ length: 100 }, (_, i) => ({ name: `V${i}`, value: `${i}` }))],
  ["no inputs", "processingInputs", []],
  ["ten inputs, anywhere in the container, one inside the other", "processingInputs", nested(10)],
  ["appManaged inputs and outputs that share a path", "processingInputs", [
    { inputName: "a", s3Input: S3_INPUT },
    { inputName: "b", appManaged: true, s3Input: S3_INPUT },
    { inputName: "c", appManaged: true, s3Input: S3_INPUT },
  ]],
  ["an input over https", "processingInputs", [{ inputName: "a", s3Input: { ...S3_INPUT, s3Uri: "https://host" } }]],
  ["an input without a mode", "processingInputs", [{ inputName: "a", s3Input: without(S3_INPUT, "s3InputMode") }]],
  ["an input that the application fetches", "processingInputs", [
    { inputName: "a", appManaged: true, s3Input: without(S3_INPUT, "localPath") },
  ]],
  ["no outputs", "processingOutputConfig", { outputs: [] }],
  [
    "ten outputs, anywhere in the container",
    "processingOutputConfig.outputs",
    list(10, "outputName", { s3Output: S3_OUTPUT }),
  ],
  ["an output that the application stores", "processingOutputConfig.outputs", [
    { outputName: "a", appManaged: true, s3Output: without(S3_OUTPUT, "localPath") },
  ]],
  ["a key of the longest length", "processingOutputConfig", { outputs: [], kmsKeyId: "k".repeat(2048) }],
  ["an empty experiment configuration", "experimentConfig", {}],
  ["tags in any script", "tags", [{ key: "Straße/größe", value: "ünïcode 1.0 + = @" }, { key: "k", value: "" }]],
  ["variables from Secrets and ConfigMaps", "environment", REFERENCES],
  ["fifty tags", "tags", Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: "v" }))],
];

const POLICIES = {
  suspend: true,
  ttlSecondsAfterFinished: 0,
  deletionPolicy: "Retain",
  retryPolicy: {
    maxAttempts: 10,
    retryOn: ["CapacityError", "Stopped", "AlgorithmError"],
    backoffSeconds: 0,
    backoffRate: 1.5,
    expireAfterSeconds: 60,
  },
};

for (const [title, path, value] of ACCEPTED) {
  Deno.test(`the apiserver takes ${title} and gives it back as it was`, async () => {
    await assertKept(changed(MINIMAL_SPEC, path, value));
  });
}

Deno.test("the apiserver takes the smallest spec", () => assertKept(MINIMAL_SPEC));

Deno.test("the apiserver takes every field and keeps it", async () => {
  await assertKept(FULL_SPEC);
  const others = { processingResources: { clusterConfig: PREFERENCES }, environment: REFERENCES, ...POLICIES };
  await assertKept({ ...MINIMAL_SPEC, ...POLICIES });
  const both = [...fieldPaths(FULL_SPEC), ...fieldPaths(others)];
  const schema = parse(CRD_YAML).spec.versions[0].schema.openAPIV3Schema.properties.spec;
  assert.deepEqual([...new Set(both)].sort(), schemaPaths(schema).sort(), "the test tries every field of the schema");
});

async function assertKept(spec: object): Promise<void> {
  const created = await tryCreate(cluster, namespace, spec);
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const read = await cluster.request("GET", resourcePath(namespace, created.body.metadata.name));
  assert.deepEqual(read.body.spec, spec);
}

function schemaPaths(schema: { items?: object; properties?: Record<string, object> }, path = ""): string[] {
  const object: { properties?: Record<string, object> } = schema.items ?? schema;
  return Object.entries(object.properties ?? {}).flatMap(([name, field]) => {
    const here = path === "" ? name : `${path}.${name}`;
    return [here, ...schemaPaths(field, here)];
  });
}

function nested(length: number): object[] {
  return Array.from({ length }, (_, index) => ({
    inputName: `n${index}`,
    s3Input: { ...S3_INPUT, localPath: `/opt${"/in".repeat(index)}` },
  }));
}

function list(length: number, key: string, rest: object): object[] {
  return Array.from({ length }, (_, index) => ({ [key]: `n${index}`, ...rest }));
}

function without(object: object, key: string): object {
  return changed(object, key, undefined);
}
