import type { FaultRule } from "./faults.ts";

/** Rules as somebody writes them down. */
export interface FaultScript {
  rules: FaultRule[];
  /** Makes the throws of the dice repeatable. */
  seed?: number;
}

type Kind = "text" | "number" | "flag";

/** The members of each fault, a `?` where one may be left out. */
const FAULTS: Record<string, Record<string, `${Kind}${"" | "?"}`>> = {
  error: { code: "text", message: "text?", status: "number?", applied: "flag?" },
  latency: { ms: "number", applied: "flag?" },
  hang: { applied: "flag?" },
  reset: { applied: "flag?" },
  duplicate: {},
  throttle: { perSecond: "number" },
  stale: { ms: "number" },
  "repeat-token": {},
  endless: {},
};

const RULE: typeof FAULTS[string] = {
  job: "text?",
  page: "text?",
  after: "number?",
  times: "number?",
  probability: "number?",
};

const TYPES: Record<Kind, string> = { text: "string", number: "number", flag: "boolean" };

/**
 * Reads a script's JSON.
 *
 * @throws TypeError where it isn't one, with the place and what is wanted there
 */
export function parseFaultScript(text: string): FaultScript {
  const script = object(parseJson(text), "the script");
  check(script, "the script", { seed: "number?" }, ["rules"]);
  if (!Array.isArray(script.rules)) throw new TypeError("Cannot use the script: it needs a list 'rules'");
  script.rules.forEach((rule, index) => checkRule(rule, `rules[${index}]`));
  return script as unknown as FaultScript;
}

function checkRule(value: unknown, place: string): void {
  const rule = object(value, place);
  check(rule, place, RULE, ["fault", "operation"]);
  const { operation } = rule;
  if (operation !== undefined && ![operation].flat().every((each) => typeof each === "string")) {
    throw new TypeError(`Cannot use ${place}: 'operation' must be a name or a list of names`);
  }
  if (rule.page !== undefined && rule.page !== "first" && rule.page !== "later") {
    throw new TypeError(`Cannot use ${place}: 'page' must be first or later`);
  }
  const fault = object(rule.fault, `${place}.fault`);
  const members = FAULTS[String(fault.kind)];
  if (!members) {
    throw new TypeError(`Cannot use ${place}.fault: 'kind' must be one of ${Object.keys(FAULTS).join(", ")}`);
  }
  check(fault, `${place}.fault`, members, ["kind"]);
}

function check(value: Record<string, unknown>, place: string, members: typeof RULE, more: string[]): void {
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(members, name) && !more.includes(name));
  if (unknown !== undefined) throw new TypeError(`Cannot use ${place}: it has an unknown member '${unknown}'`);
  for (const [name, wanted] of Object.entries(members)) {
    if (value[name] === undefined && wanted.endsWith("?")) continue;
    const type = TYPES[wanted.replace("?", "") as Kind];
    const isRight = typeof value[name] === type && (type !== "number" || (value[name] as number) >= 0);
    if (!isRight) {
      throw new TypeError(`Cannot use ${place}: '${name}' must be a ${type}${type === "number" ? ", 0 or more" : ""}`);
    }
  }
}

function object(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new TypeError(`Cannot use ${place}: it must be a JSON object`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError("Cannot use the script: it is not JSON", { cause });
  }
}
