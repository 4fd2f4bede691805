/** Groups of AWS regions that share accounts, roles and credentials. */
export const PARTITION_NAMES = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] as const;
export type Partition = typeof PARTITION_NAMES[number];

interface PartitionFacts {
  /** How the names of its regions begin. */
  prefix: string;
  /** A region of it that every account has. */
  region: string;
  console: string;
  /** How the names of its services' hosts end (the SDK's `partitions.json`). */
  suffix: string;
}

const PARTITIONS: Record<Partition, PartitionFacts> = {
  "aws-cn": { prefix: "cn-", region: "cn-north-1", console: "console.amazonaws.cn", suffix: "amazonaws.com.cn" },
  "aws-us-gov": {
    prefix: "us-gov-",
    region: "us-gov-west-1",
    console: "console.amazonaws-us-gov.com",
    suffix: "amazonaws.com",
  },
  // The European Sovereign Cloud.
  "aws-eusc": {
    prefix: "eusc-",
    region: "eusc-de-east-1",
    console: "console.amazonaws-eusc.eu",
    suffix: "amazonaws.eu",
  },
  // Everything else, so it comes last.
  "aws": { prefix: "", region: "us-east-1", console: "console.aws.amazon.com", suffix: "amazonaws.com" },
};

/** The partition of a region, known or not: new regions keep to the naming of their partition. */
export function partitionOf(region: string): Partition {
  const partitions = Object.keys(PARTITIONS) as Partition[];
  return partitions.find((partition) => region.startsWith(PARTITIONS[partition].prefix)) ?? "aws";
}

/**
 * The partition that the operator itself is in: that of its region, else that of the role by which it gets its credentials (IRSA), else
 * AWS's commercial one.
 */
export function ownPartition(
  { region, roleArn }: { region?: string | undefined; roleArn?: string | undefined },
): Partition {
  if (region) return partitionOf(region);
  return PARTITION_NAMES.find((partition) => roleArn?.split(":")[1] === partition) ?? "aws";
}

/** How the names of the hosts in a region end, as `amazonaws.com`. */
export function dnsSuffix(region: string): string {
  return PARTITIONS[partitionOf(region)].suffix;
}

/** A region of the same partition that is certain to be there, whatever somebody wrote as `region`. */
export function knownRegion(region: string): string {
  return PARTITIONS[partitionOf(region)].region;
}

/** How AWS names regions, as `us-west-2`, `us-gov-east-1` and `eusc-de-east-1` (the SDK's `partitions.json`). */
const REGION_NAME = /^[a-z]{2,8}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$/;

/**
 * Where the AWS console shows the logs of a processing job; the form of the controller before this one
 * (`processingjob_controller.go`), with the console of the region's partition. `undefined` where `region` can't be a region or
 * `jobName` a job's name: a URL that a status shows must not lead anywhere else.
 */
export function cloudWatchLogUrl(region: string, jobName: string): string | undefined {
  if (!REGION_NAME.test(region) || !/^[a-zA-Z0-9-]+$/.test(jobName)) return undefined;
  const { console } = PARTITIONS[partitionOf(region)];
  return `https://${region}.${console}/cloudwatch/home?region=${region}` +
    `#logStream:group=/aws/sagemaker/ProcessingJobs;prefix=${jobName};streamFilter=typeLogStreamPrefix`;
}
