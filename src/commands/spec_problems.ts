import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import { ENDPOINT_FIELD, REGION_FIELD } from "../api/site_fields.ts";
import { brokenValues } from "../sagemaker/broken_values.ts";
import { FACTS, fieldName, operation } from "../sagemaker/facts.ts";
import { brokenRules, type RuledRequest } from "../sagemaker/request_rules.ts";
import { validate } from "../sagemaker/validate.ts";
import { messageOf } from "../sagemaker/value_rules.ts";
import { nearest } from "../util/nearest.ts";
import { POLICY_FIELDS, policyProblems, RETRY_POLICY_FIELDS } from "./policy_problems.ts";

const REQUEST = operation("CreateProcessingJob").input;
const ENVIRONMENT_FIELDS = ["name", "value", "valueFrom"];
const SOURCE_FIELDS = ["secretKeyRef", "configMapKeyRef"];
const REFERENCE_FIELDS = ["name", "key", "optional"];
/** Members of the model that a resource has no field for: the name is derived, and what SageMaker selects it answers. */
const NO_FIELDS = ["ProcessingJobName", "SelectedInstanceType", "SelectedInstanceCount"];
/** Fields of a spec that are not in the request. */
const OWN_FIELDS = ["region", "sageMakerEndpoint", ...POLICY_FIELDS];

/** What keeps a spec from being read at all: fields that there aren't, each with the one that was perhaps meant. */
export function unknownFields(spec: unknown): string[] {
  if (!isObject(spec)) return ["'spec' must hold the fields of a ProcessingJob"];
  const problems = [...unknownIn(spec, REQUEST, "spec")];
  const { retryPolicy } = spec;
  if (isObject(retryPolicy)) problems.push(...unknownAmong([...RETRY_POLICY_FIELDS], retryPolicy, "spec.retryPolicy"));
  problems.push(...policyProblems(spec));
  problems.push(...siteProblems(spec));
  return problems;
}

/** What the cluster refuses of where a job is asked for, which is in no request. */
export function siteProblems({ region, sageMakerEndpoint }: Readonly<Record<string, unknown>>): string[] {
  const problems: string[] = [];
  if (region === undefined || region === null || region === "") problems.push("'spec.region' must be set");
  else if (!fits(region, REGION_FIELD)) problems.push("'spec.region' must be the name of a region, as in us-west-2");
  if (sageMakerEndpoint !== undefined && !fits(sageMakerEndpoint, ENDPOINT_FIELD)) {
    problems.push("'spec.sageMakerEndpoint' must be a URL that begins with https:// or http://");
  }
  return problems;
}

function fits(value: unknown, { max, pattern }: { max: number; pattern: string }): boolean {
  return typeof value === "string" && value.length <= max && new RegExp(`^(?:${pattern})$`).test(value);
}

function* unknownIn(value: unknown, shapeName: string, path: string): Generator<string> {
  const expected = FACTS.shapes[shapeName];
  if (expected?.type === "list" && Array.isArray(value)) {
    for (const [i, element] of value.entries()) yield* unknownIn(element, expected.member, `${path}[${i}]`);
  }
  if (expected?.type === "map") yield* environmentProblems(value, path);
  if (expected?.type !== "structure" || !isObject(value)) return;
  const members = new Map(
    Object.entries(expected.members).filter(([member]) => !NO_FIELDS.includes(member))
      .map(([member, memberShape]) => [fieldName(member), memberShape]),
  );
  const others = path === "spec" ? OWN_FIELDS : [];
  for (const [field, inner] of Object.entries(value)) {
    const memberShape = members.get(field);
    if (memberShape !== undefined) yield* unknownIn(inner, memberShape, `${path}.${field}`);
    else if (!others.includes(field)) yield unknownField(`${path}.${field}`, field, [...members.keys(), ...others]);
  }
}

function* environmentProblems(value: unknown, path: string): Generator<string> {
  if (!Array.isArray(value)) return yield `'${path}' must be a list of 'name' and 'value'`;
  for (const [i, variable] of value.entries()) {
    if (!isObject(variable)) {
      yield `'${path}[${i}]' must have a 'name' and a 'value'`;
      continue;
    }
    const where = `${path}[${i}]`;
    yield* unknownAmong(ENVIRONMENT_FIELDS, variable, where);
    if (variable["name"] === undefined || variable["name"] === null) yield `'${where}.name' must be set`;
    if (variable["valueFrom"] !== undefined) yield* sourceProblems(variable, `${where}.valueFrom`);
  }
}

/** What the cluster refuses of a variable whose value is to be read from elsewhere. */
function* sourceProblems({ value, valueFrom }: Record<string, unknown>, path: string): Generator<string> {
  if (value !== undefined) yield `'${path}' must stand without a 'value'`;
  const source = isObject(valueFrom) ? valueFrom : {};
  yield* unknownAmong(SOURCE_FIELDS, source, path);
  const references = SOURCE_FIELDS.flatMap((field) =>
    source[field] === undefined ? [] : [[field, source[field]] as const]
  );
  if (references.length !== 1) yield `'${path}' must have either a 'secretKeyRef' or a 'configMapKeyRef'`;
  for (const [field, reference] of references) {
    const { name, key } = isObject(reference) ? reference : {};
    if (isObject(reference)) yield* unknownAmong(REFERENCE_FIELDS, reference, `${path}.${field}`);
    if (typeof name !== "string" || typeof key !== "string") yield `'${path}.${field}' must have a 'name' and a 'key'`;
  }
}

function* unknownAmong(known: string[], value: Record<string, unknown>, path: string): Generator<string> {
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) yield unknownField(`${path}.${field}`, field, known);
  }
}

function unknownField(path: string, field: string, known: string[]): string {
  const guess = nearest(field, known);
  return `Unknown field '${path}'${guess === undefined ? "" : `; did you mean '${guess}'?`}`;
}

/** Why SageMaker would refuse a request, by its model and by what its documentation says, in terms of the resource's fields. */
export function requestProblems(request: CreateProcessingJobCommandInput): string[] {
  const broken = brokenValues(REQUEST, request);
  const values = broken.map(({ path, rule }) => `'${fieldPath(path)}': ${messageOf(rule)}`);
  const told = new Set(broken.filter(({ rule }) => rule.isInModel).map(({ path }) => path));
  const violations = validate(REQUEST, request)
    // The model's list of instance types lags behind SageMaker's.
    .filter(({ path, message }) => !path.endsWith("instanceType") && !(told.has(path) && message.includes("pattern")))
    .map(({ path, message }) => message.replace(`'${path}'`, `'${fieldPath(path)}'`));
  return violations.length > 0 ? [...violations, ...values] : [...values, ...brokenRules(request as RuledRequest)];
}

/** `processingInputs.2.member.s3Input`, where SageMaker counts from 1, is `spec.processingInputs[1].s3Input`. */
function fieldPath(path: string): string {
  if (path === "processingJobName") return "metadata.name";
  return `spec.${path.replace(/\.(\d+)\.member/g, (_, position) => `[${Number(position) - 1}]`)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
