import { parseAllDocuments } from "yaml";
import { jobName } from "../api/job_name.ts";
import { fromAck } from "../convert/from_ack.ts";
import { fromAws } from "../convert/from_aws.ts";
import type { Converted } from "../convert/resource.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { itemsOf } from "./input_file.ts";
import { requestProblems, siteProblems } from "./spec_problems.ts";

/** Whose form of a processing job is turned into a resource. */
export const SOURCES = ["aws", "ack"] as const;
export type Source = typeof SOURCES[number];

const CONVERT = { aws: fromAws, ack: fromAck } as const;
/** Only its length matters for what can be wrong with a name. */
const ANY_UID = "0".repeat(32);
const ANY_NAME = "job";

export interface ConvertedText {
  resources: Converted[];
  /** What is wrong or can't be carried over, one line each. */
  problems: string[];
  notes: string[];
}

/** What jobs get that don't say it themselves. */
export interface Fallbacks {
  region?: string | undefined;
  /** For one job. */
  name?: string | undefined;
}

/**
 * The resources for everything in a text, JSON or YAML of one or more documents; lists hold several too. Empty documents are
 * passed over.
 */
export function convertText(text: string, source: Source, fallbacks: Fallbacks = {}): ConvertedText {
  const { values, problems } = readValues(text);
  return convertValues(values, source, fallbacks, problems);
}

/** The same for values that have been read already. */
export function convertValues(
  values: readonly unknown[],
  source: Source,
  { region, name }: Fallbacks = {},
  problems: string[] = [],
): ConvertedText {
  const all: ConvertedText = { resources: [], problems: [...problems], notes: [] };
  let isNameFree = true;
  for (const [i, value] of values.entries()) {
    const where = values.length > 1 ? `Job ${i + 1}: ` : "";
    const converted = CONVERT[source](value, { region, name: isNameFree ? name : undefined });
    if (name !== undefined && converted.isNamedByFallback) isNameFree = false;
    const found = [...converted.problems, ...missing(converted)].map((problem) =>
      isNameFree ? problem : problem.replace("'--name' names a job that has none", "'--name' names one job only")
    );
    all.problems.push(...found.map((problem) => where + problem));
    all.notes.push(...converted.notes.map((note) => where + note));
    all.resources.push(converted);
  }
  return all;
}

/** What SageMaker would refuse; but not once more that there is nothing where something could not be carried over. */
function missing({ metadata, spec, problems }: Converted): string[] {
  const parents = problems.flatMap((problem) => {
    const path = /^'(\S+)' cannot be carried over/.exec(problem)?.[1];
    return path === undefined ? [] : [parentOf(path)];
  });
  const isToldAlready = (problem: string) => {
    const path = /^Value null at '(\S+)'/.exec(problem)?.[1];
    return path !== undefined && parents.includes(parentOf(path));
  };
  const request = toCreateRequest(spec, jobName(metadata.name || ANY_NAME, ANY_UID));
  // A region that is missing is told of by what converts.
  const site = spec.region === "" ? [] : siteProblems({ ...spec });
  return [...site, ...requestProblems(request)].filter((problem) => !isToldAlready(problem));
}

/** Where a member is, in capitals or not and with or without the resource's `spec`. */
function parentOf(path: string): string {
  return path.toLowerCase().replace(/^spec\./, "").replace(/\.?[^.]*$/, "");
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

/** Of a JSON array, or of a Kubernetes list. */
function flatten(value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : itemsOf(value) ?? [value];
}
