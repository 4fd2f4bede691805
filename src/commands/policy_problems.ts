import { DELETION_POLICIES, RETRY_CAUSES } from "../api/policies.ts";

type Rule =
  | { type: "boolean" }
  | { type: "integer" | "number"; min: number; max: number }
  | { words: readonly string[] }
  | { each: readonly string[] };

const SECONDS = { type: "integer", max: 2 ** 31 - 1 } as const;

/** The limits that the CRD has for what is in no request. */
const RULES: Record<string, Rule> = {
  suspend: { type: "boolean" },
  ttlSecondsAfterFinished: { ...SECONDS, min: 0 },
  deletionPolicy: { words: DELETION_POLICIES },
};
const RETRY_RULES: Record<string, Rule> = {
  maxAttempts: { type: "integer", min: 1, max: 10 },
  retryOn: { each: RETRY_CAUSES },
  backoffSeconds: { type: "integer", min: 0, max: 86_400 },
  backoffRate: { type: "number", min: 1, max: 10 },
  expireAfterSeconds: { ...SECONDS, min: 1 },
};

/** The fields of a spec that say what the operator does over a job's whole life. */
export const POLICY_FIELDS: readonly string[] = [...Object.keys(RULES), "retryPolicy"];
export const RETRY_POLICY_FIELDS: readonly string[] = Object.keys(RETRY_RULES);

/** What the cluster would refuse of a spec's policies; unknown fields aside. */
export function* policyProblems(spec: Readonly<Record<string, unknown>>): Generator<string> {
  yield* broken(spec, RULES, "spec");
  const { retryPolicy } = spec;
  if (retryPolicy === undefined) return;
  if (typeof retryPolicy === "object" && retryPolicy !== null && !Array.isArray(retryPolicy)) {
    yield* broken(retryPolicy as Record<string, unknown>, RETRY_RULES, "spec.retryPolicy");
  } else {
    yield "'spec.retryPolicy' must be a mapping, as in '{maxAttempts: 3}'";
  }
}

function* broken(values: Readonly<Record<string, unknown>>, rules: Record<string, Rule>, path: string) {
  for (const [field, rule] of Object.entries(rules)) {
    const value = values[field];
    if (value !== undefined && !holds(value, rule)) yield `'${path}.${field}' must be ${wanted(rule)}`;
  }
}

function holds(value: unknown, rule: Rule): boolean {
  if ("words" in rule) return rule.words.includes(value as string);
  if ("each" in rule) {
    return Array.isArray(value) && value.length > 0 && value.every((word) => rule.each.includes(word));
  }
  if (rule.type === "boolean") return typeof value === "boolean";
  const isNumber = rule.type === "integer" ? Number.isInteger(value) : Number.isFinite(value);
  return isNumber && (value as number) >= rule.min && (value as number) <= rule.max;
}

function wanted(rule: Rule): string {
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(", ");
  if ("words" in rule) return `one of ${quoted(rule.words)}`;
  if ("each" in rule) return `a list of some of ${quoted(rule.each)}`;
  if (rule.type === "boolean") return "true or false";
  return `${rule.type === "integer" ? "a whole number" : "a number"} from ${rule.min} to ${rule.max}`;
}
