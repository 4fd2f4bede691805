/** Resources that were stored under the schema of the controller before this one, which refused next to nothing. */
import assert from "node:assert/strict";
import { stringify } from "yaml";
import { FINALIZER, VERSION } from "../../src/api/group.ts";
import { tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { changed } from "../support/full_spec.ts";
import { apply, kubectl } from "../support/kubectl.ts";
import { FOREIGN, foreignCrd } from "../support/resources.ts";

const INPUT = { inputName: "a", s3Input: { s3Uri: "s3://bucket/key", s3DataType: "S3Prefix", localPath: "/in" } };
const OUTPUT = { outputName: "a", s3Output: { s3Uri: "s3://bucket/key", localPath: "/out", s3UploadMode: "EndOfJob" } };

/** What today's schema refuses in a new resource; without a path it is laid over the spec. */
const STORED: [title: string, path: string, value: unknown][] = [
  ["a role that is no ARN", "roleArn", "x".repeat(20)],
  ["no image", "appSpecification.imageUri", undefined],
  ["a region that is none", "region", "Region_XYZ"],
  ["too many instances", "processingResources.clusterConfig.instanceCount", 1000],
  ["a variable without a name", "environment", [{ value: "x" }]],
  ["a bad tag", "tags", [{ key: "a*", value: "" }]],
  ["compressed files", "processingInputs", [changed(INPUT, "s3Input.s3CompressionType", "Gzip")]],
  ["an input without a path", "processingInputs", [changed(INPUT, "s3Input.localPath", undefined)]],
  ["two inputs of one name", "processingInputs", [INPUT, INPUT]],
  ["two outputs of one name", "processingOutputConfig", { outputs: [OUTPUT, OUTPUT] }],
  ["two outputs of one name and a key", "processingOutputConfig", { outputs: [OUTPUT, OUTPUT], kmsKeyId: "k" }],
  ["an empty stopping condition", "stoppingCondition", {}],
  ["an image that is just a word", "appSpecification.imageUri", "hello-world"],
  ["an instance type that is none", "processingResources.clusterConfig.instanceType", "xyz"],
  ["empty arguments", "appSpecification.containerArguments", ["", "a\nb"]],
  ["an empty entrypoint word", "appSpecification.containerEntrypoint", [""]],
  ["an input without a name", "processingInputs", [changed(INPUT, "inputName", "")]],
  ["an input in a relative path", "processingInputs", [changed(INPUT, "s3Input.localPath", "in")]],
  ["two inputs in one directory", "processingInputs", [INPUT, changed(INPUT, "inputName", "b")]],
  ["an input and an output in one directory", "", {
    processingInputs: [INPUT],
    processingOutputConfig: { outputs: [changed(OUTPUT, "s3Output.localPath", INPUT.s3Input.localPath)] },
  }],
  ["tags that are reserved, one of them twice", "tags", [
    { key: "aws:a", value: "" },
    { key: "sagemaker-operator/uid", value: "" },
    { key: "aws:a", value: "" },
  ]],
];

const OLD_STATUS = {
  processingJobStatus: "InProgress",
  additional: "",
  lastCheckTime: "2020-03-04T05:06:07Z",
  sageMakerProcessingJobName: "name-uid",
};

const cluster = testCluster();
/** A group of its own, whose CRD no other test needs. */
let group: string;
let path: string;
Deno.test.beforeAll(async () => {
  const namespace = await cluster.freshNamespace("take-over");
  group = `${namespace}.example.com`;
  path = `/apis/${group}/${VERSION}/namespaces/${namespace}/${FOREIGN.plural}`;
  await apply(cluster, stringify(permissiveCrd()));
  await eventually(
    "the resource is served",
    async () => assert.equal((await cluster.request("GET", path)).status, 200),
  );
  for (const [index, [, field, value]] of STORED.entries()) await store(index, specWith(field, value));
  await apply(cluster, foreignCrd(group));
  await eventually("the new schema holds", async () => {
    const answer = await cluster.request("POST", `${path}?dryRun=All`, resource("probe", {}));
    assert.equal(answer.status, 422, JSON.stringify(answer.body));
  });
});
Deno.test.afterAll(async () => {
  const { code, stderr } = await kubectl(cluster, ["delete", "crd", `${FOREIGN.plural}.${group}`, "--wait=false"]);
  assert.equal(code, 0, stderr);
});

for (const [index, [title, field, value]] of STORED.entries()) {
  Deno.test(`a stored resource with ${title} can be read, labelled, given a status, deleted and released`, async () => {
    const own = `${path}/job-${index}`;
    const { body } = await cluster.request("GET", own);
    assert.deepEqual(body.spec, specWith(field, value));
    assert.deepEqual(body.status, OLD_STATUS);
    await assertPatched(own, { metadata: { finalizers: [FINALIZER, "example.com/another"] } });
    await assertPatched(own, { metadata: { finalizers: [FINALIZER] } });
    await assertPatched(own, { metadata: { labels: { team: "vision" } } });
    await assertPatched(`${own}/status`, { status: { processingJobStatus: "Stopping", observedGeneration: 1 } });
    await assertPatched(`${own}/status`, { status: { additional: "again" } });
    assert.equal((await cluster.request("DELETE", own)).status, 200);
    await assertPatched(own, { metadata: { finalizers: null } });
    assert.equal((await cluster.request("GET", own)).status, 404);
  });
}

function specWith(path: string, value: unknown): object {
  return path === "" ? { ...MINIMAL_SPEC, ...value as object } : changed(MINIMAL_SPEC, path, value);
}

async function store(index: number, spec: unknown): Promise<void> {
  const { status, body } = await cluster.request("POST", path, resource(`job-${index}`, spec));
  assert.equal(status, 201, JSON.stringify(body));
  await assertPatched(`${path}/job-${index}/status`, { status: OLD_STATUS });
}

async function assertPatched(path: string, change: object): Promise<void> {
  const { status, body } = await tryPatch(cluster, path, change);
  assert.equal(status, 200, JSON.stringify(body));
}

function resource(name: string, spec: unknown): object {
  return { apiVersion: `${group}/${VERSION}`, kind: FOREIGN.kind, metadata: { name, finalizers: [FINALIZER] }, spec };
}

function permissiveCrd(): object {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${FOREIGN.plural}.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: FOREIGN,
      versions: [{ name: VERSION, served: true, storage: true, subresources: { status: {} }, schema }],
    },
  };
}
