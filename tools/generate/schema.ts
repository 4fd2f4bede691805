import { fieldName, type ListShape, type Shape, shape, type StringShape } from "../../src/sagemaker/facts.ts";
import { describe } from "./descriptions.ts";
import { celRules, type Rule, RULES } from "./rules.ts";

/** The part of apiextensions/v1 `JSONSchemaProps` that the CRD uses. */
export interface Schema {
  description?: string;
  type: "object" | "array" | "string" | "integer" | "number" | "boolean";
  format?: string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Schema;
  default?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  "x-kubernetes-list-type"?: "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-validations"?: Rule[];
}

/** Lists in which a field tells the elements apart. As CEL rules, these would go beyond the apiserver's cost budget. */
const LIST_MAP_KEYS: Record<string, string> = {
  ProcessingInputs: "inputName",
  ProcessingOutputs: "outputName",
  ProcessingInstancePreferenceList: "instanceType",
};

/**
 * The schema of the shape called `name` and of everything under it.
 *
 * @param member the structure and member that it is the schema of, as in `ProcessingInput.InputName`
 */
export function schemaOf(shapes: Record<string, Shape>, name: string, member?: string): Schema {
  const target = shape(name, shapes);
  switch (target.type) {
    case "structure":
      return structureSchema(shapes, name, target.members, target.required ?? []);
    case "list":
      return listSchema(shapes, name, target);
    case "string":
      return { ...stringSchema(target), ...celRules(name, member) };
    case "boolean":
      return { type: "boolean" };
    case "integer":
    case "long":
      return {
        type: "integer",
        format: target.type === "integer" ? "int32" : "int64",
        ...target.min !== undefined && { minimum: target.min },
        ...target.max !== undefined && { maximum: target.max },
      };
    case "double":
      return {
        type: "number",
        format: "double",
        ...target.min !== undefined && { minimum: target.min },
        ...target.max !== undefined && { maximum: target.max },
      };
    default:
      throw new TypeError(`Cannot render '${name}': no field of a resource is a ${target.type}`);
  }
}

function structureSchema(
  shapes: Record<string, Shape>,
  name: string,
  members: Record<string, string>,
  required: string[],
): Schema {
  const properties = Object.entries(members).map(([member, target]) => {
    const schema = { description: describe(name, member), ...schemaOf(shapes, target, `${name}.${member}`) };
    return [fieldName(member), schema] as const;
  });
  const rules = RULES[name];
  return {
    type: "object",
    ...required.length > 0 && { required: required.map(fieldName).sort() },
    ...rules && { "x-kubernetes-validations": rules },
    properties: Object.fromEntries(properties),
  };
}

function listSchema(shapes: Record<string, Shape>, name: string, list: ListShape): Schema {
  const key = LIST_MAP_KEYS[name];
  const rules = RULES[name];
  return {
    type: "array",
    ...list.min && { minItems: list.min },
    ...list.max !== undefined && { maxItems: list.max },
    ...key !== undefined && { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] },
    ...rules && { "x-kubernetes-validations": rules },
    items: schemaOf(shapes, list.member),
  };
}

function stringSchema(string: StringShape): Schema {
  if (string.enum) return { type: "string", enum: string.enum };
  const pattern = anchored(string.pattern);
  return {
    type: "string",
    ...string.min && { minLength: string.min },
    ...string.max !== undefined && { maxLength: string.max },
    ...pattern !== undefined && { pattern },
  };
}

/** Patterns that every string matches, line breaks apart. */
const TRIVIAL = new Set([".*", "[\\S\\s]*", "[\\s\\S]+"]);

/**
 * A pattern for the apiserver, which searches where the service matches the whole value. Absent where it says nothing, and
 * where RE2, the apiserver's engine, cannot compile it: RE2 has no `\u` escapes.
 */
export function anchored(pattern: string | undefined): string | undefined {
  if (pattern === undefined || TRIVIAL.has(pattern) || pattern.includes("\\u")) return undefined;
  return `^(?:${pattern})$`;
}
