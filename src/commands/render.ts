import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import { parseAllDocuments } from "yaml";
import { API_VERSION, GROUP, KIND } from "../api/group.ts";
import { jobName } from "../api/job_name.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { type Converted, resourceName, resourcesYaml } from "../convert/resource.ts";
import { withPlaceholders } from "../processing_job/environment.ts";
import { specWarnings } from "../processing_job/spec_warnings.ts";
import { systemClock } from "../runtime/clock.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { endpoints } from "../sagemaker/endpoints.ts";
import { parseArguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { asUsage, UsageError } from "./errors.ts";
import { oneOf, string } from "./flags.ts";
import { itemsOf, readText } from "./input_file.ts";
import { type ConvertedText, convertText, convertValues, SOURCES } from "./render_resource.ts";
import { requestProblems, unknownFields } from "./spec_problems.ts";

const spec = {
  name: "render",
  summary: "Prints the CreateProcessingJob request that a ProcessingJob stands for as JSON, sending nothing; " +
    "with --from or --job the other way round, the ProcessingJob as YAML",
  flags: {
    "file": string({ help: "YAML of one or more ProcessingJobs; - reads stdin", aliases: ["f"], placeholder: "FILE" }),
    "from": oneOf(SOURCES, {
      help: "The file holds CreateProcessingJob requests or DescribeProcessingJob answers in JSON (aws), " +
        "or ProcessingJobs of the ACK controller (ack): prints the resources for them",
    }),
    "job": string({ help: "Name of a processing job that exists in SageMaker: prints the resource for it" }),
    "region": string({
      help: "Region of the job, and of those in a file that name none",
      placeholder: "REGION",
      defaultText: "AWS_REGION, else AWS_DEFAULT_REGION",
    }),
    "endpoint-url": string({
      help: "SageMaker endpoint, for --job",
      placeholder: "URL",
      defaultText: "AWS_ENDPOINT_URL_SAGEMAKER, else AWS's own",
    }),
    "name": string({
      help: "With --from aws: name of the resource for a request that has none, as a step of a pipeline",
    }),
    "uid": string({
      help: "UID that the resource has in the cluster, from which the job's name is made",
      placeholder: "UID",
      default: "00000000-0000-0000-0000-000000000000",
    }),
  },
};

export const render: Command = {
  spec,
  async run(argv, context) {
    const { flags } = parseArguments(spec, argv, context.env);
    const { file, from, job, uid } = flags;
    if (flags.name !== undefined && resourceName(flags.name) !== flags.name) {
      throw new UsageError(`Cannot use '${flags.name}' for --name: expected small letters, digits, hyphens and dots`);
    }
    if (job !== undefined) {
      if (file !== undefined || from !== undefined) {
        throw new UsageError("Flag '--job' must stand without '--file' and '--from': SageMaker has the job");
      }
      return await printResources(await jobAsResource(job, flags, context), job, context);
    }
    if (file === undefined) throw new UsageError("Flag '--file' must name a file, or - for stdin");
    const text = await readText(file);
    if (from !== undefined) {
      const fallbacks = { region: regionOf(flags, context), name: flags.name };
      return printResources(convertText(text, from, fallbacks), file, context);
    }
    const { requests, problems, notes = [], warnings = [] } = renderRequests(text, uid);
    for (const note of notes) context.stderr(`${note}\n`);
    refuse(problems, file, context);
    for (const warning of warnings) context.stderr(`Warning: ${warning}\n`);
    if (requests.length === 0) throw new Error(`Cannot render '${file}': it holds no ${KIND}`);
    context.stdout(`${JSON.stringify(requests.length === 1 ? requests[0] : requests, null, 2)}\n`);
  },
};

interface Place {
  region: string | undefined;
  endpointUrl: string | undefined;
}

async function jobAsResource(name: string, flags: Place, context: CommandContext): Promise<ConvertedText> {
  const { env, signal, stderr } = context;
  const region = regionOf(flags, context);
  if (region === undefined) throw new UsageError("Flag '--region' must say where the job is");
  const { describeExistingJob } = await import("../convert/existing_job.ts");
  const variables = Object.fromEntries(ENDPOINT_VARIABLES.map((name) => [name, env(name)]));
  const { operator: endpoint } = asUsage(() => endpoints({ endpointUrl: flags.endpointUrl, env: variables }));
  const { description, tagsDenied } = await describeExistingJob({ name, region, endpoint }, systemClock, signal);
  if (tagsDenied !== undefined) stderr(`The tags of '${name}' are not carried over: ${tagsDenied}\n`);
  return convertValues([description], "aws", { region });
}

const ENDPOINT_VARIABLES = ["AWS_DEFAULT_SAGEMAKER_ENDPOINT", "AWS_ENDPOINT_URL_SAGEMAKER"];

function regionOf({ region }: Pick<Place, "region">, { env }: CommandContext): string | undefined {
  return region ?? (env("AWS_REGION") || env("AWS_DEFAULT_REGION") || undefined);
}

function printResources({ resources, problems, notes }: ConvertedText, from: string, context: CommandContext): void {
  refuse(problems, from, context);
  if (resources.length === 0) throw new Error(`Cannot render '${from}': it holds no processing job`);
  for (const note of notes) context.stderr(`${note}\n`);
  context.stdout(resourcesYaml(resources.map(({ metadata, spec }: Converted) => ({ metadata, spec }))));
}

/** @throws Error if there are problems, after a line for each */
function refuse(problems: readonly string[], what: string, { stderr }: CommandContext): void {
  if (problems.length === 0) return;
  for (const problem of problems) stderr(`${problem}\n`);
  throw new Error(`Cannot render '${what}': it has ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
}

/**
 * The requests of every ProcessingJob in a YAML text, in its order, everything that is wrong with them, and what SageMaker may
 * refuse though nothing says so, one line each.
 * Lists hold several. Documents without content are passed over, and so are resources of other kinds, which the notes name.
 */
export function renderRequests(
  yaml: string,
  uid: string,
): { requests: CreateProcessingJobCommandInput[]; problems: string[]; notes?: string[]; warnings?: string[] } {
  const all = { requests: [] as CreateProcessingJobCommandInput[], problems: [] as string[] };
  const notes: string[] = [];
  const warnings: string[] = [];
  const documents = parseAllDocuments(yaml);
  for (const [i, document] of [...documents].entries()) {
    const where = documents.length > 1 ? `Document ${i + 1}: ` : "";
    const [error] = document.errors;
    if (error) {
      all.problems.push(`${where}It is not YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}`);
      continue;
    }
    const content: unknown = document.toJS();
    const items = itemsOf(content);
    for (const [j, resource] of (items ?? [content]).entries()) {
      if (resource === null || resource === undefined) continue;
      const { request, problems, note, warnings: found = [] } = renderResource(resource, uid);
      const place = items === undefined ? where : `${where}Item ${j + 1}: `;
      all.problems.push(...problems.map((problem) => place + problem));
      if (note !== undefined) notes.push(place + note);
      warnings.push(...found.map((warning) => place + warning));
      if (request !== undefined) all.requests.push(request);
    }
  }
  return { ...all, ...notes.length > 0 && { notes }, ...warnings.length > 0 && { warnings } };
}

interface Rendered {
  request?: CreateProcessingJobCommandInput;
  problems: string[];
  note?: string;
  /** What SageMaker may refuse though nothing says so. */
  warnings?: string[];
}

function renderResource(resource: unknown, uid: string): Rendered {
  const { apiVersion, kind, metadata, spec } = resource as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: { name?: unknown; generateName?: unknown };
    spec?: unknown;
  };
  if (kind !== KIND || apiVersion !== API_VERSION) {
    const found = kind === undefined ? "it has no kind" : `it is a '${kind}' of '${apiVersion}'`;
    if (isOfAnotherKind(kind, apiVersion)) return { problems: [], note: `Passed over, ${found}` };
    return { problems: [`It must be a ${KIND} of '${API_VERSION}': ${found}`] };
  }
  const name = nameOf(metadata);
  const problems = [...name === undefined ? [nameProblem(metadata)] : [], ...unknownFields(spec)];
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) return { problems };
  const request = toCreateRequest(withPlaceholders(readable(spec, problems)), jobName(name ?? "job", uid));
  problems.push(...requestProblems(request).filter((problem) => !isAboutFieldOf(problems, problem)));
  return { request, problems, ...problems.length === 0 && { warnings: specWarnings(spec as ProcessingJobSpec) } };
}

/** A stream, as of kustomize, holds all that belongs together. What has our kind or our group is meant for us. */
function isOfAnotherKind(kind: unknown, apiVersion: unknown): boolean {
  if (typeof kind !== "string" || typeof apiVersion !== "string" || kind === KIND) return false;
  return !apiVersion.startsWith(`${GROUP}/`);
}

/** The cluster puts five characters behind a `generateName`. */
function nameOf({ name, generateName }: { name?: unknown; generateName?: unknown } = {}): string | undefined {
  if (typeof name === "string" && name !== "") return name;
  return typeof generateName === "string" && generateName !== "" ? `${generateName}00000` : undefined;
}

function nameProblem({ name, generateName }: { name?: unknown; generateName?: unknown } = {}): string {
  const field = (name ?? "") !== "" ? "name" : (generateName ?? "") !== "" ? "generateName" : undefined;
  return field === undefined ? "'metadata.name' must be set" : `'metadata.${field}' must be a string; put it in quotes`;
}

/** The fields of the spec with which nothing is wrong yet, so that the rest can be looked at too. */
function readable(spec: object, problems: readonly string[]): ProcessingJobSpec {
  const fields = problems.map(fieldOf);
  return Object.fromEntries(Object.entries(spec).filter(([field]) => !fields.includes(field))) as ProcessingJobSpec;
}

function isAboutFieldOf(problems: readonly string[], problem: string): boolean {
  const field = fieldOf(problem);
  return field !== undefined && problems.some((each) => fieldOf(each) === field);
}

/** The field of the spec that a problem is about. */
function fieldOf(problem: string): string | undefined {
  return /'spec\.([^.[']+)/.exec(problem)?.[1];
}
