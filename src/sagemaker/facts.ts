import facts from "./facts.json" with { type: "json" };

/**
 * What the AWS service model says that a machine can check: names, required members, lengths, ranges, patterns, enums.
 * Taken from botocore by tools/refresh_facts.py; the schema of the resource, the checks of the stand-in and the tests of the
 * request conversion all read it from here.
 */
export interface Facts {
  source: { package: string; version: string; service: string; apiVersion: string; licence: string };
  operations: Record<string, Operation>;
  shapes: Record<string, Shape>;
}

export interface Operation {
  input: string;
  /** Absent where the answer is empty. */
  output?: string;
  /** The errors that the model names; the common ones (throttling, validation, access) are never among them. */
  errors?: string[];
}

/** A type of the model. Types refer to each other by name. */
export type Shape = StructureShape | ListShape | MapShape | StringShape | NumberShape | PlainShape;

export interface StructureShape {
  type: "structure";
  required?: string[];
  /** Member name to shape name, in the model's order. */
  members: Record<string, string>;
}

export interface ListShape {
  type: "list";
  member: string;
  /** Fewest and most elements. */
  min?: number;
  max?: number;
}

export interface MapShape {
  type: "map";
  key: string;
  value: string;
  min?: number;
  max?: number;
}

export interface StringShape {
  type: "string";
  /** Fewest and most characters. */
  min?: number;
  max?: number;
  /** Unanchored as in the model, but the service matches the whole value: see `wholeMatch`. */
  pattern?: string;
  enum?: string[];
}

export interface NumberShape {
  type: "integer" | "long" | "float" | "double";
  min?: number;
  max?: number;
}

/** Times are seconds since the epoch on the wire. */
export interface PlainShape {
  type: "boolean" | "timestamp";
}

export const FACTS = facts as Facts;

/** @throws RangeError if no operation has that name */
export function operation(name: string): Operation {
  const found = FACTS.operations[name];
  if (!found) throw new RangeError(`Cannot find operation '${name}' in the service facts`);
  return found;
}

/** @throws RangeError if no shape has that name */
export function shape(name: string, shapes: Record<string, Shape> = FACTS.shapes): Shape {
  const found = shapes[name];
  if (!found) throw new RangeError(`Cannot find shape '${name}' in the service facts`);
  return found;
}

/** The name in a resource of a member of the API: `KmsKeyId` is `kmsKeyId`. */
export function fieldName(member: string): string {
  return member.charAt(0).toLowerCase() + member.slice(1);
}

/** The name in the API of a field of a resource: `kmsKeyId` is `KmsKeyId`. */
export function memberName(field: string): string {
  return field.charAt(0).toUpperCase() + field.slice(1);
}

/** Java's line terminators, which the `.` of a pattern does not match in the service; JavaScript's lack U+0085. */
export const LINE_BREAKS = "\\n\\r\u0085\u2028\u2029";

/** A pattern of the model as the service applies it: to the whole value. */
export function wholeMatch(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern.replaceAll(".*", `[^${LINE_BREAKS}]*`)})$`, "u");
}
