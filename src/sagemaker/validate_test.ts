import assert from "node:assert/strict";
import { validate, validationMessage } from "./validate.ts";

const ROLE = "arn:aws:iam::123456789012:role/job";

function request(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    ProcessingJobName: "job",
    RoleArn: ROLE,
    AppSpecification: { ImageUri: "image" },
    ProcessingResources: { ClusterConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 } },
    ...changes,
  };
}

function cluster(changes: Record<string, unknown>): Record<string, unknown> {
  return request({ ProcessingResources: { ClusterConfig: { InstanceCount: 1, VolumeSizeInGB: 10, ...changes } } });
}

const failed = (subject: string, constraint: string) => `${subject} failed to satisfy constraint: ${constraint}`;

Deno.test("validate() says in the service's words what breaks its model", () => {
  const table: [string, Record<string, unknown>, string[]][] = [
    ["a right request", request(), []],
    ["an absent member", request({ RoleArn: undefined }), [
      failed("Value null at 'roleArn'", "Member must not be null"),
    ]],
    ["a null", request({ RoleArn: null }), [failed("Value null at 'roleArn'", "Member must not be null")]],
    ["a null of an optional member", request({ NetworkConfig: null, Tags: null }), []],
    ["a number too small", cluster({ InstanceCount: 0 }), [
      failed(
        "Value '0' at 'processingResources.clusterConfig.instanceCount'",
        "Member must have value greater than or equal to 1",
      ),
    ]],
    ["a number too large", cluster({ VolumeSizeInGB: 16385 }), [
      failed(
        "Value '16385' at 'processingResources.clusterConfig.volumeSizeInGB'",
        "Member must have value less than or equal to 16384",
      ),
    ]],
    ["a text too long", request({ AppSpecification: { ImageUri: "x".repeat(256) } }), [
      failed(
        `Value '${"x".repeat(256)}' at 'appSpecification.imageUri'`,
        "Member must have length less than or equal to 255",
      ),
    ]],
    ["a text too short and of another form", request({ RoleArn: "role" }), [
      failed("Value 'role' at 'roleArn'", "Member must have length greater than or equal to 20"),
      failed(
        "Value 'role' at 'roleArn'",
        "Member must satisfy regular expression pattern: arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
      ),
    ]],
    ["a pattern that only a part matches", request({ ProcessingJobName: "my.job" }), [
      failed(
        "Value 'my.job' at 'processingJobName'",
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
      ),
    ]],
    ["a list too short", request({ AppSpecification: { ImageUri: "i", ContainerArguments: [] } }), [
      failed(
        "Value '[]' at 'appSpecification.containerArguments'",
        "Member must have length greater than or equal to 1",
      ),
    ]],
    [
      "a word that is none of the enum",
      request({
        ProcessingInputs: [
          { InputName: "one" },
          { InputName: "two", S3Input: { S3Uri: "s3://bucket/key", S3DataType: "S3Prefix", S3InputMode: "Disk" } },
        ],
      }),
      [
        failed(
          "Value 'Disk' at 'processingInputs.2.member.s3Input.s3InputMode'",
          "Member must satisfy enum value set: [Pipe, File]",
        ),
      ],
    ],
    [
      "a tag outside Unicode's letters",
      request({ Tags: [{ Key: "tëam ☃", Value: "größe 大" }] }),
      [failed(
        "Value 'tëam ☃' at 'tags.1.member.key'",
        "Member must satisfy regular expression pattern: ([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)",
      )],
    ],
    ["an unknown member", request({ Surprise: 1 }), []],
  ];
  for (const [what, value, messages] of table) {
    assert.deepEqual(
      validate("CreateProcessingJobRequest", value).map((violation) => violation.message),
      messages,
      what,
    );
  }
});

Deno.test("validate() shows nothing of an environment", () => {
  const value = request({ Environment: { "secret-key": "s".repeat(257), FINE: "fine", OTHER: "t".repeat(300) } });
  assert.deepEqual(validate("CreateProcessingJobRequest", value).map((violation) => violation.message), [
    failed(
      "Value at 'environment'",
      "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]",
    ),
    failed(
      "Value at 'environment'",
      "Map value must satisfy constraint: [Member must have length less than or equal to 256]",
    ),
  ]);
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`V${index}`, ""]));
  assert.deepEqual(validate("ProcessingEnvironmentMap", many).map((violation) => violation.message), [
    failed("Value at ''", "Member must have length less than or equal to 100"),
  ]);
});

Deno.test("validate() tells a wrong type apart", () => {
  const table: [Record<string, unknown>, string][] = [
    [request({ ProcessingJobName: 5 }), "processingJobName"],
    [request({ Environment: { A: 1 } }), "environment"],
    [request({ Environment: [] }), "environment"],
    [request({ Tags: {} }), "tags"],
    [request({ Tags: ["x"] }), "tags.1.member"],
    [request({ NetworkConfig: { EnableNetworkIsolation: "true" } }), "networkConfig.enableNetworkIsolation"],
    [cluster({ InstanceCount: 1.5 }), "processingResources.clusterConfig.instanceCount"],
    [cluster({ InstanceCount: "1" }), "processingResources.clusterConfig.instanceCount"],
  ];
  for (const [value, path] of table) {
    const found = validate("CreateProcessingJobRequest", value).map(({ kind, path }) => ({ kind, path }));
    assert.deepEqual(found, [{ kind: "type", path }]);
  }
  assert.deepEqual(validate("ListProcessingJobsRequest", { CreationTimeAfter: "2024" }).map(({ kind }) => kind), [
    "type",
  ]);
  assert.deepEqual(validate("ListProcessingJobsRequest", { CreationTimeAfter: 1.5 }), []);
});

Deno.test("validate() reports unknown members where asked to, at every depth", () => {
  const value = { ...cluster({ Extra: 1 }), __proto__: null, constructor: 1 };
  const found = validate("CreateProcessingJobRequest", value, { unknownMembers: true });
  assert.deepEqual(found.map(({ kind, path }) => [kind, path]), [
    ["unknown", "processingResources.clusterConfig.extra"],
    ["unknown", "constructor"],
  ]);
});

Deno.test("validationMessage() counts and joins", () => {
  const one = validate("CreateProcessingJobRequest", request({ RoleArn: null }));
  assert.equal(
    validationMessage(one),
    "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
  );
  const two = validate("CreateProcessingJobRequest", request({ RoleArn: null, ProcessingJobName: null }));
  assert.match(
    validationMessage(two),
    /^2 validation errors detected: Value null at 'processingJobName' .*; Value null at 'roleArn' /,
  );
});
