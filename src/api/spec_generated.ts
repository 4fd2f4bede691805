// Generated from the service facts by `deno task generate`; do not edit.
// deno-fmt-ignore-file

/** What the user wants: `.spec` of a ProcessingJob. */
export interface ProcessingJobSpec {
  /** AWS region that the job runs in, as in eu-west-1. Buckets and subnets must be in it. */
  region: string;
  /** Data that is there when the container starts, up to 10 inputs: objects in S3, or the result of an Athena or Redshift query. */
  processingInputs?: ProcessingInput[];
  /** What leaves the container: where its results go and how they are encrypted. */
  processingOutputConfig?: ProcessingOutputConfig;
  /** The machines that the job runs on. */
  processingResources: ProcessingResources;
  /** Ends a job that takes too long. Without it SageMaker's own limit holds. */
  stoppingCondition?: ProcessingStoppingCondition;
  /** The container image and what it runs. */
  appSpecification: AppSpecification;
  /** Environment variables of the container, up to 100. If a name occurs twice, the last one counts. SageMaker shows them to anyone who may describe the job, those from a Secret too. */
  environment?: EnvironmentVariable[];
  /** Which networks the containers reach, and whether they encrypt what they say to each other. */
  networkConfig?: NetworkConfig;
  /** IAM role that SageMaker assumes for the job, as in arn:aws:iam::123456789012:role/NAME. It needs access to the image, the inputs and the outputs, and must trust sagemaker.amazonaws.com. May be left out where the Namespace has the annotation default-role-arn. */
  roleArn?: string;
  /** AWS tags of the job, up to 50, for cost allocation and access rules. They are not Kubernetes labels. */
  tags?: Tag[];
  /** Records the job as a trial component of a SageMaker experiment. */
  experimentConfig?: ExperimentConfig;
  /** URL of the SageMaker API to use for this job instead of the region's own, such as a VPC endpoint. The operator accepts only the hosts that its --allowed-endpoints flag names. */
  sageMakerEndpoint?: string;
  /** true: no job runs; before its creation it is held back, and one that runs is stopped. false again: it is created, or created anew as another attempt. Can be changed until the job has finished. */
  suspend?: boolean;
  /** Seconds after the job's end at which this resource is deleted; 0 is at once. Without it the operator's flag --default-ttl-seconds-after-finished holds, else it stays. Can be changed at any time. */
  ttlSecondsAfterFinished?: number;
  /** What becomes of the job when this resource is deleted. Stop (default): it is stopped. Retain: it runs on. Delete: it is stopped, then its record in SageMaker is deleted. Can be changed at any time. */
  deletionPolicy?: "Stop" | "Retain" | "Delete";
  /** Runs the job again if it ends for a cause that may pass. Without it a job runs once. Can be changed until the job has finished. */
  retryPolicy?: RetryPolicy;
}

export interface ProcessingInput {
  /** Name of the input, unique within the job. */
  inputName: string;
  /** true: the application fetches the data itself, and SageMaker only records where it comes from. false (default): SageMaker downloads it to localPath. */
  appManaged?: boolean;
  /** Reads objects from S3. Every input has either this or datasetDefinition. */
  s3Input?: ProcessingS3Input;
  /** Runs a query and reads its result. Every input has either this or s3Input. */
  datasetDefinition?: DatasetDefinition;
}

export interface ProcessingS3Input {
  /** What to read, as in s3://bucket/prefix: a key prefix, or the manifest file if s3DataType is ManifestFile. */
  s3Uri: string;
  /** Absolute directory in the container that the data appears in; SageMaker asks for one under /opt/ml/processing/. Required unless the input is appManaged. */
  localPath?: string;
  /** S3Prefix: every object whose key starts with s3Uri. ManifestFile: the objects that the file at s3Uri lists. */
  s3DataType: "ManifestFile" | "S3Prefix";
  /** File: everything is copied to the volume before the container starts. Pipe: the data is streamed through named pipes, which saves disk and starting time. */
  s3InputMode?: "Pipe" | "File";
  /** FullyReplicated (default): every instance gets all objects. ShardedByS3Key: each instance gets its share of the keys. */
  s3DataDistributionType?: "FullyReplicated" | "ShardedByS3Key";
  /** Gzip: the data is unpacked while it is streamed, only with s3InputMode Pipe. None: it stays as it is. */
  s3CompressionType?: "None" | "Gzip";
}

export interface DatasetDefinition {
  /** Queries Amazon Athena. Every dataset has either this or redshiftDatasetDefinition. */
  athenaDatasetDefinition?: AthenaDatasetDefinition;
  /** Queries Amazon Redshift. Every dataset has either this or athenaDatasetDefinition. */
  redshiftDatasetDefinition?: RedshiftDatasetDefinition;
  /** Absolute directory in the container that the query's result appears in. Required unless the input is appManaged. */
  localPath?: string;
  /** ShardedByS3Key (default): each instance gets its share of the result's files. FullyReplicated: every instance gets all of them. */
  dataDistributionType?: "FullyReplicated" | "ShardedByS3Key";
  /** File (default): the result is copied to the volume before the container starts. Pipe: it is streamed to the container. */
  inputMode?: "Pipe" | "File";
}

export interface AthenaDatasetDefinition {
  /** Data catalog to query; AwsDataCatalog is the one of AWS Glue. */
  catalog: string;
  /** Database within the catalog. */
  database: string;
  /** SQL to run, up to 4096 characters. */
  queryString: string;
  /** Athena workgroup that the query runs and is billed in; primary unless given. */
  workGroup?: string;
  /** S3 prefix that Athena writes the result to, and that the input is read from. */
  outputS3Uri: string;
  /** KMS key (ID, ARN or alias) that encrypts the result in S3. */
  kmsKeyId?: string;
  /** File format of the result. */
  outputFormat: "PARQUET" | "ORC" | "AVRO" | "JSON" | "TEXTFILE";
  /** Compression of the result's files; none unless given. */
  outputCompression?: "GZIP" | "SNAPPY" | "ZLIB";
}

export interface RedshiftDatasetDefinition {
  /** Identifier of the Redshift cluster. */
  clusterId: string;
  /** Database within the cluster. */
  database: string;
  /** Database user that runs the query. */
  dbUser: string;
  /** SQL to run, up to 4096 characters. */
  queryString: string;
  /** IAM role attached to the cluster, which Redshift uses to write the result to S3. */
  clusterRoleArn: string;
  /** S3 prefix that Redshift unloads the result to, and that the input is read from. */
  outputS3Uri: string;
  /** KMS key (ID, ARN or alias) that encrypts the result in S3. */
  kmsKeyId?: string;
  /** File format of the result. */
  outputFormat: "PARQUET" | "CSV";
  /** Compression of the result's files. */
  outputCompression?: "None" | "GZIP" | "BZIP2" | "ZSTD" | "SNAPPY";
}

export interface ProcessingOutputConfig {
  /** Results to keep, up to 10. */
  outputs: ProcessingOutput[];
  /** KMS key (ID, ARN or alias) that encrypts every output in S3. Without it the bucket's own setting holds. */
  kmsKeyId?: string;
}

export interface ProcessingOutput {
  /** Name of the output, unique within the job. */
  outputName: string;
  /** Uploads a directory to S3. Every output has either this or featureStoreOutput. */
  s3Output?: ProcessingS3Output;
  /** Says which feature group the application writes to; needs appManaged: true. Every output has either this or s3Output. */
  featureStoreOutput?: ProcessingFeatureStoreOutput;
  /** true: the application stores its results itself, and SageMaker only records where they go. false (default): SageMaker uploads them from localPath. */
  appManaged?: boolean;
}

export interface ProcessingS3Output {
  /** S3 prefix to upload to, as in s3://bucket/prefix. */
  s3Uri: string;
  /** Absolute directory in the container whose files are uploaded, usually under /opt/ml/processing/; SageMaker makes it. Required unless the output is appManaged. */
  localPath?: string;
  /** EndOfJob: upload once, when the container has ended. Continuous: upload files as they appear. */
  s3UploadMode: "Continuous" | "EndOfJob";
}

export interface ProcessingFeatureStoreOutput {
  /** Name of an existing feature group. The application itself must put the records into it. */
  featureGroupName: string;
}

export interface ProcessingResources {
  /** Type and number of the instances, and their storage. */
  clusterConfig: ProcessingClusterConfig;
}

export interface ProcessingClusterConfig {
  /** Number of instances, 1 to 100; 1 unless given. With more than one, each runs the same container, and the application must share the work. */
  instanceCount?: number;
  /** Type of the instances, as in ml.m5.xlarge. Use either this or instancePreferences. */
  instanceType?: string;
  /** Size of each instance's storage volume in gigabytes, 1 to 16384; File inputs and outputs must fit. */
  volumeSizeInGB: number;
  /** KMS key (ID, ARN or alias) that encrypts the storage volume. Not for instance types with local storage, which encrypt by themselves. */
  volumeKmsKeyId?: string;
  /** Up to 5 instance types in order of preference; the job runs on the first that has capacity. Use either this or instanceType. */
  instancePreferences?: ProcessingInstancePreference[];
}

export interface ProcessingInstancePreference {
  /** Type of the instances, as in ml.m5.xlarge; at most once in the list. */
  instanceType: string;
  /** Number of instances if this type is selected, 1 to 100. Give it on every preference, or on none and then on clusterConfig. */
  instanceCount?: number;
}

export interface ProcessingStoppingCondition {
  /** Seconds after which SageMaker stops the job, 1 to 777600 (9 days). Without it SageMaker's own limit of a day holds. */
  maxRuntimeInSeconds?: number;
}

export interface AppSpecification {
  /** Container image in a private ECR repository, as in ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG. */
  imageUri: string;
  /** Command that replaces the image's ENTRYPOINT, one word for each element. It is not run by a shell. */
  containerEntrypoint?: string[];
  /** Arguments for the entrypoint, one for each element. */
  containerArguments?: string[];
}

export interface EnvironmentVariable {
  /** Name of the variable: letters, digits and _, not starting with a digit. */
  name: string;
  /** Value of the variable, up to 256 characters; empty unless given. Quote numbers and true or false. */
  value?: string;
  /** Where the value comes from, in place of value. It is read when the job is created, and may have up to 256 characters. The operator needs a permission for it, see docs/secrets.md. */
  valueFrom?: EnvironmentValueSource;
}

export interface EnvironmentValueSource {
  /** A key of a Secret in the resource's namespace. Use either this or configMapKeyRef. */
  secretKeyRef?: KeyReference;
  /** A key of a ConfigMap in the resource's namespace. Use either this or secretKeyRef. */
  configMapKeyRef?: KeyReference;
}

export interface KeyReference {
  /** Name of the Secret or ConfigMap. */
  name: string;
  /** Key in its data. */
  key: string;
  /** true: the variable is left out if there is no such object or key. false (default): the job waits until there is. */
  optional?: boolean;
}

export interface NetworkConfig {
  /** true: the instances of the job encrypt what they send to each other, which costs some speed. Of use with more than one instance. */
  enableInterContainerTrafficEncryption?: boolean;
  /** true: the container reaches no network at all; SageMaker still moves inputs and outputs. false (default): it does. */
  enableNetworkIsolation?: boolean;
  /** Connects the containers to a VPC of yours. Without it they have SageMaker's own network. */
  vpcConfig?: VpcConfig;
}

export interface VpcConfig {
  /** Security groups of the network interfaces, 1 to 5, as in sg-0123456789abcdef0. */
  securityGroupIds: string[];
  /** Subnets of the job's region to connect to, 1 to 16, as in subnet-0123456789abcdef0. S3 must be reachable from them. */
  subnets: string[];
}

export interface Tag {
  /** Name of the tag, up to 128 characters. */
  key: string;
  /** Value of the tag, up to 256 characters; may be empty. */
  value: string;
}

export interface ExperimentConfig {
  /** Name of an existing experiment. */
  experimentName?: string;
  /** Name of an existing trial; SageMaker makes a new one unless given. */
  trialName?: string;
  /** Name that the job's trial component is shown under; the component's own unless given. */
  trialComponentDisplayName?: string;
  /** Name of the experiment run that the job belongs to. */
  runName?: string;
}

export interface RetryPolicy {
  /** How many times the job is run at most, the first included, 1 to 10; 1 unless given. */
  maxAttempts?: number;
  /** Causes after which it is run again; CapacityError, InternalServerError, ServiceFault and ResourceLimit unless given. AlgorithmError is a failure of your own code. Stopped is a stop by somebody else, or by stoppingCondition. */
  retryOn?:
    ("CapacityError" | "InternalServerError" | "ServiceFault" | "ResourceLimit" | "Stopped" | "AlgorithmError")[];
  /** Seconds to wait before the second attempt; 30 unless given. */
  backoffSeconds?: number;
  /** By how much the wait grows with each further attempt, 1 to 10; 2 unless given. */
  backoffRate?: number;
  /** No retry begins later than so many seconds after this resource's creation, or after suspend was last taken away; waiting counts too. Without it only maxAttempts limits. */
  expireAfterSeconds?: number;
}
