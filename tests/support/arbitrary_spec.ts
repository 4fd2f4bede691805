import fc from "fast-check";
import type { ProcessingJobSpec } from "../../src/api/processing_job.ts";
import { FACTS, fieldName, operation, type StringShape, wholeMatch } from "../../src/sagemaker/facts.ts";
import { keeps, valueRules } from "../../src/sagemaker/value_rules.ts";

/** Members that a spec has no field for. */
const NOT_WRITTEN = ["ProcessingJobName", "SelectedInstanceType", "SelectedInstanceCount"];
/** Lists are allowed more, but more tells nothing new. */
const MOST_ELEMENTS = 3;
/** Objects as JSON has them. */
const PLAIN = { noNullPrototype: true };

/**
 * Any spec of which the service model and the rules for single values have nothing to say against: made by walking the model's
 * shapes, so that a new member is tried as soon as the facts name it. Rules between members, which the model doesn't hold, may be
 * broken.
 */
export function arbitrarySpec(): fc.Arbitrary<ProcessingJobSpec> {
  const own = fc.record({
    region: fc.constantFrom("us-west-2", "eu-central-1", "cn-north-1"),
    sageMakerEndpoint: fc.constantFrom(undefined, "https://api.sagemaker.us-west-2.amazonaws.com"),
  });
  return fc.tuple(own, arbitraryOf(operation("CreateProcessingJob").input)).map(([own, members]) =>
    withoutUndefined({ ...own, ...members as object }) as unknown as ProcessingJobSpec
  );
}

/** Texts that are seldom met by chance. */
const MADE: Record<string, fc.Arbitrary<string>> = {
  ImageUri: fc.tuple(
    fc.constantFrom(
      "dkr.ecr.us-west-2.amazonaws.com",
      "dkr.ecr.cn-north-1.amazonaws.com.cn",
      "dkr-ecr.eu-west-1.on.aws",
    ),
    fc.stringMatching(/^[a-z0-9]{1,9}([/_.-][a-z0-9]{1,9}){0,3}(:[\w.-]{1,9})?$/),
  ).map(([host, name]) => `123456789012.${host}/${name}`),
  ProcessingLocalPath: fc.string({ maxLength: 40, unit: fc.constantFrom(..."abc XYZ09_-/.:%'\"\\é") }).map((rest) =>
    `/${rest}`
  ),
};

function arbitraryOf(shapeName: string, member?: string): fc.Arbitrary<unknown> {
  const expected = FACTS.shapes[shapeName];
  switch (expected?.type) {
    case "structure": {
      const members = Object.entries(expected.members).filter(([member]) => !NOT_WRITTEN.includes(member));
      const requiredKeys = (expected.required ?? []).filter((member) => !NOT_WRITTEN.includes(member)).map(fieldName);
      const fields = Object.fromEntries(members.map(([member, inner]) => [
        fieldName(member),
        arbitraryOf(inner, `${shapeName}.${member}`),
      ]));
      return fc.record(fields, { requiredKeys, ...PLAIN });
    }
    case "list": {
      const { min: minLength = 0, max = MOST_ELEMENTS } = expected;
      return fc.array(arbitraryOf(expected.member), { minLength, maxLength: Math.min(max, MOST_ELEMENTS) });
    }
    case "map": {
      // The only one is the environment, which a spec holds as a list; an empty one isn't sent.
      const variable = fc.record({ name: arbitraryOf(expected.key), value: arbitraryOf(expected.value) }, PLAIN);
      return fc.uniqueArray(variable, { selector: ({ name }) => name, minLength: 1, maxLength: MOST_ELEMENTS });
    }
    case "string":
      return (MADE[shapeName] ?? arbitraryString(expected))
        .filter((text) => valueRules(shapeName, member).every((rule) => keeps(rule, text)));
    case "integer":
    case "long":
      return fc.integer({ min: expected.min ?? -100, max: expected.max ?? 100 });
    case "boolean":
      return fc.boolean();
    default:
      throw new TypeError(`Cannot make a value of '${shapeName}' (${expected?.type}): teach it to arbitraryOf()`);
  }
}

function arbitraryString({ min = 0, max = 40, pattern, enum: words }: StringShape): fc.Arbitrary<string> {
  if (words) return fc.constantFrom(...words);
  const length = { minLength: min, maxLength: Math.min(max, Math.max(min, 40)) };
  // Anything goes; also by the pattern with surrogates of its own, which fast-check can't read.
  if (pattern === undefined || /^(\.\*|\[\\[sS]\\[sS]\][*+])$|\\uD800/.test(pattern)) {
    return fc.string({ ...length, unit: fc.constantFrom(..."abc XYZ09_-/.:%'\"\\é") });
  }
  const fits = (text: string) => text.length >= min && text.length <= max;
  return fc.stringMatching(wholeMatch(pattern), { size: "small" }).filter(fits);
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
}
