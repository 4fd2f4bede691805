import type { Shape } from "../../src/sagemaker/facts.ts";
import { SPEC, structuresUnder } from "./adapt.ts";

/**
 * What `kubectl explain` and an editor say about each field of the spec, by structure and API member. Our own words: what
 * the field is for, its unit, its default, when to use it. The generator fails where one is missing or belongs to nothing.
 */
export const DESCRIPTIONS: Record<string, Record<string, string>> = {
  ProcessingJobSpec: {
    Region: "AWS region that the job runs in, as in eu-west-1. Buckets and subnets must be in it.",
    ProcessingInputs:
      "Data that is there when the container starts, up to 10 inputs: objects in S3, or the result of an Athena or Redshift query.",
    ProcessingOutputConfig: "What leaves the container: where its results go and how they are encrypted.",
    ProcessingResources: "The machines that the job runs on.",
    StoppingCondition: "Ends a job that takes too long. Without it SageMaker's own limit holds.",
    AppSpecification: "The container image and what it runs.",
    Environment:
      "Environment variables of the container, up to 100. If a name occurs twice, the last one counts. SageMaker shows them to anyone who may describe the job, those from a Secret too.",
    NetworkConfig: "Which networks the containers reach, and whether they encrypt what they say to each other.",
    RoleArn:
      "IAM role that SageMaker assumes for the job, as in arn:aws:iam::123456789012:role/NAME. It needs access to the image, the inputs and the outputs, and must trust sagemaker.amazonaws.com. May be left out where the Namespace has the annotation default-role-arn.",
    Tags: "AWS tags of the job, up to 50, for cost allocation and access rules. They are not Kubernetes labels.",
    ExperimentConfig: "Records the job as a trial component of a SageMaker experiment.",
    SageMakerEndpoint:
      "URL of the SageMaker API to use for this job instead of the region's own, such as a VPC endpoint. The operator accepts only the hosts that its --allowed-endpoints flag names.",
    Suspend:
      "true: no job runs; before its creation it is held back, and one that runs is stopped. false again: it is created, or created anew as another attempt. Can be changed until the job has finished.",
    TtlSecondsAfterFinished:
      "Seconds after the job's end at which this resource is deleted; 0 is at once. Without it the operator's flag --default-ttl-seconds-after-finished holds, else it stays. Can be changed at any time.",
    DeletionPolicy:
      "What becomes of the job when this resource is deleted. Stop (default): it is stopped. Retain: it runs on. Delete: it is stopped, then its record in SageMaker is deleted. Can be changed at any time.",
    RetryPolicy:
      "Runs the job again if it ends for a cause that may pass. Without it a job runs once. Can be changed until the job has finished.",
  },
  RetryPolicy: {
    MaxAttempts: "How many times the job is run at most, the first included, 1 to 10; 1 unless given.",
    RetryOn:
      "Causes after which it is run again; CapacityError, InternalServerError, ServiceFault and ResourceLimit unless given. AlgorithmError is a failure of your own code. Stopped is a stop by somebody else, or by stoppingCondition.",
    BackoffSeconds: "Seconds to wait before the second attempt; 30 unless given.",
    BackoffRate: "By how much the wait grows with each further attempt, 1 to 10; 2 unless given.",
    ExpireAfterSeconds:
      "No retry begins later than so many seconds after this resource's creation, or after suspend was last taken away; waiting counts too. Without it only maxAttempts limits.",
  },
  ProcessingInput: {
    InputName: "Name of the input, unique within the job.",
    AppManaged:
      "true: the application fetches the data itself, and SageMaker only records where it comes from. false (default): SageMaker downloads it to localPath.",
    S3Input: "Reads objects from S3. Every input has either this or datasetDefinition.",
    DatasetDefinition: "Runs a query and reads its result. Every input has either this or s3Input.",
  },
  ProcessingS3Input: {
    S3Uri: "What to read, as in s3://bucket/prefix: a key prefix, or the manifest file if s3DataType is ManifestFile.",
    LocalPath:
      "Absolute directory in the container that the data appears in; SageMaker asks for one under /opt/ml/processing/. Required unless the input is appManaged.",
    S3DataType:
      "S3Prefix: every object whose key starts with s3Uri. ManifestFile: the objects that the file at s3Uri lists.",
    S3InputMode:
      "File: everything is copied to the volume before the container starts. Pipe: the data is streamed through named pipes, which saves disk and starting time.",
    S3DataDistributionType:
      "FullyReplicated (default): every instance gets all objects. ShardedByS3Key: each instance gets its share of the keys.",
    S3CompressionType:
      "Gzip: the data is unpacked while it is streamed, only with s3InputMode Pipe. None: it stays as it is.",
  },
  DatasetDefinition: {
    AthenaDatasetDefinition: "Queries Amazon Athena. Every dataset has either this or redshiftDatasetDefinition.",
    RedshiftDatasetDefinition: "Queries Amazon Redshift. Every dataset has either this or athenaDatasetDefinition.",
    LocalPath:
      "Absolute directory in the container that the query's result appears in. Required unless the input is appManaged.",
    DataDistributionType:
      "ShardedByS3Key (default): each instance gets its share of the result's files. FullyReplicated: every instance gets all of them.",
    InputMode:
      "File (default): the result is copied to the volume before the container starts. Pipe: it is streamed to the container.",
  },
  AthenaDatasetDefinition: {
    Catalog: "Data catalog to query; AwsDataCatalog is the one of AWS Glue.",
    Database: "Database within the catalog.",
    QueryString: "SQL to run, up to 4096 characters.",
    WorkGroup: "Athena workgroup that the query runs and is billed in; primary unless given.",
    OutputS3Uri: "S3 prefix that Athena writes the result to, and that the input is read from.",
    KmsKeyId: "KMS key (ID, ARN or alias) that encrypts the result in S3.",
    OutputFormat: "File format of the result.",
    OutputCompression: "Compression of the result's files; none unless given.",
  },
  RedshiftDatasetDefinition: {
    ClusterId: "Identifier of the Redshift cluster.",
    Database: "Database within the cluster.",
    DbUser: "Database user that runs the query.",
    QueryString: "SQL to run, up to 4096 characters.",
    ClusterRoleArn: "IAM role attached to the cluster, which Redshift uses to write the result to S3.",
    OutputS3Uri: "S3 prefix that Redshift unloads the result to, and that the input is read from.",
    KmsKeyId: "KMS key (ID, ARN or alias) that encrypts the result in S3.",
    OutputFormat: "File format of the result.",
    OutputCompression: "Compression of the result's files.",
  },
  ProcessingOutputConfig: {
    Outputs: "Results to keep, up to 10.",
    KmsKeyId: "KMS key (ID, ARN or alias) that encrypts every output in S3. Without it the bucket's own setting holds.",
  },
  ProcessingOutput: {
    OutputName: "Name of the output, unique within the job.",
    S3Output: "Uploads a directory to S3. Every output has either this or featureStoreOutput.",
    FeatureStoreOutput:
      "Says which feature group the application writes to; needs appManaged: true. Every output has either this or s3Output.",
    AppManaged:
      "true: the application stores its results itself, and SageMaker only records where they go. false (default): SageMaker uploads them from localPath.",
  },
  ProcessingS3Output: {
    S3Uri: "S3 prefix to upload to, as in s3://bucket/prefix.",
    LocalPath:
      "Absolute directory in the container whose files are uploaded, usually under /opt/ml/processing/; SageMaker makes it. Required unless the output is appManaged.",
    S3UploadMode: "EndOfJob: upload once, when the container has ended. Continuous: upload files as they appear.",
  },
  ProcessingFeatureStoreOutput: {
    FeatureGroupName: "Name of an existing feature group. The application itself must put the records into it.",
  },
  ProcessingResources: {
    ClusterConfig: "Type and number of the instances, and their storage.",
  },
  ProcessingClusterConfig: {
    InstanceCount:
      "Number of instances, 1 to 100; 1 unless given. With more than one, each runs the same container, and the application must share the work.",
    InstanceType: "Type of the instances, as in ml.m5.xlarge. Use either this or instancePreferences.",
    VolumeSizeInGB:
      "Size of each instance's storage volume in gigabytes, 1 to 16384; File inputs and outputs must fit.",
    VolumeKmsKeyId:
      "KMS key (ID, ARN or alias) that encrypts the storage volume. Not for instance types with local storage, which encrypt by themselves.",
    InstancePreferences:
      "Up to 5 instance types in order of preference; the job runs on the first that has capacity. Use either this or instanceType.",
  },
  ProcessingInstancePreference: {
    InstanceType: "Type of the instances, as in ml.m5.xlarge; at most once in the list.",
    InstanceCount:
      "Number of instances if this type is selected, 1 to 100. Give it on every preference, or on none and then on clusterConfig.",
  },
  ProcessingStoppingCondition: {
    MaxRuntimeInSeconds:
      "Seconds after which SageMaker stops the job, 1 to 777600 (9 days). Without it SageMaker's own limit of a day holds.",
  },
  AppSpecification: {
    ImageUri: "Container image in a private ECR repository, as in ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG.",
    ContainerEntrypoint:
      "Command that replaces the image's ENTRYPOINT, one word for each element. It is not run by a shell.",
    ContainerArguments: "Arguments for the entrypoint, one for each element.",
  },
  EnvironmentVariable: {
    Name: "Name of the variable: letters, digits and _, not starting with a digit.",
    Value: "Value of the variable, up to 256 characters; empty unless given. Quote numbers and true or false.",
    ValueFrom:
      "Where the value comes from, in place of value. It is read when the job is created, and may have up to 256 characters. The operator needs a permission for it, see docs/secrets.md.",
  },
  EnvironmentValueSource: {
    SecretKeyRef: "A key of a Secret in the resource's namespace. Use either this or configMapKeyRef.",
    ConfigMapKeyRef: "A key of a ConfigMap in the resource's namespace. Use either this or secretKeyRef.",
  },
  KeyReference: {
    Name: "Name of the Secret or ConfigMap.",
    Key: "Key in its data.",
    Optional:
      "true: the variable is left out if there is no such object or key. false (default): the job waits until there is.",
  },
  NetworkConfig: {
    EnableInterContainerTrafficEncryption:
      "true: the instances of the job encrypt what they send to each other, which costs some speed. Of use with more than one instance.",
    EnableNetworkIsolation:
      "true: the container reaches no network at all; SageMaker still moves inputs and outputs. false (default): it does.",
    VpcConfig: "Connects the containers to a VPC of yours. Without it they have SageMaker's own network.",
  },
  VpcConfig: {
    SecurityGroupIds: "Security groups of the network interfaces, 1 to 5, as in sg-0123456789abcdef0.",
    Subnets:
      "Subnets of the job's region to connect to, 1 to 16, as in subnet-0123456789abcdef0. S3 must be reachable from them.",
  },
  Tag: {
    Key: "Name of the tag, up to 128 characters.",
    Value: "Value of the tag, up to 256 characters; may be empty.",
  },
  ExperimentConfig: {
    ExperimentName: "Name of an existing experiment.",
    TrialName: "Name of an existing trial; SageMaker makes a new one unless given.",
    TrialComponentDisplayName: "Name that the job's trial component is shown under; the component's own unless given.",
    RunName: "Name of the experiment run that the job belongs to.",
  },
};

/** The description of a member. @throws TypeError if nobody has written one */
export function describe(structure: string, member: string): string {
  const text = DESCRIPTIONS[structure]?.[member];
  if (!text) {
    throw new TypeError(`Cannot describe '${structure}.${member}': add a line to tools/generate/descriptions.ts`);
  }
  return text;
}

/** @throws TypeError if a description belongs to no field (a missing one shows when it is asked for) */
export function checkDescriptions(shapes: Record<string, Shape>): void {
  const used = new Set(structuresUnder(shapes, SPEC));
  for (const [name, members] of Object.entries(DESCRIPTIONS)) {
    const target = shapes[name];
    for (const member of Object.keys(members)) {
      if (used.has(name) && target?.type === "structure" && member in target.members) continue;
      throw new TypeError(`Cannot use the description of '${name}.${member}': the spec has no such field`);
    }
  }
}
