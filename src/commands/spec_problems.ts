import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import { FACTS, fieldName, operation } from "../sagemaker/facts.ts";
import { brokenRules, type RuledRequest } from "../sagemaker/request_rules.ts";
import { validate } from "../sagemaker/validate.ts";
import { nearest } from "./nearest.ts";

const REQUEST = operation("CreateProcessingJob").input;
const ENVIRONMENT_FIELDS = ["name", "value"];
/** Members of the model that a resource has no field for: the name is derived, and what SageMaker selects it answers. */
const NO_FIELDS = ["ProcessingJobName", "SelectedInstanceType", "SelectedInstanceCount"];
/** Fields of a spec that are not in the request. */
const OWN_FIELDS = ["region", "sageMakerEndpoint"];

/** What keeps a spec from being read at all: fields that there aren't, each with the one that was perhaps meant. */
export function unknownFields(spec: unknown): string[] {
  if (!isObject(spec)) return ["'spec' must hold the fields of a ProcessingJob"];
  const problems = [...unknownIn(spec, REQUEST, "spec")];
  if (typeof spec["region"] !== "string" || spec["region"] === "") problems.push("'spec.region' must be set");
  return problems;
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
    for (const field of Object.keys(variable)) {
      if (!ENVIRONMENT_FIELDS.includes(field)) yield unknownField(`${path}[${i}].${field}`, field, ENVIRONMENT_FIELDS);
    }
  }
}

function unknownField(path: string, field: string, known: string[]): string {
  const guess = nearest(field, known);
  return `Unknown field '${path}'${guess === undefined ? "" : `; did you mean '${guess}'?`}`;
}

/** Why SageMaker would refuse a request, by its model and by what its documentation says, in terms of the resource's fields. */
export function requestProblems(request: CreateProcessingJobCommandInput): string[] {
  const violations = validate(REQUEST, request)
    // The model's list of instance types lags behind SageMaker's.
    .filter(({ path }) => !path.endsWith("instanceType"))
    .map(({ path, message }) => message.replace(`'${path}'`, `'${fieldPath(path)}'`));
  return violations.length > 0 ? violations : brokenRules(request as RuledRequest);
}

/** `processingInputs.2.member.s3Input`, where SageMaker counts from 1, is `spec.processingInputs[1].s3Input`. */
function fieldPath(path: string): string {
  if (path === "processingJobName") return "metadata.name";
  return `spec.${path.replace(/\.(\d+)\.member/g, (_, position) => `[${Number(position) - 1}]`)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
