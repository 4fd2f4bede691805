import { fieldName, type MapShape, type Shape, shape, type StringShape, wholeMatch } from "./facts.ts";

/** One way in which a value differs from what the service model says. */
export interface Violation {
  /** As the service writes it: first letters lowered, list elements counted from 1, as in `processingInputs.2.member.s3Input`. */
  path: string;
  /** `type`: the JSON has another type; `unknown`: the model has no such member; `constraint`: everything else. */
  kind: "type" | "constraint" | "unknown";
  /** In the service's words where it has some. Never holds a value of a map, which is where a job's environment is. */
  message: string;
}

export interface ValidateOptions {
  /** Whether members that the model doesn't have are violations. The service ignores them. @default {false} */
  unknownMembers?: boolean;
}

/**
 * Checks a value of the wire protocol (times in seconds since the epoch) against a shape of the service facts. `null` counts
 * as absent. An empty result means that the service's own model has nothing against the value; see `brokenRules` for what
 * only the service's prose says.
 *
 * @throws RangeError if no shape has that name
 */
export function validate(shapeName: string, value: unknown, options: ValidateOptions = {}): Violation[] {
  const violations: Violation[] = [];
  check(shapeName, value, "", { violations, unknownMembers: options.unknownMembers ?? false });
  return violations;
}

/** All violations as the one text that the service answers with. */
export function validationMessage(violations: readonly Violation[]): string {
  const noun = violations.length === 1 ? "error" : "errors";
  return `${violations.length} validation ${noun} detected: ${
    violations.map((violation) => violation.message).join("; ")
  }`;
}

interface Context {
  violations: Violation[];
  unknownMembers: boolean;
}

function check(shapeName: string, value: unknown, path: string, context: Context): void {
  const expected = shape(shapeName);
  if (!hasType(expected, value)) {
    const message = `Value at '${path}' has the wrong type: expected ${expected.type}`;
    context.violations.push({ path, kind: "type", message });
    return;
  }
  if (expected.type === "structure") return checkMembers(expected, value as Record<string, unknown>, path, context);
  if (expected.type === "map") return checkEntries(expected, value as Record<string, unknown>, path, context);
  for (const constraint of brokenConstraints(shapeName, expected, value)) {
    const shown = Array.isArray(value) ? `[${value.map(brief).join(", ")}]` : String(value);
    context.violations.push(constraintViolation(`Value '${shown}' at '${path}'`, path, constraint));
  }
  if (expected.type === "list") {
    (value as unknown[]).forEach((element, index) =>
      check(expected.member, element, `${path}.${index + 1}.member`, context)
    );
  }
}

function checkMembers(
  expected: Extract<Shape, { type: "structure" }>,
  value: Record<string, unknown>,
  path: string,
  context: Context,
): void {
  const prefix = path === "" ? "" : `${path}.`;
  for (const member of expected.required ?? []) {
    if (value[member] !== undefined && value[member] !== null) continue;
    const missing = prefix + fieldName(member);
    context.violations.push(constraintViolation(`Value null at '${missing}'`, missing, "Member must not be null"));
  }
  for (const [member, inner] of Object.entries(value)) {
    if (inner === undefined || inner === null) continue;
    const innerPath = prefix + fieldName(member);
    const innerShape = Object.hasOwn(expected.members, member) ? expected.members[member] : undefined;
    if (innerShape !== undefined) check(innerShape, inner, innerPath, context);
    else if (context.unknownMembers) {
      const message = `Member '${member}' at '${innerPath}' is not in the service model`;
      context.violations.push({ path: innerPath, kind: "unknown", message });
    }
  }
}

/** As the service does, says of a map which rule is broken but shows neither keys nor values. */
function checkEntries(expected: MapShape, value: Record<string, unknown>, path: string, context: Context): void {
  const broken = new Set(sizeConstraints(expected, Object.keys(value).length));
  const [keyShape, valueShape] = [shape(expected.key), shape(expected.value)];
  for (const [key, inner] of Object.entries(value)) {
    if (!hasType(valueShape, inner)) {
      const message = `Value at '${path}' has the wrong type: expected ${valueShape.type} values`;
      context.violations.push({ path, kind: "type", message });
      return;
    }
    const keyConstraints = brokenConstraints(expected.key, keyShape, key);
    const valueConstraints = brokenConstraints(expected.value, valueShape, inner);
    if (keyConstraints.length > 0) broken.add(`Map keys must satisfy constraint: [${keyConstraints.join(", ")}]`);
    if (valueConstraints.length > 0) broken.add(`Map value must satisfy constraint: [${valueConstraints.join(", ")}]`);
  }
  for (const constraint of broken) context.violations.push(constraintViolation(`Value at '${path}'`, path, constraint));
}

function brokenConstraints(shapeName: string, expected: Shape, value: unknown): string[] {
  switch (expected.type) {
    case "string":
      return stringConstraints(shapeName, expected, value as string);
    case "list":
      return sizeConstraints(expected, (value as unknown[]).length);
    case "integer":
    case "long":
    case "float":
    case "double":
      return rangeConstraints(expected, value as number, "value");
    default:
      return [];
  }
}

function stringConstraints(shapeName: string, expected: StringShape, value: string): string[] {
  const broken = sizeConstraints(expected, lengthOf(value));
  if (expected.pattern !== undefined && !matcher(shapeName, expected.pattern).test(value)) {
    broken.push(`Member must satisfy regular expression pattern: ${expected.pattern}`);
  }
  if (expected.enum && !expected.enum.includes(value)) {
    broken.push(`Member must satisfy enum value set: [${expected.enum.join(", ")}]`);
  }
  return broken;
}

/**
 * The length of a text as the service counts it: characters, not UTF-16 units or bytes. So says the specification of Smithy (the
 * `length` trait counts Unicode scalar values), which AWS publishes the service's model in; botocore and the apiserver count so too.
 */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

function sizeConstraints(limits: { min?: number; max?: number }, size: number): string[] {
  return rangeConstraints(limits, size, "length");
}

function rangeConstraints(
  { min, max }: { min?: number; max?: number },
  actual: number,
  what: "value" | "length",
): string[] {
  const broken: string[] = [];
  if (max !== undefined && actual > max) broken.push(`Member must have ${what} less than or equal to ${max}`);
  if (min !== undefined && actual < min) broken.push(`Member must have ${what} greater than or equal to ${min}`);
  return broken;
}

function hasType({ type }: Shape, value: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "integer":
    case "long":
      return Number.isSafeInteger(value);
    case "float":
    case "double":
    case "timestamp":
      return typeof value === "number";
    case "list":
      return Array.isArray(value);
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

function constraintViolation(subject: string, path: string, constraint: string): Violation {
  return { path, kind: "constraint", message: `${subject} failed to satisfy constraint: ${constraint}` };
}

function brief(element: unknown): string {
  return typeof element === "object" ? "…" : String(element);
}

const matchers = new Map<string, RegExp>();

/** Compiled once: a stand-in checks many thousands of requests. */
function matcher(shapeName: string, pattern: string): RegExp {
  let found = matchers.get(shapeName);
  if (!found) {
    found = wholeMatch(pattern);
    matchers.set(shapeName, found);
  }
  return found;
}
