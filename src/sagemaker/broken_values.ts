import { fieldName, shape } from "./facts.ts";
import { keeps, messageOf, type ValueRule, valueRules } from "./value_rules.ts";

/** A text of a request that breaks a rule. */
export interface BrokenValue {
  /** As in `Violation`: `appSpecification.containerArguments.1.member`. */
  path: string;
  rule: ValueRule;
  /** What the service answers to it. */
  answer: string;
}

/**
 * The texts of a request that break one of `valueRules`, in the request's order; of one text only the first rule is told.
 * What has another type than the service model says is passed over: `validate` reports it.
 *
 * @throws RangeError if no shape has that name
 */
export function brokenValues(shapeName: string, value: unknown): BrokenValue[] {
  return [...brokenIn({ shapeName, value, path: "", place: 0 })];
}

interface Position {
  shapeName: string;
  value: unknown;
  path: string;
  /** In its list, counted from 0. */
  place: number;
  /** The structure and member that the value is in. */
  member?: string;
}

function* brokenIn({ shapeName, value, path, place, member }: Position): Generator<BrokenValue> {
  const expected = shape(shapeName);
  if (typeof value === "string") {
    const rule = valueRules(shapeName, member).find((rule) => !keeps(rule, value));
    if (rule) yield { path, rule, answer: rule.answer?.(value, place) ?? messageOf(rule) };
  } else if (expected.type === "list" && Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      yield* brokenIn({
        shapeName: expected.member,
        value: element,
        path: `${path}.${index + 1}.member`,
        place: index,
      });
    }
  } else if (expected.type === "structure" && typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      const innerShape = Object.hasOwn(expected.members, name) ? expected.members[name] : undefined;
      if (innerShape === undefined) continue;
      const innerPath = path === "" ? fieldName(name) : `${path}.${fieldName(name)}`;
      yield* brokenIn({ shapeName: innerShape, value: inner, path: innerPath, place, member: `${shapeName}.${name}` });
    }
  }
}
