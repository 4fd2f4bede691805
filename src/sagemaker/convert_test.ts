import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { arbitrarySpec } from "../../tests/support/arbitrary_spec.ts";
import { MINIMAL_SPEC } from "../../tests/support/builders.ts";
import { toCreateRequest } from "./convert.ts";
import { FACTS, fieldName, operation } from "./facts.ts";
import { validate } from "./validate.ts";

const REQUEST = operation("CreateProcessingJob").input;

Deno.test("toCreateRequest() makes a request that the service model accepts out of every valid spec", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    assert.deepEqual(validate(REQUEST, toCreateRequest(spec, "job-0a1b"), { unknownMembers: true }), []);
  }));
});

Deno.test("toCreateRequest() loses nothing of a spec and adds only the name", () => {
  fc.assert(fc.property(arbitrarySpec(), (spec) => {
    const { region, sageMakerEndpoint } = spec;
    const own = { region, ...(sageMakerEndpoint !== undefined && { sageMakerEndpoint }) };
    const { processingJobName, ...back } = lower(toCreateRequest(spec, "job-0a1b"), REQUEST) as Record<string, unknown>;
    assert.equal(processingJobName, "job-0a1b");
    assert.deepEqual({ ...own, ...back }, spec);
  }));
});

/** The way back, written apart from the way there: a spec from a request. */
function lower(value: unknown, shapeName: string): unknown {
  const type = FACTS.shapes[shapeName]!;
  if (type.type === "list") return (value as unknown[]).map((element) => lower(element, type.member));
  if (type.type === "map") return Object.entries(value as object).map(([name, value]) => ({ name, value }));
  if (type.type !== "structure") return value;
  const members = Object.entries(value as object);
  return Object.fromEntries(members.map(([name, inner]) => [fieldName(name), lower(inner, type.members[name]!)]));
}

Deno.test("toCreateRequest() treats what the API can't take as the controller before this one did, and sends the rest as it is", () => {
  const table: [string, Partial<ProcessingJobSpec>, Record<string, unknown>][] = [
    ["an empty stopping condition", { stoppingCondition: {} }, {}],
    ["a stopping condition", { stoppingCondition: { maxRuntimeInSeconds: 60 } }, {
      StoppingCondition: { MaxRuntimeInSeconds: 60 },
    }],
    ["an empty environment", { environment: [] }, {}],
    ["a name twice, where the last counts", {
      environment: [{ name: "A", value: "1" }, { name: "B", value: "x" }, { name: "A", value: "2" }],
    }, { Environment: { A: "2", B: "x" } }],
    ["a variable without a value", { environment: [{ name: "A" }] }, { Environment: { A: "" } }],
    ["a value from elsewhere, which is left out", {
      environment: [
        { name: "A", value: "1" },
        { name: "B", value: "x" },
        { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      ],
    }, { Environment: { B: "x" } }],
    ["only values from elsewhere", {
      environment: [{ name: "A", valueFrom: { configMapKeyRef: { name: "s", key: "k" } } }],
    }, {}],
    ["an empty network config", { networkConfig: {} }, { NetworkConfig: {} }],
    ["network isolation that is off", { networkConfig: { enableNetworkIsolation: false } }, {
      NetworkConfig: { EnableNetworkIsolation: false },
    }],
    ["empty lists that the API takes", { processingInputs: [], tags: [] }, { ProcessingInputs: [], Tags: [] }],
    ["an endpoint", { sageMakerEndpoint: "https://api.sagemaker.us-west-2.amazonaws.com" }, {}],
    ["a field of the operator's own", { suspend: true } as Partial<ProcessingJobSpec>, {}],
    ["paths outside of /opt/ml/processing", {
      processingOutputConfig: {
        outputs: [{ outputName: "o", s3Output: { s3Uri: "s3://b/k", localPath: "/x", s3UploadMode: "EndOfJob" } }],
      },
    }, {
      ProcessingOutputConfig: {
        Outputs: [{ OutputName: "o", S3Output: { S3Uri: "s3://b/k", LocalPath: "/x", S3UploadMode: "EndOfJob" } }],
      },
    }],
  ];
  const minimal = {
    ProcessingJobName: "job-0a1b",
    ProcessingResources: { ClusterConfig: { InstanceCount: 1, InstanceType: "ml.m5.large", VolumeSizeInGB: 5 } },
    AppSpecification: { ImageUri: MINIMAL_SPEC.appSpecification.imageUri },
    RoleArn: MINIMAL_SPEC.roleArn,
  };
  assert.deepEqual(toCreateRequest(MINIMAL_SPEC, "job-0a1b"), minimal);
  for (const [name, fields, members] of table) {
    assert.deepEqual(toCreateRequest({ ...MINIMAL_SPEC, ...fields }, "job-0a1b"), { ...minimal, ...members }, name);
  }
});

Deno.test("toCreateRequest() leaves out empty lists of the container's, which the API takes with content only", () => {
  const appSpecification = { imageUri: "x", containerEntrypoint: [], containerArguments: [] };
  const request = toCreateRequest({ ...MINIMAL_SPEC, appSpecification }, "job-0a1b");
  assert.deepEqual(request.AppSpecification, { ImageUri: "x" });
});

Deno.test("toCreateRequest() leaves out what only answers carry", () => {
  const clusterConfig = { ...MINIMAL_SPEC.processingResources.clusterConfig, selectedInstanceType: "ml.m5.large" };
  const request = toCreateRequest({ ...MINIMAL_SPEC, processingResources: { clusterConfig } }, "job-0a1b");
  assert.deepEqual(Object.keys(request.ProcessingResources?.ClusterConfig ?? {}), [
    "InstanceCount",
    "InstanceType",
    "VolumeSizeInGB",
  ]);
});

Deno.test("toCreateRequest() changes nothing of the spec", () => {
  const spec = structuredClone(MINIMAL_SPEC);
  toCreateRequest(spec, "job-0a1b");
  assert.deepEqual(spec, MINIMAL_SPEC);
});
