import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../../src/api/crd.ts";
import { CRD_NAME, GROUP } from "../../src/api/group.ts";
import { resourcePath, tryCreate, tryPatch } from "../support/admission.ts";
import { MINIMAL_SPEC } from "../support/builders.ts";
import { testCluster } from "../support/control_plane.ts";
import { kubectl } from "../support/kubectl.ts";
import { FOREIGN, foreignCrd, installCrd } from "../support/resources.ts";

const cluster = testCluster();
let namespace: string;
Deno.test.beforeAll(async () => {
  await installCrd(cluster);
  namespace = await cluster.freshNamespace("crd");
});

Deno.test("kubectl apply takes the CRD without a warning, and the apiserver finds no fault in its schema", async () => {
  // Under another name, so that it is a first installation whatever other tests have installed.
  const group = `${namespace}.example.com`;
  const { code, stdout, stderr } = await kubectl(cluster, ["apply", "-f", "-"], { stdin: foreignCrd(group) });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal(stdout, `customresourcedefinition.apiextensions.k8s.io/${FOREIGN.plural}.${group} created\n`);
  const name = `crd/${FOREIGN.plural}.${group}`;
  const waited = await kubectl(cluster, ["wait", "--for=condition=Established", name, "--timeout=30s"]);
  assert.equal(waited.code, 0, waited.stderr);
  const { stdout: conditions } = await kubectl(cluster, ["get", name, "-o=jsonpath={.status.conditions[*].type}"]);
  assert.ok(!conditions.includes("NonStructuralSchema"), conditions);
  assert.equal((await kubectl(cluster, ["delete", name, "--wait=false"])).code, 0);
});

Deno.test("a fresh resource has the first status, without a write", async () => {
  const { body } = await tryCreate(cluster, namespace, MINIMAL_SPEC);
  const { body: read } = await cluster.request("GET", resourcePath(namespace, body.metadata.name));
  assert.deepEqual(read.status, { processingJobStatus: "SynchronizingK8sJobWithSageMaker", observedGeneration: -1 });
  assert.equal(read.metadata.resourceVersion, body.metadata.resourceVersion);
});

Deno.test("a status can be written whole, and one without observedGeneration stays without", async () => {
  const { body } = await tryCreate(cluster, namespace, MINIMAL_SPEC);
  const path = `${resourcePath(namespace, body.metadata.name)}/status`;
  const old = {
    processingJobStatus: "InProgress",
    additional: "",
    lastCheckTime: "2020-03-04T05:06:07Z",
    cloudWatchLogUrl: "https://us-west-2.console.aws.amazon.com/cloudwatch/home",
    sageMakerProcessingJobName: "name-uid",
  };
  const written = await cluster.request("PUT", path, { ...body, status: old });
  assert.deepEqual(written.body.status, old);
  const news = {
    processingJobArn: "arn:aws:sagemaker:us-west-2:123456789012:processing-job/name-uid",
    processingStartTime: "2020-03-04T05:06:07Z",
    processingEndTime: "2020-03-04T05:07:07Z",
    duration: "60s",
    selectedInstanceType: "ml.g6.xlarge",
    failureReason: "AlgorithmError: exit code 1",
    exitMessage: "no such file",
    observedGeneration: 1,
    conditions: [condition("Ready"), condition("Complete")],
  };
  const patched = await tryPatch(cluster, path, { status: news });
  assert.deepEqual(patched.body.status, { ...old, ...news });
  const twice = await tryPatch(cluster, path, { status: { conditions: [condition("Ready"), condition("Ready")] } });
  assert.equal(twice.status, 422);
});

Deno.test("kubectl get prints the four columns, and more under -o wide", async () => {
  const ns = await cluster.freshNamespace("columns");
  const { body } = await tryCreate(cluster, ns, MINIMAL_SPEC);
  const { name, creationTimestamp } = body.metadata;
  assert.deepEqual(await table("get", "processingjob", "-n", ns), [
    ["NAME", "STATUS", "CREATION-TIME", "SAGEMAKER-JOB-NAME"],
    [name, "SynchronizingK8sJobWithSageMaker", creationTimestamp],
  ]);
  const status = {
    processingJobStatus: "Completed",
    sageMakerProcessingJobName: "name-uid",
    duration: "3m5s",
    selectedInstanceType: "ml.g6.xlarge",
    attemptSummary: "2/3",
    conditions: [{ ...condition("Ready"), reason: "Completed" }, { ...condition("Created"), reason: "Created" }],
  };
  await tryPatch(cluster, `${resourcePath(ns, name)}/status`, { status });
  for (const word of ["pj", "processingjobs", "sagemaker"]) {
    assert.deepEqual(await table("get", word, "-n", ns, "-o", "wide"), [
      ["NAME", "STATUS", "CREATION-TIME", "SAGEMAKER-JOB-NAME", "DURATION", "INSTANCE", "ATTEMPTS", "REASON"],
      [name, "Completed", creationTimestamp, "name-uid", "3m5s", "ml.g6.xlarge", "2/3", "Completed"],
    ], word);
  }
});

const EXPLAINED: [field: string, ...texts: RegExp[]][] = [
  ["", /An Amazon SageMaker processing job/, /spec\t<ProcessingJobSpec|spec\t<Object/],
  ["spec", /processingInputs\t<\[\]Object>/, /roleArn\t<string>/],
  ["spec.environment", /If a name occurs twice, the last one counts/, /value\t<string>/],
  ["spec.stoppingCondition.maxRuntimeInSeconds", /Seconds after which SageMaker stops the job/],
  ["spec.processingInputs.datasetDefinition", /Runs a query/, /Queries Amazon Athena/, /Queries Amazon Redshift/],
  ["spec.processingInputs.datasetDefinition.redshiftDatasetDefinition.dbUser", /Database user that runs the query/],
  ["spec.processingOutputConfig.outputs.featureStoreOutput.featureGroupName", /existing feature group/],
  ["spec.processingResources.clusterConfig.instancePreferences", /in order of preference/],
  ["status", /Only the operator writes it/, /conditions\t<\[\]Object>/],
  ["status.conditions.lastTransitionTime", /When status last changed/],
];
for (const [field, ...texts] of EXPLAINED) {
  Deno.test(`kubectl explain describes ${field || "the resource"}`, async () => {
    const path = `processingjob${field && `.${field}`}`;
    const { code, stdout, stderr } = await kubectl(cluster, ["explain", path]);
    assert.equal(code, 0, stderr);
    const unwrapped = stdout.replaceAll(/\n {4}(?=\S)/g, " ");
    for (const text of texts) assert.match(unwrapped, text);
  });
}

Deno.test("the apiserver publishes a description of every field", async () => {
  const { body } = await cluster.request("GET", `/openapi/v3/apis/${GROUP}/v1`);
  const schemas = Object.entries<{ properties: Record<string, unknown> }>(body.components.schemas);
  const [, published] = schemas.find(([name]) => name.endsWith(".ProcessingJob")) ?? assert.fail("no such schema");
  const { versions } = parse(CRD_YAML).spec;
  assert.deepEqual(
    descriptions(published.properties["spec"]),
    descriptions(versions[0].schema.openAPIV3Schema.properties.spec),
  );
});

Deno.test("the CRD has the name that the code knows", () => {
  assert.equal(parse(CRD_YAML).metadata.name, CRD_NAME);
});

function condition(type: string): object {
  return { type, status: "True", reason: "Completed", message: "", lastTransitionTime: "2020-03-04T05:06:07Z" };
}

async function table(...args: string[]): Promise<string[][]> {
  const { code, stdout, stderr } = await kubectl(cluster, args);
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split("\n").map((line) => line.trim().split(/\s+/));
}

/** All descriptions in a schema, in order. */
function descriptions(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).sort(([a], [b]) => a < b ? -1 : 1).flatMap(([key, value]) =>
    key === "description" && typeof value === "string" ? [value] : descriptions(value)
  );
}
