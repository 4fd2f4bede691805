/** Those members of a CreateProcessingJob request that rules between members look at. */
export interface RuledRequest {
  Tags?: { Key: string }[];
  ProcessingInputs?: Input[];
  ProcessingOutputConfig?: { Outputs: Output[] };
  ProcessingResources: { ClusterConfig: ClusterConfig };
}

interface Input {
  InputName: string;
  AppManaged?: boolean;
  S3Input?: { LocalPath?: string; S3InputMode?: string; S3CompressionType?: string };
  DatasetDefinition?: { LocalPath?: string; AthenaDatasetDefinition?: unknown; RedshiftDatasetDefinition?: unknown };
}

interface Output {
  OutputName: string;
  AppManaged?: boolean;
  S3Output?: { LocalPath?: string };
  FeatureStoreOutput?: unknown;
}

/**
 * What the CRD, `render` and the simulator say of values that must differ. The service's own words are not known: of two inputs it
 * answers an empty message (https://github.com/aws/sagemaker-python-sdk/issues/4939).
 */
export const SHARED_PATH = "Inputs and outputs must not share a LocalPath; give each a directory of its own, " +
  "which may be inside another one's; those that are appManaged may share one";
export const REPEATED_TAG = "Tag keys must be unique; write each key once";

interface ClusterConfig {
  InstanceType?: string;
  InstanceCount?: number;
  InstancePreferences?: { InstanceType: string; InstanceCount?: number }[];
  SelectedInstanceType?: string;
  SelectedInstanceCount?: number;
}

/**
 * The rules between members that only the prose of CreateProcessingJob's documentation states, for a request that `validate`
 * has nothing against. One sentence for each broken rule; the wording is ours. That an input's path must be below
 * /opt/ml/processing is left out: jobs with other paths are known to have run.
 */
export function brokenRules(request: RuledRequest): string[] {
  const inputs = request.ProcessingInputs ?? [];
  const outputs = request.ProcessingOutputConfig?.Outputs ?? [];
  return [
    ...inputs.flatMap(brokenByInput),
    ...outputs.flatMap(brokenByOutput),
    ...duplicates(inputs.map((input) => input.InputName)).map((name) => `Input name '${name}' must be unique`),
    ...duplicates(outputs.map((output) => output.OutputName)).map((name) => `Output name '${name}' must be unique`),
    ...sharePath(inputs, outputs) ? [SHARED_PATH] : [],
    ...duplicates((request.Tags ?? []).map(({ Key }) => Key)).length > 0 ? [REPEATED_TAG] : [],
    ...brokenByCluster(request.ProcessingResources.ClusterConfig),
  ];
}

/**
 * Whether two inputs, or an input and an output, have one directory in the container. Two outputs may: what the service says to
 * that is not known.
 */
function sharePath(inputs: readonly Input[], outputs: readonly Output[]): boolean {
  const isMounted = ({ AppManaged }: Input | Output) => AppManaged !== true;
  const isPath = (path: string | undefined) => path !== undefined && path !== null;
  const read = inputs.filter(isMounted).map(({ S3Input, DatasetDefinition }) =>
    (S3Input ?? DatasetDefinition)?.LocalPath
  )
    .filter(isPath);
  const written = outputs.filter(isMounted).map(({ S3Output }) => S3Output?.LocalPath).filter(isPath);
  return new Set(read).size < read.length || written.some((path) => read.includes(path));
}

function brokenByInput(input: Input): string[] {
  const where = `Input '${input.InputName}'`;
  const { S3Input: s3, DatasetDefinition: dataset } = input;
  const broken: string[] = [];
  if (count(s3, dataset) !== 1) broken.push(`${where} must have exactly one of S3Input and DatasetDefinition`);
  if (dataset && count(dataset.AthenaDatasetDefinition, dataset.RedshiftDatasetDefinition) !== 1) {
    broken.push(`${where} must have exactly one of AthenaDatasetDefinition and RedshiftDatasetDefinition`);
  }
  const source = s3 ?? dataset;
  if (source && !input.AppManaged && !present(source.LocalPath)) {
    broken.push(`${where} must have a LocalPath unless it is AppManaged`);
  }
  if (s3?.S3CompressionType === "Gzip" && s3.S3InputMode !== "Pipe") {
    broken.push(`${where} must have S3InputMode Pipe for S3CompressionType Gzip`);
  }
  return broken;
}

function brokenByOutput(output: Output): string[] {
  const where = `Output '${output.OutputName}'`;
  const broken: string[] = [];
  if (count(output.S3Output, output.FeatureStoreOutput) !== 1) {
    broken.push(`${where} must have exactly one of S3Output and FeatureStoreOutput`);
  }
  if (output.FeatureStoreOutput && !output.AppManaged) {
    broken.push(`${where} must be AppManaged for a FeatureStoreOutput`);
  }
  if (output.S3Output && !output.AppManaged && !present(output.S3Output.LocalPath)) {
    broken.push(`${where} must have a LocalPath unless it is AppManaged`);
  }
  return broken;
}

function brokenByCluster(cluster: ClusterConfig): string[] {
  const preferences = cluster.InstancePreferences;
  const broken: string[] = [];
  if (count(cluster.InstanceType, preferences) !== 1) {
    broken.push("ClusterConfig must have exactly one of InstanceType and InstancePreferences");
  }
  if (count(cluster.SelectedInstanceType, cluster.SelectedInstanceCount) > 0) {
    broken.push(
      "ClusterConfig must not have SelectedInstanceType or SelectedInstanceCount, which are set by the service",
    );
  }
  if (!preferences) return broken;
  for (const type of duplicates(preferences.map((preference) => preference.InstanceType))) {
    broken.push(`Instance type '${type}' must be unique in InstancePreferences`);
  }
  const counted = preferences.filter((preference) => present(preference.InstanceCount)).length;
  if (counted !== 0 && (counted !== preferences.length || present(cluster.InstanceCount))) {
    broken.push("InstanceCount must be on every one of InstancePreferences or on ClusterConfig alone");
  }
  return broken;
}

/** A JSON null stands for an absent member. */
function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function count(...values: unknown[]): number {
  return values.filter(present).length;
}

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
