import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { operation, shape } from "../sagemaker/facts.ts";
import { isObject, lower, type Problems, type Spelling } from "./lower.ts";
import { type Converted, resourceName } from "./resource.ts";

const CREATE = operation("CreateProcessingJob").input;
/** What SDKs add to an answer. */
const ENVELOPE: readonly string[] = ["ResponseMetadata", "$metadata"];
/** What only DescribeProcessingJob has: the job's life, not what was asked for. */
const ANSWERED: readonly string[] = membersOf(operation("DescribeProcessingJob").output!)
  .filter((member) => !membersOf(CREATE).includes(member));

const AS_IN_THE_API: Spelling = { means: (key, member) => key === member };

/**
 * The resource for a CreateProcessingJob request, or for what DescribeProcessingJob answers, as the SDKs and the AWS CLI write
 * them in JSON. An answer's own members are left out, and its ARN names the region.
 *
 * @param region where the job runs, unless an ARN says so
 * @param name of the resource, if the request has none, as in a step of a pipeline or a state machine
 */
export function fromAws(
  value: unknown,
  { region, name: fallback }: { region?: string | undefined; name?: string | undefined },
): Converted {
  const problems: Problems = [];
  const written = isObject(value) ? value : {};
  if (!isObject(value)) problems.push("It must be an object with the members of CreateProcessingJob");
  const request = Object.fromEntries(
    Object.entries(written).filter(([member]) => !ENVELOPE.includes(member) && !ANSWERED.includes(member)),
  );
  const { processingJobName, ...members } = lower(request, CREATE, AS_IN_THE_API, problems) as Record<string, unknown>;
  const isNameless = processingJobName === undefined;
  const name = resourceName(isNameless ? fallback : processingJobName);
  if (name === undefined) {
    const help = isNameless ? "; '--name' names a job that has none" : "";
    problems.push(`'ProcessingJobName' must be set to letters, digits and hyphens${help}`);
  }
  const place = regionOfArn(written["ProcessingJobArn"]) ?? region;
  if (place === undefined) problems.push("The region is missing: name it with '--region'");
  return {
    metadata: { name: name ?? "" },
    spec: { region: place ?? "", ...members } as unknown as ProcessingJobSpec,
    problems,
    notes: [],
    isNamedByFallback: isNameless,
  };
}

/** `arn:aws:sagemaker:us-west-2:123456789012:processing-job/name` is in `us-west-2`. */
function regionOfArn(arn: unknown): string | undefined {
  return typeof arn === "string" ? /^arn:[\w-]+:sagemaker:([a-z0-9-]+):/.exec(arn)?.[1] : undefined;
}

function membersOf(shapeName: string): string[] {
  const found = shape(shapeName);
  return found.type === "structure" ? Object.keys(found.members) : [];
}
