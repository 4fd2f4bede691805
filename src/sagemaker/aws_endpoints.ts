import { dnsSuffix, type Partition, partitionOf } from "./region.ts";

/** Services beside SageMaker that are asked something. */
export type Service = "sts" | "iam" | "logs" | "servicequotas";

/** IAM has one address in each partition, and its signatures one region. */
const IAM: Record<Partition, { host: string; region: string }> = {
  "aws": { host: "iam.amazonaws.com", region: "us-east-1" },
  "aws-cn": { host: "iam.cn-north-1.amazonaws.com.cn", region: "cn-north-1" },
  "aws-us-gov": { host: "iam.us-gov.amazonaws.com", region: "us-gov-west-1" },
  "aws-eusc": { host: "iam.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1" },
};

/** The part of the SDKs' variables that names a service. */
const VARIABLES: Record<Service, string> = {
  sts: "STS",
  iam: "IAM",
  logs: "CLOUDWATCH_LOGS",
  servicequotas: "SERVICE_QUOTAS",
};

/** Where a service is, and the region to sign for: the SDKs' variables, else AWS's own. */
export function placeOf(
  service: Service,
  region: string,
  env: (name: string) => string | undefined,
): { service: Service; region: string; url: string } {
  const partition = partitionOf(region);
  const { host, region: signed } = service === "iam"
    ? IAM[partition]
    : { host: `${service}.${region}.${dnsSuffix(region)}`, region };
  const url = env(`AWS_ENDPOINT_URL_${VARIABLES[service]}`) || env("AWS_ENDPOINT_URL") || `https://${host}`;
  return { service, region: signed, url };
}
