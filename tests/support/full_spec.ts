import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";

/** A spec with every field but `instancePreferences`, which excludes `instanceType`. */
export const FULL_SPEC: ProcessingJobSpec = {
  region: "us-west-2",
  sageMakerEndpoint: "https://vpce-0123456789abcdef0.api.sagemaker.us-west-2.vpce.amazonaws.com",
  roleArn: "arn:aws:iam::123456789012:role/service-role/AmazonSageMaker-ExecutionRole",
  appSpecification: {
    imageUri: "123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1",
    containerEntrypoint: ["python3", "/opt/ml/processing/code/main.py"],
    containerArguments: ["--verbose", "--name="],
  },
  environment: [{ name: "LEVEL", value: "info" }, { name: "_EMPTY", value: "" }],
  experimentConfig: {
    experimentName: "churn",
    trialName: "t1",
    trialComponentDisplayName: "prepare",
    runName: "run-1",
  },
  networkConfig: {
    enableInterContainerTrafficEncryption: true,
    enableNetworkIsolation: false,
    vpcConfig: { securityGroupIds: ["sg-0123456789abcdef0"], subnets: ["subnet-0123456789abcdef0", "subnet-1"] },
  },
  processingInputs: [
    {
      inputName: "objects",
      appManaged: false,
      s3Input: {
        s3Uri: "s3://bucket/in/",
        localPath: "/opt/ml/processing/objects",
        s3DataType: "S3Prefix",
        s3InputMode: "Pipe",
        s3DataDistributionType: "ShardedByS3Key",
        s3CompressionType: "Gzip",
      },
    },
    {
      inputName: "athena",
      datasetDefinition: {
        localPath: "/opt/ml/processing/athena",
        dataDistributionType: "FullyReplicated",
        inputMode: "File",
        athenaDatasetDefinition: {
          catalog: "AwsDataCatalog",
          database: "sales",
          queryString: "SELECT *\nFROM customers",
          workGroup: "primary",
          outputS3Uri: "s3://bucket/athena/",
          kmsKeyId: "alias/key",
          outputFormat: "PARQUET",
          outputCompression: "SNAPPY",
        },
      },
    },
    {
      inputName: "redshift",
      datasetDefinition: {
        localPath: "/opt/ml/processing/redshift",
        redshiftDatasetDefinition: {
          clusterId: "cluster-1",
          database: "sales",
          dbUser: "reader",
          queryString: "SELECT * FROM customers",
          clusterRoleArn: "arn:aws:iam::123456789012:role/redshift",
          outputS3Uri: "s3://bucket/redshift/",
          kmsKeyId: "alias/key",
          outputFormat: "CSV",
          outputCompression: "ZSTD",
        },
      },
    },
  ],
  processingOutputConfig: {
    kmsKeyId: "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555",
    outputs: [
      {
        outputName: "results",
        appManaged: false,
        s3Output: { s3Uri: "s3://bucket/out/", localPath: "/opt/ml/processing/out", s3UploadMode: "EndOfJob" },
      },
      { outputName: "features", appManaged: true, featureStoreOutput: { featureGroupName: "customers" } },
    ],
  },
  processingResources: {
    clusterConfig: {
      instanceCount: 2,
      instanceType: "ml.m5.xlarge",
      volumeSizeInGB: 30,
      volumeKmsKeyId: "alias/volume",
    },
  },
  stoppingCondition: { maxRuntimeInSeconds: 3600 },
  tags: [{ key: "team", value: "vision" }, { key: "empty", value: "" }],
};

/** Every field under `value`, by its path without list indexes. */
export function fieldPaths(value: unknown, path = ""): Set<string> {
  const found = new Set<string>();
  if (typeof value !== "object" || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    const here = Array.isArray(value) ? path : path === "" ? key : `${path}.${key}`;
    if (!Array.isArray(value)) found.add(here);
    for (const below of fieldPaths(inner, here)) found.add(below);
  }
  return found;
}

/** A copy of `spec` with one thing different; `path` as in `processingInputs.0.s3Input`, undefined removes. */
export function changed(spec: object, path: string, value: unknown): Record<string, unknown> {
  const copy = structuredClone(spec) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let target = copy;
  for (const key of keys) target = (target[key] ??= {}) as Record<string, unknown>;
  if (value === undefined) delete target[last];
  else target[last] = value;
  return copy;
}
