import { parseAllDocuments } from "yaml";
import { jobName } from "../api/job_name.ts";
import { fromAck } from "../convert/from_ack.ts";
import { fromAws } from "../convert/from_aws.ts";
import type { Converted } from "../convert/resource.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { requestProblems } from "./spec_problems.ts";

/** Whose form of a processing job is turned into a resource. */
export const SOURCES = ["aws", "ack"] as const;
export type Source = typeof SOURCES[number];

const CONVERT = { aws: fromAws, ack: fromAck } as const;
/** Only its length matters for what can be wrong with a name. */
const ANY_UID = "0".repeat(32);

export interface ConvertedText {
  resources: Converted[];
  /** What is wrong or can't be carried over, one line each. */
  problems: string[];
  notes: string[];
}

/**
 * The resources for everything in a text, JSON or YAML of one or more documents; lists hold several too. Empty documents are
 * passed over.
 *
 * @param region where jobs run that don't say it
 */
export function convertText(text: string, source: Source, region?: string): ConvertedText {
  const { values, problems } = readValues(text);
  return convertValues(values, source, region, problems);
}

/** The same for values that have been read already. */
export function convertValues(
  values: readonly unknown[],
  source: Source,
  region?: string,
  problems: string[] = [],
): ConvertedText {
  const all: ConvertedText = { resources: [], problems: [...problems], notes: [] };
  for (const [i, value] of values.entries()) {
    const where = values.length > 1 ? `Job ${i + 1}: ` : "";
    const converted = CONVERT[source](value, { region });
    // What was left out would be missed again.
    const found = converted.problems.length > 0 ? converted.problems : missing(converted);
    all.problems.push(...found.map((problem) => where + problem));
    all.notes.push(...converted.notes.map((note) => where + note));
    all.resources.push(converted);
  }
  return all;
}

/** What SageMaker would refuse. */
function missing({ metadata, spec }: Converted): string[] {
  return requestProblems(toCreateRequest(spec, jobName(metadata.name, ANY_UID)));
}

function readValues(text: string): { values: unknown[]; problems: string[] } {
  try {
    return { values: flatten(JSON.parse(text)), problems: [] };
  } catch {
    // YAML then, or neither.
  }
  const values: unknown[] = [];
  const problems: string[] = [];
  const documents = parseAllDocuments(text);
  for (const document of [...documents]) {
    const [error] = document.errors;
    if (error) problems.push(`It is neither JSON nor YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}`);
    else values.push(...flatten(document.toJS()));
  }
  return { values, problems };
}

/** A JSON array, or a Kubernetes list, as `kubectl get -o yaml` prints it. */
function flatten(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items) ? items : [value];
}
