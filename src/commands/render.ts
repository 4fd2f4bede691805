import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import { readFile } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import { parseAllDocuments } from "yaml";
import { API_VERSION, KIND } from "../api/group.ts";
import { jobName } from "../api/job_name.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { toCreateRequest } from "../sagemaker/convert.ts";
import { parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { UsageError } from "./errors.ts";
import { string } from "./flags.ts";
import { requestProblems, unknownFields } from "./spec_problems.ts";

const spec = {
  name: "render",
  summary: "Prints the CreateProcessingJob request that a ProcessingJob stands for as JSON, sending nothing",
  flags: {
    "file": string({ help: "YAML of one or more ProcessingJobs; - reads stdin", aliases: ["f"], placeholder: "FILE" }),
    "uid": string({
      help: "UID that the resource has in the cluster, from which the job's name is made",
      placeholder: "UID",
      default: "00000000-0000-0000-0000-000000000000",
    }),
  },
};

export const render: Command = {
  spec,
  async run(argv, { env, stdout, stderr }) {
    const { flags: { file, uid } } = parseArguments(spec, argv, env);
    if (file === undefined) throw new UsageError("Flag '--file' must name a file, or - for stdin");
    const { requests, problems } = renderRequests(await read(file), uid);
    if (problems.length > 0) {
      for (const problem of problems) stderr(`${problem}\n`);
      throw new Error(`Cannot render '${file}': it has ${problems.length} problem${problems.length === 1 ? "" : "s"}`);
    }
    if (requests.length === 0) throw new Error(`Cannot render '${file}': it holds no ${KIND}`);
    stdout(`${JSON.stringify(requests.length === 1 ? requests[0] : requests, null, 2)}\n`);
  },
};

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
 * The requests of every ProcessingJob in a YAML text, in its order, and everything that is wrong with them, one line each.
 * Documents without content are passed over.
 */
export function renderRequests(
  yaml: string,
  uid: string,
): { requests: CreateProcessingJobCommandInput[]; problems: string[] } {
  const requests: CreateProcessingJobCommandInput[] = [];
  const problems: string[] = [];
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
    const request = toCreateRequest(spec, jobName(metadata.name, uid));
    add(requestProblems(request));
    requests.push(request);
  }
  return { requests, problems };
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
