import { FACTS, LINE_BREAKS } from "./facts.ts";

/**
 * A rule about one text of a request. SageMaker refuses what breaks it, and so do the CRD, `render` and the simulator: all of
 * them read the rule from here.
 */
export interface ValueRule {
  /** The service's own words for it, or ours where the service's are not known. */
  words: string;
  /** What to write instead. */
  advice: string;
  /**
   * The rule as a regular expression that the value must contain a match of or, with `forbids`, must not. Only what RE2 (the
   * apiserver's engine) and JavaScript read alike, so no `\d` or `\s`.
   */
  pattern: string;
  forbids?: true;
  /** The service's whole answer, where it is known. `place` is the value's place in its list, counted from 0. */
  answer?: (value: string, place: number) => string;
  /** The service model has the rule too, so `validate` finds what breaks it. */
  isInModel?: true;
  /** The service takes such values. The operator does not: they are reserved for it. */
  isOurs?: true;
}

/** The operator's own tags have keys under this; see `ownership.ts`. */
export const OWN_TAG_PREFIX = "sagemaker-operator/";

const ANY_LINE = ".*";
/** The pattern of the empty text. */
export const EMPTY = "^$";

const SINGLE_LINE: ValueRule = {
  words: `Member must satisfy regular expression pattern: ${ANY_LINE}`,
  advice: "it must not hold a line break",
  pattern: `[${LINE_BREAKS}]`,
  forbids: true,
  isInModel: true,
};

/** Source of the words: https://github.com/aws/sagemaker-python-sdk/issues/3758 */
function noEmptyWord(member: string): ValueRule {
  const words = "ContainerArguments and ContainerEntrypoint may not contain null or empty strings";
  return {
    words,
    advice: "leave the empty one out, or write it in another way, as in --name=",
    pattern: EMPTY,
    forbids: true,
    answer: (_, place) => `Found null or empty string in ${member} at index ${place}. ${words}.`,
  };
}

/**
 * The hosts of private registries, of all partitions, FIPS and dual-stack hosts included. Source of the hosts:
 * amazon-ecr-credential-helper; of the words and of what is refused: https://github.com/aws/sagemaker-python-sdk/issues/2605
 */
const ECR_IMAGE: ValueRule = {
  words: "Please provide a valid Amazon Elastic Container Registry path of the Docker image to run",
  advice: "it looks like 123456789012.dkr.ecr.us-west-2.amazonaws.com/name:tag; " +
    "push images of other registries, public.ecr.aws too, to a private ECR repository first",
  pattern: "^[0-9]{12}\\.dkr[.-]ecr(-fips)?\\.[a-z0-9-]+(\\.[a-z0-9-]+)+/[a-zA-Z0-9_./:@+-]+$",
  answer: (value) => `Invalid image URI ${value}. ${ECR_IMAGE.words}.`,
};

const ABSOLUTE_PATH: ValueRule = {
  words: "LocalPath must be an absolute path",
  advice: "begin it with '/', as in /opt/ml/processing/input",
  pattern: "^/",
};

/** The model lists the types that it knows, but SageMaker has new ones before the model has. */
const INSTANCE_TYPE: ValueRule = {
  words: "Member must satisfy enum value set",
  advice: "an instance type begins with 'ml.' and has no blanks or capitals, as in ml.m5.xlarge",
  pattern: "^ml\\.[a-z0-9-]+(\\.[a-z0-9-]+)*$",
  isInModel: true,
};

const NAMED_INPUT: ValueRule = {
  words: "InputName must not be empty",
  advice: "name the input, as in inputName: data",
  pattern: EMPTY,
  forbids: true,
};

/** Source: AWS's rules for tags of every service. */
const NOT_AWS_TAG: ValueRule = {
  words: "Tag keys that begin with 'aws:' (in any case) are reserved for AWS",
  advice: "choose another key",
  pattern: "^[aA][wW][sS]:",
  forbids: true,
};

/** In any case and behind spaces: IAM's conditions on tags pass over the case of keys, and people over spaces. */
const NOT_OWN_TAG: ValueRule = {
  words: `Tag keys that begin with '${OWN_TAG_PREFIX}' (in any case) are reserved for the operator`,
  advice: "choose another key",
  pattern: `^[\\s\\p{Z}]*${inAnyCase(OWN_TAG_PREFIX)}`,
  forbids: true,
  isOurs: true,
};

/** By the shape of the value, or by structure and member where the shape is used elsewhere too. */
const SPECIAL: Readonly<Record<string, readonly ValueRule[]>> = {
  ContainerArgument: [noEmptyWord("ContainerArguments")],
  ContainerEntrypointString: [noEmptyWord("ContainerEntrypoint")],
  ImageUri: [ECR_IMAGE],
  ProcessingLocalPath: [ABSOLUTE_PATH],
  ProcessingInstanceType: [INSTANCE_TYPE],
  "ProcessingInput.InputName": [NAMED_INPUT],
  TagKey: [NOT_AWS_TAG, NOT_OWN_TAG],
};

/**
 * The rules for a value: those of its shape, and those of the member that it is in.
 *
 * @param shapeName as in the service facts
 * @param member as in `ProcessingInput.InputName`
 */
export function valueRules(shapeName: string, member?: string): readonly ValueRule[] {
  const shape = FACTS.shapes[shapeName];
  const isLine = shape?.type === "string" && shape.pattern === ANY_LINE;
  const special = [...(SPECIAL[shapeName] ?? []), ...(member === undefined ? [] : SPECIAL[member] ?? [])];
  return isLine ? [SINGLE_LINE, ...special] : special;
}

/** A pattern for `text`, which has letters, hyphens and slashes. */
function inAnyCase(text: string): string {
  return text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** Whether `value` keeps a rule. */
export function keeps({ pattern, forbids }: ValueRule, value: string): boolean {
  return matcher(pattern).test(value) !== (forbids === true);
}

/** What the CRD and `render` say of a value that breaks a rule. The simulator says it too, unless the service's answer is known. */
export function messageOf({ words, advice }: ValueRule): string {
  return `${words}; ${advice}`;
}

const matchers = new Map<string, RegExp>();

function matcher(pattern: string): RegExp {
  let found = matchers.get(pattern);
  if (!found) matchers.set(pattern, found = new RegExp(pattern, "u"));
  return found;
}
