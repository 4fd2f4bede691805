/**
 * What SageMaker refuses and so the apiserver, `render` and the simulator: for each a change of `FULL_SPEC`, and what is said to
 * it. `said` is what all three say, word for word; `answer` is what SageMaker says instead, where its own words are known.
 */
export interface Refused {
  title: string;
  /** Values by path, as in `changed`. */
  changes: Record<string, unknown>;
  /** The field that the apiserver names, as it writes it. */
  field: string;
  said: string;
  answer?: string;
  /** SageMaker takes it; it is the operator that does not. */
  isOurs?: true;
}

const APP = "appSpecification";
const TYPE = "processingResources.clusterConfig.instanceType";
const IN = "processingInputs.0.s3Input.localPath";
const OUT = "processingOutputConfig.outputs.0.s3Output.localPath";
const ATHENA = "processingInputs.1.datasetDefinition.localPath";
const IN_FIELD = "spec.processingInputs[0].s3Input.localPath";
const ARGUMENT = "spec.appSpecification.containerArguments[1]";

const EMPTY_WORD = "ContainerArguments and ContainerEntrypoint may not contain null or empty strings";
const ONE_LINE = "Member must satisfy regular expression pattern: .*";
const ECR = "Please provide a valid Amazon Elastic Container Registry path of the Docker image to run";
const ENUM = "Member must satisfy enum value set";
const ABSOLUTE = "LocalPath must be an absolute path; begin it with '/', as in /opt/ml/processing/input";
const SHARED = "Inputs and outputs must not share a LocalPath; give each a directory of its own, which may be inside " +
  "another one's; those that are appManaged may share one";
const AWS_TAG = "Tag keys that begin with 'aws:' (in any case) are reserved for AWS; choose another key";

const constraint = (value: string, path: string, said: string) =>
  `1 validation error detected: Value '${value}' at '${path}' failed to satisfy constraint: ${said}`;

function oneLine(field: string, path: string, value: string, change = value as unknown): Refused {
  return {
    title: `a line break in ${path}: ${JSON.stringify(value)}`,
    changes: { [path]: change },
    field,
    said: ONE_LINE,
    answer: constraint(value, path.replace(/\.(\d+)/g, (_, place) => `.${Number(place) + 1}.member`), ONE_LINE),
  };
}

function image(imageUri: string): Refused {
  return {
    title: `the image '${imageUri}'`,
    changes: { [`${APP}.imageUri`]: imageUri },
    field: "spec.appSpecification.imageUri",
    said: ECR,
    answer: `Invalid image URI ${imageUri}. ${ECR}.`,
  };
}

function path(at: string, value: string, field: string): Refused {
  return { title: `the path '${value}' in ${at}`, changes: { [at]: value }, field, said: ABSOLUTE };
}

export const REFUSED: readonly Refused[] = [
  {
    title: "an empty argument",
    changes: { [`${APP}.containerArguments`]: ["a", ""] },
    field: ARGUMENT,
    said: EMPTY_WORD,
    answer: `Found null or empty string in ContainerArguments at index 1. ${EMPTY_WORD}.`,
  },
  {
    title: "nothing but an empty argument",
    changes: { [`${APP}.containerArguments`]: [""] },
    field: "spec.appSpecification.containerArguments[0]",
    said: EMPTY_WORD,
    answer: `Found null or empty string in ContainerArguments at index 0. ${EMPTY_WORD}.`,
  },
  {
    title: "an empty entrypoint word",
    changes: { [`${APP}.containerEntrypoint.0`]: "" },
    field: "spec.appSpecification.containerEntrypoint[0]",
    said: EMPTY_WORD,
    answer: `Found null or empty string in ContainerEntrypoint at index 0. ${EMPTY_WORD}.`,
  },
  ...["a\nb", "a\r", "\u2028", "\u2029x", "a\u0085b"].map((value) =>
    oneLine(ARGUMENT, `${APP}.containerArguments.1`, value)
  ),
  oneLine("spec.appSpecification.containerEntrypoint[0]", `${APP}.containerEntrypoint.0`, "python3\n"),
  oneLine(
    "spec.appSpecification.imageUri",
    `${APP}.imageUri`,
    "123456789012.dkr.ecr.us-west-2.amazonaws.com/image\n",
  ),
  oneLine(IN_FIELD, IN, "/opt/ml\n/processing"),
  oneLine("spec.processingOutputConfig.outputs[0].s3Output.localPath", OUT, "/out\r"),
  image(""),
  image(" "),
  image("hello-world"),
  image("123456789012.dkr.ecr.us-west-2.amazonaws.com/my image:1"),
  image(" 123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1"),
  image("12345678901.dkr.ecr.us-west-2.amazonaws.com/image:1"),
  image("123456789012.dkr.ecr.us-west-2.amazonaws.com"),
  image("123456789012.dkr.ecr.us-west-2/image:1"),
  image("evil.example/123456789012.dkr.ecr.us-west-2.amazonaws.com/image:1"),
  image("docker.io/library/python:3.12"),
  image("public.ecr.aws/docker/library/python:3.12"),
  ...["m5.xlarge", "ml.m5.Xlarge", "ML.m5.xlarge", "ml.m5 .xlarge", " ml.m5.xlarge", "ml.", "xyz"].map((
    value,
  ): Refused => ({
    title: `the instance type '${value}'`,
    changes: { [TYPE]: value },
    field: `spec.${TYPE}`,
    said: ENUM,
    answer: constraint(value, TYPE, ENUM),
  })),
  path(IN, "", IN_FIELD),
  path(IN, "opt/ml/processing/in", IN_FIELD),
  path(IN, "./in", IN_FIELD),
  path(ATHENA, "in", "spec.processingInputs[1].datasetDefinition.localPath"),
  path(OUT, "", "spec.processingOutputConfig.outputs[0].s3Output.localPath"),
  {
    title: "an empty input name",
    changes: { "processingInputs.0.inputName": "" },
    field: "spec.processingInputs[0].inputName",
    said: "InputName must not be empty; name the input, as in inputName: data",
  },
  {
    title: "two inputs in one directory",
    changes: { [IN]: "/opt/ml/processing/redshift" },
    field: "spec.processingInputs",
    said: SHARED,
  },
  {
    title: "an input of objects and a query in one directory",
    changes: { [ATHENA]: "/opt/ml/processing/objects" },
    field: "spec.processingInputs",
    said: SHARED,
  },
  {
    title: "an input and an output in one directory",
    changes: { [OUT]: "/opt/ml/processing/objects" },
    field: "spec.processingOutputConfig",
    said: SHARED,
  },
  {
    title: "a query and an output in one directory",
    changes: { [OUT]: "/opt/ml/processing/athena" },
    field: "spec.processingOutputConfig",
    said: SHARED,
  },
  ...["aws:team", "AWS:team", "aWs:"].map((key): Refused => ({
    title: `the tag '${key}'`,
    changes: { "tags.1.key": key },
    field: "spec.tags[1].key",
    said: AWS_TAG,
  })),
  {
    title: "a tag that occurs twice",
    changes: { "tags.1.key": "team" },
    field: "spec.tags",
    said: "Tag keys must be unique; write each key once",
  },
  {
    title: "a tag of the operator's",
    changes: { "tags.1.key": "sagemaker-operator/uid" },
    field: "spec.tags[1].key",
    said:
      "Tag keys that begin with 'sagemaker-operator/' (in any case) are reserved for the operator; choose another key",
    isOurs: true,
  },
];
