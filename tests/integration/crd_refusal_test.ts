import assert from "node:assert/strict";
import { testCluster } from "../support/control_plane.ts";
import { changed, FULL_SPEC } from "../support/full_spec.ts";
import { causes, tryCreate } from "../support/admission.ts";
import { installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("refuse");
});

const CLUSTER = "processingResources.clusterConfig";
const ATHENA = "processingInputs.1.datasetDefinition.athenaDatasetDefinition";
const REDSHIFT = "processingInputs.2.datasetDefinition.redshiftDatasetDefinition";
const OUTPUT = "processingOutputConfig.outputs.0";

/** What differs from a spec with every field, and what the apiserver says to it: the field in its form, part of the text. */
const REFUSED: [path: string, value: unknown, field: string, message: string][] = [
  ["region", undefined, "", "Required value"],
  ["region", "", "", "should be at least 1 char"],
  ["region", "us-west-2.evil.example", "", "should match"],
  ["region", "us_west_2", "", "should match"],
  ["region", "r".repeat(33), "", "Too long"],
  ["sageMakerEndpoint", "api.sagemaker.us-west-2.amazonaws.com", "", "should match '^(?:https?://.*)$'"],
  ["sageMakerEndpoint", "ftp://host", "", "should match"],
  ["roleArn", "xxxxxxxxxxxxxxxxxxxx", "", "should match '^(?:arn:aws"],
  ["roleArn", "my arn:aws:iam::123456789012:role/Name", "", "should match"],
  ["roleArn", `arn:aws:iam::123456789012:role/${"x".repeat(2048)}`, "", "Too long"],
  ["appSpecification", undefined, "", "Required value"],
  ["appSpecification.imageUri", undefined, "", "Required value"],
  ["appSpecification.imageUri", "i".repeat(256), "", "Too long"],
  ["appSpecification.containerEntrypoint", Array(101).fill("a"), "", "must have at most 100 items"],
  ["appSpecification.containerArguments.0", "a".repeat(257), "", "Too long"],
  ["appSpecification.containerArguments.0", 5, "", "must be of type string"],
  ["processingResources", undefined, "", "Required value"],
  [CLUSTER, undefined, "", "Required value"],
  [`${CLUSTER}.instanceCount`, 0, "", "greater than or equal to 1"],
  [`${CLUSTER}.instanceCount`, 101, "", "less than or equal to 100"],
  [`${CLUSTER}.instanceCount`, "2", "", "must be of type integer"],
  [`${CLUSTER}.instanceType`, "", "", "should be at least 1 char"],
  [`${CLUSTER}.instanceType`, undefined, CLUSTER, "write exactly one of instanceType and instancePreferences"],
  [
    `${CLUSTER}.instancePreferences`,
    [{ instanceType: "a" }],
    CLUSTER,
    "write exactly one of instanceType and instance",
  ],
  [CLUSTER, { volumeSizeInGB: 1, instancePreferences: [] }, `${CLUSTER}.instancePreferences`, "should have at least 1"],
  [CLUSTER, preferences(undefined, 1, undefined), CLUSTER, "write instanceCount on every preference"],
  [CLUSTER, preferences(1, 1, 1), CLUSTER, "or on none of them and once on clusterConfig"],
  [CLUSTER, preferences(undefined, undefined, undefined), CLUSTER, "write instanceCount on every preference"],
  [CLUSTER, preferences(1, ...Array(6)), `${CLUSTER}.instancePreferences`, "must have at most 5 items"],
  [
    CLUSTER,
    { volumeSizeInGB: 1, instanceCount: 1, instancePreferences: [{ instanceType: "a" }, { instanceType: "a" }] },
    `${CLUSTER}.instancePreferences.1`,
    "Duplicate value",
  ],
  [`${CLUSTER}.volumeSizeInGB`, undefined, "", "Required value"],
  [`${CLUSTER}.volumeSizeInGB`, 16385, "", "less than or equal to 16384"],
  [`${CLUSTER}.volumeKmsKeyId`, "a key", "", "should match"],
  ["environment", Array(101).fill({ name: "A", value: "" }), "", "must have at most 100 items"],
  ["environment.0.name", undefined, "", "Required value"],
  ["environment.0.name", "1A", "", "should match"],
  ["environment.0.name", "MY-VAR", "", "should match"],
  ["environment.0.value", 1, "", "must be of type string"],
  ["environment.0.value", "v".repeat(257), "", "Too long"],
  ["networkConfig.vpcConfig.subnets", [], "", "should have at least 1 items"],
  ["networkConfig.vpcConfig.subnets", undefined, "", "Required value"],
  ["networkConfig.vpcConfig.securityGroupIds", Array(6).fill("sg-1"), "", "must have at most 5 items"],
  ["networkConfig.vpcConfig.securityGroupIds.0", "sg_1", "", "should match"],
  ["processingInputs.0.inputName", undefined, "", "Required value"],
  ["processingInputs.1.inputName", "objects", "processingInputs.1", "Duplicate value"],
  ["processingInputs.0.s3Input", undefined, "processingInputs.0", "write exactly one of s3Input and datasetDefinition"],
  [
    "processingInputs.0.datasetDefinition",
    {},
    "processingInputs.0",
    "write exactly one of s3Input and datasetDefinition",
  ],
  ["processingInputs.0.s3Input.s3Uri", "bucket/key", "", "should match '^(?:(https|s3)://"],
  ["processingInputs.0.s3Input.s3Uri", `s3://b/${"k".repeat(1024)}`, "", "Too long"],
  ["processingInputs.0.s3Input.s3DataType", undefined, "", "Required value"],
  ["processingInputs.0.s3Input.s3DataType", "Prefix", "", 'supported values: "ManifestFile", "S3Prefix"'],
  ["processingInputs.0.s3Input.s3InputMode", "FastFile", "", 'supported values: "Pipe", "File"'],
  ["processingInputs.0.s3Input.s3InputMode", "File", "processingInputs.0.s3Input", "set s3InputMode: Pipe, or"],
  ["processingInputs.0.s3Input.s3InputMode", undefined, "processingInputs.0.s3Input", "set s3InputMode: Pipe, or"],
  ["processingInputs.0.s3Input.localPath", undefined, "processingInputs.0", "localPath is missing: name the directory"],
  ["processingInputs.0.s3Input.localPath", `/${"p".repeat(256)}`, "", "Too long"],
  ["processingInputs.1.datasetDefinition.localPath", undefined, "processingInputs.1", "localPath is missing"],
  [ATHENA, undefined, "processingInputs.1.datasetDefinition", "write exactly one of athenaDatasetDefinition and"],
  [`${ATHENA}.queryString`, "", "", "should be at least 1 char"],
  [`${ATHENA}.workGroup`, "a group", "", "should match"],
  [`${ATHENA}.outputFormat`, "CSV", "", 'supported values: "PARQUET", "ORC", "AVRO", "JSON", "TEXTFILE"'],
  [`${REDSHIFT}.clusterRoleArn`, "a role that is no ARN", "", "should match"],
  [`${REDSHIFT}.dbUser`, undefined, "", "Required value"],
  ["processingOutputConfig.outputs", undefined, "", "Required value"],
  ["processingOutputConfig.outputs.1.outputName", "results", "processingOutputConfig.outputs.1", "Duplicate value"],
  [`${OUTPUT}.s3Output`, undefined, OUTPUT, "write exactly one of s3Output and featureStoreOutput"],
  [`${OUTPUT}.featureStoreOutput`, { featureGroupName: "a" }, OUTPUT, "write exactly one of s3Output and"],
  [`${OUTPUT}.s3Output.localPath`, undefined, OUTPUT, "localPath is missing: name the directory"],
  [`${OUTPUT}.s3Output.s3UploadMode`, "Never", "", 'supported values: "Continuous", "EndOfJob"'],
  [
    "processingOutputConfig.outputs.1.appManaged",
    undefined,
    "processingOutputConfig.outputs.1",
    "set appManaged: true",
  ],
  ["processingOutputConfig.outputs.1.appManaged", false, "processingOutputConfig.outputs.1", "set appManaged: true"],
  ["processingOutputConfig.outputs.1.featureStoreOutput.featureGroupName", "-a", "", "should match"],
  ["processingOutputConfig.kmsKeyId", "k".repeat(2049), "", "Too long"],
  ["stoppingCondition.maxRuntimeInSeconds", 0, "", "greater than or equal to 1"],
  ["stoppingCondition.maxRuntimeInSeconds", 777601, "", "less than or equal to 777600"],
  ["experimentConfig.runName", "a b", "", "should match"],
  ["tags", Array(51).fill({ key: "a", value: "b" }), "", "must have at most 50 items"],
  ["tags.0.key", "", "", "should be at least 1 char"],
  ["tags.0.key", "a*", "", "should match"],
  ["tags.0.value", undefined, "", "Required value"],
];

for (const [path, value, field, message] of REFUSED) {
  Deno.test(`the apiserver refuses ${path}: ${shown(value)} with '${message}'`, async () => {
    const answer = await tryCreate(cluster, namespace, changed(FULL_SPEC, path, value), { dryRun: true });
    const expected = `spec.${field || path}`.replaceAll(/\.(\d+)/g, "[$1]");
    const found = causes(answer);
    const matching = found.filter((cause) => cause.field === expected && cause.message.includes(message));
    assert.equal(matching.length, 1, JSON.stringify(found, null, 2));
  });
}

const UNKNOWN: string[] = [
  "processingJobName",
  "suspendd",
  `${CLUSTER}.selectedInstanceType`,
  `${CLUSTER}.selectedInstanceCount`,
  "processingInputs.0.s3Input.s3uri",
];
for (const path of UNKNOWN) {
  Deno.test(`the apiserver refuses ${path}, which is no field`, async () => {
    const { status, body } = await tryCreate(cluster, namespace, changed(FULL_SPEC, path, "x"), { dryRun: true });
    assert.equal(status, 400, JSON.stringify(body));
    const field = `spec.${path}`.replaceAll(/\.(\d+)/g, "[$1]");
    assert.ok(body.message.includes(`unknown field "${field}"`), body.message);
  });
}

Deno.test("the apiserver refuses a resource without a spec", async () => {
  const found = causes(await tryCreate(cluster, namespace, undefined, { dryRun: true }));
  assert.ok(found.some(({ field, message }) => field === "spec" && message.includes("Required value")));
});

function preferences(instanceCount: number | undefined, ...counts: (number | undefined)[]): object {
  const instancePreferences = counts.map((count, index) => ({
    instanceType: `ml.m${index}.large`,
    ...count !== undefined && { instanceCount: count },
  }));
  return { volumeSizeInGB: 1, ...instanceCount !== undefined && { instanceCount }, instancePreferences };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
