import { fieldName, type Shape, shape } from "../../src/sagemaker/facts.ts";
import { REPEATED_TAG, SHARED_PATH } from "../../src/sagemaker/request_rules.ts";
import { EMPTY, messageOf, type ValueRule, valueRules } from "../../src/sagemaker/value_rules.ts";
import { SPEC } from "./adapt.ts";

/** An entry of `x-kubernetes-validations`. */
export interface Rule {
  rule: string;
  message: string;
  reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired";
  fieldPath?: string;
}

/** What a path expression in CEL must know of an input or output: whether SageMaker mounts it, and where. */
const isMounted = (variable: string) => `(!has(${variable}.appManaged) || !${variable}.appManaged)`;
const pathOf = (variable: string, source: string) =>
  `has(${variable}.${source}) && has(${variable}.${source}.localPath)`;
/** Whether the input \`variable\` is mounted at \`path\`. */
const isAt = (variable: string, path: string) =>
  `${isMounted(variable)} && (${pathOf(variable, "s3Input")} && ${variable}.s3Input.localPath == ${path} || ` +
  `${pathOf(variable, "datasetDefinition")} && ${variable}.datasetDefinition.localPath == ${path})`;

/**
 * What the API demands across fields, by structure or list. Only its documentation says these things, so they are written by hand.
 * A rule may refuse only what SageMaker refuses too: what the controller before this one took must still be taken.
 */
export const RULES: Record<string, Rule[]> = {
  ProcessingInput: [
    {
      rule: "has(self.s3Input) != has(self.datasetDefinition)",
      message: "write exactly one of s3Input and datasetDefinition",
    },
    {
      rule: [
        "(has(self.appManaged) && self.appManaged)",
        "(has(self.s3Input) && has(self.s3Input.localPath))",
        "(has(self.datasetDefinition) && has(self.datasetDefinition.localPath))",
        "(!has(self.s3Input) && !has(self.datasetDefinition))",
      ].join(" || "),
      message: "localPath is missing: name the directory in the container that the data appears in, " +
        "or set appManaged: true on the input if the application fetches the data itself",
      reason: "FieldValueRequired",
    },
  ],
  ProcessingS3Input: [
    {
      rule: "!has(self.s3CompressionType) || self.s3CompressionType != 'Gzip' || " +
        "(has(self.s3InputMode) && self.s3InputMode == 'Pipe')",
      message: "s3CompressionType Gzip works only while data is streamed: set s3InputMode: Pipe, " +
        "or set s3CompressionType: None and unpack the files in the container",
    },
  ],
  DatasetDefinition: [
    {
      rule: "has(self.athenaDatasetDefinition) != has(self.redshiftDatasetDefinition)",
      message: "write exactly one of athenaDatasetDefinition and redshiftDatasetDefinition",
    },
  ],
  ProcessingOutput: [
    {
      rule: "has(self.s3Output) != has(self.featureStoreOutput)",
      message: "write exactly one of s3Output and featureStoreOutput",
    },
    {
      rule: "!has(self.featureStoreOutput) || (has(self.appManaged) && self.appManaged)",
      message:
        "featureStoreOutput works only if the application writes the records: set appManaged: true on the output",
    },
    {
      rule: "(has(self.appManaged) && self.appManaged) || !has(self.s3Output) || has(self.s3Output.localPath)",
      message: "localPath is missing: name the directory in the container that is uploaded, " +
        "or set appManaged: true on the output if the application stores its results itself",
      reason: "FieldValueRequired",
    },
  ],
  EnvironmentVariable: [
    {
      rule: "!has(self.value) || !has(self.valueFrom)",
      message: "write only one of value and valueFrom",
    },
  ],
  EnvironmentValueSource: [
    {
      rule: "has(self.secretKeyRef) != has(self.configMapKeyRef)",
      message: "write exactly one of secretKeyRef and configMapKeyRef",
    },
  ],
  ProcessingInputs: [
    {
      rule: ["s3Input", "datasetDefinition"].map((source) =>
        `self.all(i, !${isMounted("i")} || !(${pathOf("i", source)}) || ` +
        `self.filter(j, ${isAt("j", `i.${source}.localPath`)}).size() == 1)`
      ).join(" && "),
      message: SHARED_PATH,
    },
  ],
  TagList: [
    { rule: "self.all(t, self.exists_one(u, u.key == t.key))", message: REPEATED_TAG },
  ],
  ProcessingClusterConfig: [
    {
      rule: "has(self.instanceType) != has(self.instancePreferences)",
      message: "write exactly one of instanceType and instancePreferences",
    },
    {
      rule: "!has(self.instancePreferences) || (has(self.instanceCount) " +
        "? self.instancePreferences.all(p, !has(p.instanceCount)) : self.instancePreferences.all(p, has(p.instanceCount)))",
      message: "with instancePreferences, write instanceCount on every preference, " +
        "or on none of them and once on clusterConfig",
    },
  ],
};

/** The rules between parts of the spec; the schema of the spec has them beside those that keep it unchanged. */
export const SPEC_RULES: Rule[] = [
  {
    rule: "!has(self.processingInputs) || !has(self.processingOutputConfig) || " +
      `self.processingOutputConfig.outputs.all(o, !${isMounted("o")} || !(${pathOf("o", "s3Output")}) || ` +
      `!self.processingInputs.exists(i, ${isAt("i", "o.s3Output.localPath")}))`,
    message: SHARED_PATH,
    fieldPath: ".processingOutputConfig",
  },
];

/** The rules for a text, by its shape and by the member that it is in, as a part of its schema. */
export function celRules(shapeName: string, member?: string): { "x-kubernetes-validations"?: Rule[] } {
  const rules = valueRules(shapeName, member).map((rule): Rule => ({ rule: celOf(rule), message: messageOf(rule) }));
  return rules.length > 0 ? { "x-kubernetes-validations": rules } : {};
}

function celOf({ pattern, forbids }: ValueRule): string {
  // The apiserver reckons a match by the longest text that there can be, and a comparison by the shorter side.
  if (pattern === EMPTY && forbids) return "self != ''";
  return `${forbids ? "!" : ""}self.matches(${celString(pattern)})`;
}

/** A string literal of CEL; what could not be seen in the CRD is written as an escape. */
function celString(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")
    .replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `'${escaped}'`;
}

/**
 * `==` on a list with map keys goes by the keys, so it finds a list with a repeated key unequal to itself. A resource may have
 * been stored with one before there were keys, and must not be stuck with its finalizer: compare such lists as plain ones too.
 */
const UNCHANGED: Record<string, string> = {
  processingInputs: "self.processingInputs == oldSelf.processingInputs || " +
    "self.processingInputs.map(i, i) == oldSelf.processingInputs.map(i, i)",
  processingOutputConfig: "self.processingOutputConfig == oldSelf.processingOutputConfig || " +
    "(self.processingOutputConfig.outputs.map(o, o) == oldSelf.processingOutputConfig.outputs.map(o, o) && " +
    "has(self.processingOutputConfig.kmsKeyId) == has(oldSelf.processingOutputConfig.kmsKeyId) && " +
    "(!has(self.processingOutputConfig.kmsKeyId) || " +
    "self.processingOutputConfig.kmsKeyId == oldSelf.processingOutputConfig.kmsKeyId))",
};

/** What the operator does, not SageMaker; it can be changed at any time, or until the job has finished. */
const EDITABLE: readonly string[] = ["ttlSecondsAfterFinished", "deletionPolicy"];
const EDITABLE_UNTIL_FINISHED: readonly string[] = ["suspend", "retryPolicy"];

/** An empty list of these says the same as none, so adding one or taking it away is no change. */
const EMPTY_IS_NONE: readonly string[] = ["tags", "environment", "processingInputs"];

const unchanged = (field: string, [now, before]: readonly [string, string] = ["self", "oldSelf"]) => {
  const isThere = (self: string) =>
    EMPTY_IS_NONE.includes(field) ? `(has(${self}.${field}) && size(${self}.${field}) > 0)` : `has(${self}.${field})`;
  const same = UNCHANGED[field] ?? `${now}.${field} == ${before}.${field}`;
  return `${isThere(now)} == ${isThere(before)} && (!${isThere(now)} || ${same})`;
};

/**
 * The rule of the resource as a whole: what a finished job can no longer heed. Only a change of these fields, which is rare,
 * has the conditions looked at. A job that was stopped to be suspended has no condition `Stopped`, as it isn't finished.
 */
export function finishedRule(): Rule {
  const same = EDITABLE_UNTIL_FINISHED.map((field) => `(${unchanged(field, ["self.spec", "oldSelf.spec"])})`);
  return {
    rule: `(${same.join(" && ")}) || !has(oldSelf.status) || !has(oldSelf.status.conditions) || ` +
      "!oldSelf.status.conditions.exists(c, c.status == 'True' && c.type in ['Complete', 'Failed', 'Stopped'])",
    message: `${EDITABLE_UNTIL_FINISHED.join(" and ")} cannot be changed once the job has finished: ` +
      "delete this ProcessingJob and apply it again, under this or another name",
    reason: "FieldValueForbidden",
    fieldPath: ".spec",
  };
}

/**
 * One rule for each field of the spec that stands for the job, which keeps it as it was created. Not one rule for the whole
 * spec, since some fields may be edited.
 */
export function immutabilityRules(shapes: Record<string, Shape>): Rule[] {
  const spec = shape(SPEC, shapes);
  if (spec.type !== "structure") throw new TypeError(`Cannot find the fields of '${SPEC}': it is no structure`);
  const editable = [...EDITABLE, ...EDITABLE_UNTIL_FINISHED];
  return Object.keys(spec.members).map(fieldName).filter((field) => !editable.includes(field)).map((field) => ({
    rule: unchanged(field),
    message: `${field} cannot be changed, because a SageMaker job cannot be: ` +
      "delete this ProcessingJob and apply it again, under this or another name",
    reason: "FieldValueForbidden",
    fieldPath: `.${field}`,
  }));
}
