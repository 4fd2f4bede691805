import assert from "node:assert/strict";
import fc from "fast-check";
import { arbitrarySpec } from "../../tests/support/arbitrary_spec.ts";
import { MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { FULL_SPEC } from "../../tests/support/full_spec.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { fromAck } from "./from_ack.ts";
import { fromAws } from "./from_aws.ts";
import { resourceName } from "./resource.ts";

const REGION = { region: "us-west-2" };
/** What DescribeProcessingJob has beside the request, and what boto3 puts around it. */
const ANSWER = {
  ProcessingJobArn: "arn:aws-cn:sagemaker:cn-north-1:123456789012:processing-job/job",
  ProcessingJobStatus: "Failed",
  ExitMessage: "no input",
  FailureReason: "AlgorithmError: exit 1",
  CreationTime: "2026-01-01T00:00:00+00:00",
  ProcessingStartTime: 1767225600,
  ProcessingEndTime: 1767225700,
  LastModifiedTime: 1767225700,
  MonitoringScheduleArn: null,
  ResponseMetadata: { HTTPStatusCode: 200 },
};

const requestOf = (spec: ProcessingJobSpec) => toCreateRequest(spec, "job");
/** As JSON carries it. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

Deno.test("fromAws() makes of any request a resource that stands for the same request", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const request = requestOf(spec);
    const { metadata, spec: converted, problems } = fromAws(plain(request), REGION);
    assert.deepEqual(problems, []);
    assert.deepEqual(metadata, { name: "job" });
    assert.deepEqual(requestOf(converted), request);
  }));
});

Deno.test("fromAws() makes of any answer of Describe a resource for the request before it, in the region of its ARN", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const { Tags: _, ...request } = requestOf(spec);
    const described = plain({ ...request, ...ANSWER });
    described.ProcessingResources.ClusterConfig.SelectedInstanceType = "ml.m5.large";
    described.ProcessingResources.ClusterConfig.SelectedInstanceCount = 1;
    const { spec: converted, problems } = fromAws(described, {});
    assert.deepEqual(problems, []);
    assert.equal(converted.region, "cn-north-1");
    assert.deepEqual(requestOf(converted), request);
  }));
});

Deno.test("fromAck() makes of any resource of ACK one that stands for the same request", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const { metadata, spec: converted, problems } = fromAck(ackResource(spec), REGION);
    assert.deepEqual(problems, []);
    assert.deepEqual(metadata, { name: "own-name" });
    assert.deepEqual(requestOf(converted), requestOf(spec));
  }));
});

Deno.test("fromAck() keeps namespace, labels and foreign annotations, and finds the region", () => {
  const resource = ackResource(MINIMAL_SPEC);
  const annotations = {
    "services.k8s.aws/region": "eu-west-1",
    "services.k8s.aws/deletion-policy": "retain",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "example.com/owner": "vision",
  };
  const converted = fromAck({
    ...resource,
    metadata: { name: "own-name", namespace: "team-a", labels: { a: "b" }, uid: "1", annotations },
  }, REGION);
  assert.deepEqual(converted.metadata, {
    name: "own-name",
    namespace: "team-a",
    labels: { a: "b" },
    annotations: { "example.com/owner": "vision" },
  });
  assert.equal(converted.spec.region, "eu-west-1");
  assert.match(converted.notes.join("\n"), /^'services.k8s.aws\/deletion-policy: retain' is not carried over/);
  const status = { ackResourceMetadata: { region: "ap-south-1" } };
  assert.equal(fromAck({ ...resource, status }, REGION).spec.region, "ap-south-1");
  const empty = { ackResourceMetadata: { region: "" } };
  assert.equal(fromAck({ ...resource, status: empty }, REGION).spec.region, "us-west-2");
  const blank = { ...resource, metadata: { name: "a", annotations: { "services.k8s.aws/region": "" } }, status };
  assert.equal(fromAck(blank, REGION).spec.region, "ap-south-1");
  assert.match(fromAck({ ...resource, status: empty }, {}).problems.join("\n"), /^The region is missing/);
  const arn = "arn:aws:sagemaker:eu-west-1:123456789012:processing-job/ack";
  const named = { ...resource, status: { ackResourceMetadata: { region: "", arn } } };
  assert.equal(fromAck(named, REGION).spec.region, "eu-west-1");
});

Deno.test("fromAws() and fromAck() name what they can't carry over", () => {
  const request = plain(requestOf(MINIMAL_SPEC));
  const ack = ackResource(FULL_SPEC);
  const annotated = (key: string, value: string) => ({
    ...ack,
    metadata: { name: "a", annotations: { [`services.k8s.aws/${key}`]: value } },
  });
  const table: [what: unknown, from: typeof fromAws, expected: RegExp][] = [
    [[request], fromAws, /^It must be an object with the members of CreateProcessingJob$/m],
    [{ ...request, Retries: 3 }, fromAws, /^'Retries' cannot be carried over/],
    [{ ...request, roleArn: "x" }, fromAws, /^'roleArn' cannot be carried over/],
    [
      { ...request, ProcessingInputs: [{}, { S3Input: { Uri: 1 } }] },
      fromAws,
      /^'ProcessingInputs\[1\].S3Input.Uri' cannot/,
    ],
    [{ ...request, Environment: [] }, fromAws, /^'Environment' must be a map from names to values$/],
    [{ ...request, ProcessingJobName: undefined }, fromAws, /^'ProcessingJobName' must be set/],
    [{ ...request, ProcessingJobName: "a_b" }, fromAws, /^'ProcessingJobName' must be set to letters/],
    [{ ...ack, spec: { ...ack.spec, roleRef: {} } }, fromAck, /^'spec.roleRef' cannot be carried over/],
    [{ ...ack, kind: "TrainingJob" }, fromAck, /it is a 'TrainingJob' of 'sagemaker.services.k8s.aws\/v1alpha1'$/],
    [{ ...ack, metadata: {} }, fromAck, /^'metadata.name' must be set$/],
    [annotated("adoption-policy", "adopt"), fromAck, /^'services.k8s.aws\/adoption-policy' cannot be carried over/],
    [annotated("read-only", "true"), fromAck, /^'services.k8s.aws\/read-only' cannot be carried over/],
  ];
  for (const [what, from, expected] of table) assert.match(from(what, REGION).problems.join("\n"), expected);
  assert.deepEqual(fromAws(request, {}).problems, ["The region is missing: name it with '--region'"]);
  assert.deepEqual(fromAck(ack, {}).problems, ["The region is missing: name it with '--region'"]);
});

Deno.test("resourceName() makes a job's name one of Kubernetes", () => {
  const table: [unknown, string | undefined][] = [
    ["Kmeans-MNIST-1", "kmeans-mnist-1"],
    ["a.b", "a.b"],
    ["a_b", undefined],
    ["-a", undefined],
    ["", undefined],
    [undefined, undefined],
    [3, undefined],
  ];
  for (const [jobName, expected] of table) assert.equal(resourceName(jobName), expected, `${jobName}`);
});

function ackResource(spec: ProcessingJobSpec) {
  const { region: _, sageMakerEndpoint: __, environment, ...members } = spec;
  return {
    apiVersion: "sagemaker.services.k8s.aws/v1alpha1",
    kind: "ProcessingJob",
    metadata: { name: "own-name" },
    spec: {
      ...acronyms(members) as object,
      processingJobName: "another-name",
      ...environment && { environment: Object.fromEntries(environment.map(({ name, value }) => [name, value])) },
    } as Record<string, unknown>,
  };
}

/** ACK's spelling of fields. */
function acronyms(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(acronyms);
  if (typeof value !== "object" || value === null) return value;
  const capitals = (key: string) => key.replace(/(?<=.)(Uri|Arn|Id|Kms)(?=[A-Z]|s?$)/g, (word) => word.toUpperCase());
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [capitals(key), acronyms(inner)]));
}
