import type { ProcessingJob, ProcessingJobSpec } from "../api/processing_job.ts";

/** The registries whose images SageMaker is known to run: private ECR, by the plain host of each partition. */
const KNOWN_IMAGE =
  /^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)\//;

/**
 * What SageMaker may refuse, one sentence each. It is let through, because nothing that AWS has published says whether it does; the
 * status carries the warning until the job has completed. See docs/adr/0036-uncertain-specs-get-a-warning.md.
 */
export function specWarnings(spec: ProcessingJobSpec): string[] {
  const imageUri = String(spec.appSpecification?.imageUri ?? "");
  const inputs = listOf(spec.processingInputs);
  const outputs = listOf(spec.processingOutputConfig?.outputs);
  const paths = outputs.filter(({ appManaged }) => !appManaged).flatMap(({ s3Output }) => s3Output?.localPath ?? []);
  const names = new Set(inputs.map(({ inputName }) => inputName));
  const warnings: string[] = [];
  if (!KNOWN_IMAGE.test(imageUri)) {
    warnings.push(`SageMaker may not take an image of '${imageUri.split("/", 1)[0]}': use the host of private ECR`);
  }
  for (const path of new Set(paths.filter((path, index) => paths.indexOf(path) !== index))) {
    warnings.push(`SageMaker may not take two outputs in one directory: '${path}'`);
  }
  for (const spellings of sameDirectories(spec)) {
    warnings.push(`SageMaker may not take one directory twice: ${spellings.map((path) => `'${path}'`).join(" and ")}`);
  }
  if (outputs.some(({ outputName }) => outputName === "")) {
    warnings.push("SageMaker may not take an output without a name: set 'outputName'");
  }
  for (const { outputName } of outputs) {
    if (names.has(outputName)) {
      warnings.push(`SageMaker may not take an input and an output of one name: '${outputName}'`);
    }
  }
  return warnings;
}

/** The directories of inputs and outputs that are written in several ways, as `/a` and `/a/`; each with its spellings. */
function sameDirectories({ processingInputs, processingOutputConfig }: ProcessingJobSpec): string[][] {
  const inputs = listOf(processingInputs).map(({ appManaged, s3Input, datasetDefinition }) => ({
    appManaged,
    path: s3Input?.localPath ?? datasetDefinition?.localPath,
  }));
  const outputs = listOf(processingOutputConfig?.outputs).map(({ appManaged, s3Output }) => ({
    appManaged,
    path: s3Output?.localPath,
  }));
  const spellings = new Map<string, Set<string>>();
  for (const { appManaged, path } of [...inputs, ...outputs]) {
    if (appManaged || typeof path !== "string") continue;
    const directory = normalized(path);
    spellings.set(directory, (spellings.get(directory) ?? new Set()).add(path));
  }
  return [...spellings.values()].filter(({ size }) => size > 1).map((each) => [...each]);
}

/** The path without empty parts, `.` and `..`. */
function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The warnings about the whole spec of `resource`, also where only a part of it is in memory. */
export function warningsOf({ spec, reduced }: ProcessingJob): readonly string[] {
  return reduced?.warnings ?? specWarnings(spec);
}

/** A resource may have been stored under another schema, and its status must be written all the same. */
function listOf<T>(list: T[] | undefined): T[] {
  return Array.isArray(list) ? list.filter((element) => element !== null) : [];
}
