import assert from "node:assert/strict";
import { cloudWatchLogUrl, knownRegion, ownPartition, partitionOf } from "./region.ts";

Deno.test("partitionOf() goes by the region's prefix", () => {
  const table: [string, string][] = [
    ["us-west-2", "aws"],
    ["eu-central-1", "aws"],
    ["cn-north-1", "aws-cn"],
    ["cn-northwest-1", "aws-cn"],
    ["us-gov-west-1", "aws-us-gov"],
    ["eusc-de-east-1", "aws-eusc"],
    ["eu-central-1", "aws"],
    ["region-xyz", "aws"],
  ];
  for (const [region, partition] of table) assert.equal(partitionOf(region), partition, region);
});

Deno.test("cloudWatchLogUrl() leads to the console of the region's partition", () => {
  const table: [string, string][] = [
    ["us-west-2", "us-west-2.console.aws.amazon.com"],
    ["cn-north-1", "cn-north-1.console.amazonaws.cn"],
    ["us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"],
    ["eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"],
  ];
  for (const [region, host] of table) {
    assert.equal(
      cloudWatchLogUrl(region, "kmeans-0a1b"),
      `https://${host}/cloudwatch/home?region=${region}` +
        "#logStream:group=/aws/sagemaker/ProcessingJobs;prefix=kmeans-0a1b;streamFilter=typeLogStreamPrefix",
    );
  }
});

Deno.test("cloudWatchLogUrl() gives none for what is no region or no name of a job", () => {
  const regions = [
    "",
    "us-west-2.evil.example/",
    "evil.example/#",
    "evil.example?",
    "user@evil.example:",
    "us-west-2/../..",
    "us-west-2\n",
    "US-WEST-2",
    "us-west-2#x",
    "us west 2",
    "%75s-west-2",
    "us-west-２",
    "cn-",
    "evil",
  ];
  for (const region of regions) assert.equal(cloudWatchLogUrl(region, "job"), undefined, region);
  for (const name of ["", "a;b", "a/b", "a%2f", "a b", "a\n"]) {
    assert.equal(cloudWatchLogUrl("us-west-2", name), undefined, name);
  }
  for (
    const region of ["us-west-2", "us-iso-east-1", "mx-central-1", "ap-southeast-7", "eusc-de-east-1", "us-isob-east-1"]
  ) {
    assert.ok(cloudWatchLogUrl(region, "job-1"), region);
  }
});

Deno.test("knownRegion() stays in the partition", () => {
  assert.equal(knownRegion("us-nowhere-9"), "us-east-1");
  assert.equal(knownRegion("cn-nowhere-9"), "cn-north-1");
  assert.equal(knownRegion("us-gov-east-1"), "us-gov-west-1");
  assert.equal(knownRegion("eusc-nowhere-9"), "eusc-de-east-1");
});

Deno.test("ownPartition() goes by the operator's region, else by the role of its web identity", () => {
  const table: [region: string | undefined, roleArn: string | undefined, expected: string][] = [
    ["us-west-2", undefined, "aws"],
    ["cn-north-1", "arn:aws:iam::123456789012:role/operator", "aws-cn"],
    ["", "arn:aws-us-gov:iam::123456789012:role/operator", "aws-us-gov"],
    [undefined, "arn:aws-eusc:iam::123456789012:role/operator", "aws-eusc"],
    [undefined, "not an ARN", "aws"],
    [undefined, undefined, "aws"],
  ];
  for (const [region, roleArn, expected] of table) assert.equal(ownPartition({ region, roleArn }), expected);
});
