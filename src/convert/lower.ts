import type { EnvironmentVariable } from "../api/spec_generated.ts";
import { FACTS, fieldName, type Shape, shape } from "../sagemaker/facts.ts";

/** Members of the model that only answers carry. */
const OUTPUT_ONLY: readonly string[] = ["SelectedInstanceType", "SelectedInstanceCount"];

/** How another tool writes the members of the API. */
export interface Spelling {
  /** Whether a key of that tool stands for a member, as `roleARN` for `RoleArn` in one and not in another. */
  means(key: string, member: string): boolean;
}

/** What a conversion found that it can't carry over, one sentence each. Never holds a value. */
export type Problems = string[];

/**
 * The fields of a resource for `value`, which another tool wrote for the shape of that name: the opposite of
 * `toCreateRequest`. Nulls stand for absent members. What has another type than the model says is passed on as it is, for the
 * check of the request that it makes.
 *
 * @param path where `value` is, as `processingInputs[0]`; empty for the whole
 */
export function lower(value: unknown, shapeName: string, spelling: Spelling, problems: Problems, path = ""): unknown {
  const type: Shape = shape(shapeName, FACTS.shapes);
  if (type.type === "list" && Array.isArray(value)) {
    return value.map((element, i) => lower(element, type.member, spelling, problems, `${path}[${i}]`));
  }
  // The only map is the environment.
  if (type.type === "map") return environmentList(value, problems, path);
  if (type.type !== "structure" || !isObject(value)) return value;
  const members = Object.keys(type.members);
  for (const key of Object.keys(value)) {
    if (members.some((member) => spelling.means(key, member))) continue;
    problems.push(`'${join(path, key)}' cannot be carried over: CreateProcessingJob has no such member`);
  }
  const fields: Record<string, unknown> = {};
  for (const [member, memberShape] of Object.entries(type.members)) {
    const key = Object.keys(value).find((key) => spelling.means(key, member));
    if (key === undefined || isNothing(value[key]) || OUTPUT_ONLY.includes(member)) continue;
    const field = lower(value[key], memberShape, spelling, problems, join(path, key));
    if (member !== "Environment" || !isEmptyList(field)) fields[fieldName(member)] = field;
  }
  return fields;
}

function environmentList(map: unknown, problems: Problems, path: string): EnvironmentVariable[] {
  if (isObject(map)) return Object.entries(map).map(([name, value]) => ({ name, value: value as string }));
  problems.push(`'${path}' must be a map from names to values`);
  return [];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
