import assert from "node:assert/strict";
import { parse } from "yaml";
import { CRD_YAML } from "../../src/api/crd.ts";
import { FACTS, fieldName, type Shape, shape } from "../../src/sagemaker/facts.ts";
import { adapt, SPEC } from "./adapt.ts";
import { checkDescriptions, describe } from "./descriptions.ts";
import { check, firstDifference } from "./main.ts";
import { anchored, type Schema, schemaOf } from "./schema.ts";

const RESOURCE: Schema = parse(CRD_YAML).spec.versions[0].schema.openAPIV3Schema;
const FIELDS = new Map(fields(RESOURCE.properties?.spec, "spec"));
/** Written by users, but in no request. */
const OWN_FIELDS = ["spec.region", "spec.sageMakerEndpoint"];
/** What the operator does with the job; no part of any request, and not kept as it was created. */
const POLICIES = ["suspend", "ttlSecondsAfterFinished", "deletionPolicy", "retryPolicy"];
const RETRY_POLICY = ["maxAttempts", "retryOn", "backoffSeconds", "backoffRate", "expireAfterSeconds"];
/** Answers only, or derived. */
const NOT_WRITTEN = ["ProcessingJobName", "SelectedInstanceType", "SelectedInstanceCount"];

Deno.test("the committed files are what the generator writes", async () => {
  assert.deepEqual(await check(), []);
});

Deno.test("the spec has a field for every member that can be written, and no other", () => {
  const members = [...memberPaths("CreateProcessingJobRequest", "spec")].map(([path]) => path);
  const source = "spec.environment.valueFrom";
  const references = ["secretKeyRef", "configMapKeyRef"].map((field) => `${source}.${field}`)
    .flatMap((path) => [path, `${path}.name`, `${path}.key`, `${path}.optional`]);
  const environment = ["spec.environment.name", "spec.environment.value", source, ...references];
  const policies = [...POLICIES, ...RETRY_POLICY.map((field) => `retryPolicy.${field}`)].map((field) =>
    `spec.${field}`
  );
  assert.deepEqual([...FIELDS.keys()].sort(), [...members, ...OWN_FIELDS, ...environment, ...policies].sort());
});

Deno.test("every limit of the model is in the schema, but those that are left out on purpose", () => {
  const left: string[] = [];
  for (const [path, member] of memberPaths("CreateProcessingJobRequest", "spec")) {
    const schema = FIELDS.get(path) ?? assert.fail(path);
    left.push(...missingLimits(member, schema).map((limit) => `${path} ${limit}`));
  }
  assert.deepEqual(left, [
    "spec.processingInputs.datasetDefinition.athenaDatasetDefinition.catalog pattern",
    "spec.processingResources.clusterConfig.instanceType enum",
    "spec.processingResources.clusterConfig.instancePreferences.instanceType enum",
    "spec.stoppingCondition required MaxRuntimeInSeconds",
    "spec.appSpecification.containerEntrypoint min",
    "spec.appSpecification.containerArguments min",
  ]);
});

Deno.test("every field of the resource has a description that ends like a sentence", () => {
  const all = [...fields(RESOURCE, "")].filter(([path]) => path !== ".metadata");
  assert.ok(all.length > 90, `${all.length} fields`);
  for (const [path, { description }] of all) assert.match(description ?? "", /^\S.{10,}\.$/, path);
});

Deno.test("the CRD holds nothing that the API server leaves out, so that GitOps tools see no difference", () => {
  assert.ok(!("preserveUnknownFields" in parse(CRD_YAML).spec));
});

Deno.test("every field of the spec that stands for the job has a rule that keeps it unchanged", () => {
  const rules = (RESOURCE.properties?.spec?.["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => rule.includes("oldSelf"));
  const own = Object.keys(RESOURCE.properties?.spec?.properties ?? {});
  assert.deepEqual(
    rules.map(({ fieldPath }) => fieldPath),
    own.filter((field) => !POLICIES.includes(field)).map((field) => `.${field}`),
  );
});

Deno.test("describe() and checkDescriptions() name a description that is missing or unused", () => {
  assert.throws(() => describe("Tag", "Colour"), /'Tag.Colour'/);
  const shapes = adapt();
  assert.ok(shapes["Tag"]?.type === "structure");
  delete shapes["Tag"].members["Key"];
  assert.throws(() => checkDescriptions(shapes), /'Tag.Key'/);
});

Deno.test("a member that the model gains fails the generator until someone describes it", () => {
  const shapes = adapt();
  assert.ok(shapes[SPEC]?.type === "structure");
  shapes[SPEC].members["Priority"] = "String";
  assert.throws(() => schemaOf(shapes, SPEC), /'ProcessingJobSpec.Priority'/);
});

Deno.test("adapt() fails if a member that it leaves out is gone, and changes no facts", () => {
  const before = JSON.stringify(FACTS);
  const shapes = structuredClone(FACTS.shapes);
  const cluster = shapes["ProcessingClusterConfig"];
  assert.ok(cluster?.type === "structure");
  delete cluster.members["SelectedInstanceType"];
  assert.throws(() => adapt(shapes), /'SelectedInstanceType'/);
  adapt();
  assert.equal(JSON.stringify(FACTS), before);
});

Deno.test("anchored() matches whole values, and leaves out what says nothing or RE2 cannot compile", () => {
  assert.equal(anchored("a|b"), "^(?:a|b)$");
  for (const pattern of [undefined, ".*", "[\\S\\s]*", "[\\s\\S]+", "[\\u0020-\\uD7FF]*"]) {
    assert.equal(anchored(pattern), undefined);
  }
});

Deno.test("firstDifference() names the first line that differs", () => {
  assert.equal(firstDifference("a\nb\n", "a\nb\n"), undefined);
  assert.equal(firstDifference("a\nb\n", "a\nc\n"), "line 2 is 'b', a fresh one has 'c'");
  assert.equal(firstDifference("a\nb\nc", "a\nb"), "line 3 is 'c', a fresh one has ''");
  assert.equal(firstDifference("", "a"), "line 1 is '', a fresh one has 'a'");
});

/** Every field under a schema, by its path; lists add nothing to the path. */
function* fields(schema: Schema | undefined, path: string): Generator<[string, Schema]> {
  const object = schema?.items ?? schema;
  for (const [name, field] of Object.entries(object?.properties ?? {})) {
    yield [`${path}.${name}`, field];
    yield* fields(field, `${path}.${name}`);
  }
}

/** Every member that can be written, by the path of its field, read from the model and not by way of the generator. */
function* memberPaths(name: string, path: string): Generator<[string, Shape]> {
  const target = shape(name);
  if (target.type === "list") yield* memberPaths(target.member, path);
  if (target.type !== "structure") return;
  for (const [member, inner] of Object.entries(target.members)) {
    if (NOT_WRITTEN.includes(member)) continue;
    yield [`${path}.${fieldName(member)}`, shape(inner)];
    yield* memberPaths(inner, `${path}.${fieldName(member)}`);
  }
}

/** The limits of a shape, and of a list's elements, that its field's schema does not have. */
function missingLimits(target: Shape, schema: Schema): string[] {
  const missing: string[] = [];
  const expect = (limit: string, holds: boolean) => void (holds || missing.push(limit));
  if (target.type === "structure") {
    for (const member of target.required ?? []) {
      expect(`required ${member}`, schema.required?.includes(fieldName(member)) ?? false);
    }
  } else if (target.type === "string") {
    expect("min", !target.min || target.enum !== undefined || schema.minLength === target.min);
    expect("max", target.max === undefined || schema.maxLength === target.max);
    expect("enum", !target.enum || JSON.stringify(schema.enum) === JSON.stringify(target.enum));
    const trivial = [".*", "[\\S\\s]*", "[\\s\\S]+"].includes(target.pattern ?? ".*");
    expect("pattern", trivial || schema.pattern === `^(?:${target.pattern})$`);
  } else if (target.type === "list" || target.type === "map") {
    expect("min", !target.min || schema.minItems === target.min);
    expect("max", target.max === undefined || schema.maxItems === target.max);
    if (target.type === "list" && schema.items) missing.push(...missingLimits(shape(target.member), schema.items));
    if (target.type === "map") {
      for (const [name, inner] of [["name", target.key], ["value", target.value]] as const) {
        missing.push(...missingLimits(shape(inner), schema.items?.properties?.[name] ?? { type: "string" }));
      }
    }
  } else if (target.type === "integer") {
    expect("min", schema.minimum === target.min);
    expect("max", schema.maximum === target.max);
  }
  return missing;
}
