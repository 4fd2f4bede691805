import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import { API_VERSION, KIND } from "../api/group.ts";
import { jobName } from "../api/job_name.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { type Converted, resourcesYaml } from "../convert/resource.ts";
import { withPlaceholders } from "../processing_job/environment.ts";
import { specWarnings } from "../processing_job/spec_warnings.ts";
import { systemClock } from "../runtime/clock.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { endpoints } from "../sagemaker/endpoints.ts";
import { parseArguments } from "./arguments.ts";
import type { Command, CommandContext } from "./command.ts";
import { asUsage, UsageError } from "./errors.ts";
import { oneOf, string } from "./flags.ts";
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
    if (job !== undefined) {
      if (file !== undefined || from !== undefined) {
        throw new UsageError("Flag '--job' must stand without '--file' and '--from': SageMaker has the job");
      }
      return await printResources(await jobAsResource(job, flags, context), job, context);
    }
    if (file === undefined) throw new UsageError("Flag '--file' must name a file, or - for stdin");
    const text = await read(file);
    if (from !== undefined) return printResources(convertText(text, from, regionOf(flags, context)), file, context);
    const { requests, problems, warnings = [] } = renderRequests(text, uid);
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
  return convertValues([description], "aws", region);
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

async function read(file: string): Promise<string> {
  if (file === "-") return await textOf(Deno.stdin.readable);
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as { code?: string }).code !== "ENOENT") throw new Error(`Cannot read '${file}'`, { cause });
    throw new Error(`Cannot read '${file}': the file does not exist`);
  }
}

/**
 * The requests of every ProcessingJob in a YAML text, in its order, everything that is wrong with them, and what SageMaker may
 * refuse though nothing says so, one line each.
 * Documents without content are passed over.
 */
export function renderRequests(
  yaml: string,
  uid: string,
): { requests: CreateProcessingJobCommandInput[]; problems: string[]; warnings?: string[] } {
  const requests: CreateProcessingJobCommandInput[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  const documents = parseAllDocuments(yaml);
  for (const [i, document] of [...documents].entries()) {
    const where = documents.length > 1 ? `Document ${i + 1}: ` : "";
    const add = (found: string[]) => problems.push(...found.map((problem) => where + problem));
    const [error] = document.errors;
    if (error) {
      add([`It is not YAML: ${error.message.split("\n")[0]?.replace(/:$/, "")}`]);
      continue;
    }
    const resource: unknown = document.toJS();
    if (resource === null || resource === undefined) continue;
    const wrong = resourceProblems(resource);
    if (wrong.length > 0) {
      add(wrong);
      continue;
    }
    const { metadata, spec } = resource as { metadata: { name: string }; spec: ProcessingJobSpec };
    const request = toCreateRequest(withPlaceholders(spec), jobName(metadata.name, uid));
    const found = requestProblems(request);
    add(found);
    if (found.length === 0) warnings.push(...specWarnings(spec).map((warning) => where + warning));
    requests.push(request);
  }
  return { requests, problems, ...(warnings.length > 0 && { warnings }) };
}

function resourceProblems(resource: unknown): string[] {
  const { apiVersion, kind, metadata, spec } = resource as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: { name?: unknown };
    spec?: unknown;
  };
  if (kind !== KIND || apiVersion !== API_VERSION) {
    const found = kind === undefined ? "it has no kind" : `it is a '${kind}' of '${apiVersion}'`;
    return [`It must be a ${KIND} of '${API_VERSION}': ${found}`];
  }
  const name = metadata?.name;
  return [...(typeof name === "string" && name !== "" ? [] : ["'metadata.name' must be set"]), ...unknownFields(spec)];
}
