import type { ProcessingJobSpec } from "../api/processing_job.ts";
import { operation } from "../sagemaker/facts.ts";
import { isObject, lower, type Problems, type Spelling } from "./lower.ts";
import { type Converted, resourceName } from "./resource.ts";

const GROUP = "sagemaker.services.k8s.aws";
const KIND = "ProcessingJob";
const PREFIX = "services.k8s.aws/";
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** ACK capitalises what it takes for acronyms (`imageURI`, `volumeKMSKeyID`); letters alone tell the members apart. */
const IN_ANY_CASE: Spelling = { means: (key, member) => key.toLowerCase() === member.toLowerCase() };

interface Written {
  apiVersion?: unknown;
  kind?: unknown;
  metadata?: {
    name?: unknown;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
  status?: { ackResourceMetadata?: { region?: string; arn?: string } };
}

/**
 * The resource for a ProcessingJob of the ACK controller for SageMaker: the same name, namespace and labels, its job under a
 * name of its own. What that controller is told by annotations, and this one can't do, is a problem.
 *
 * @param region where the job runs, unless the resource says so
 */
export function fromAck(value: unknown, { region }: { region?: string | undefined }): Converted {
  const written = (isObject(value) ? value : {}) as Written;
  const problems = kindProblems(written);
  const { name, namespace, labels, annotations = {} } = written.metadata ?? {};
  const own = resourceName(name);
  if (own === undefined) problems.push("'metadata.name' must be set");
  // Its status may hold an empty region; the ARN names it as well.
  const { region: known, arn } = written.status?.ackResourceMetadata ?? {};
  const place = annotations[`${PREFIX}region`] || known || regionIn(arn) || region;
  if (!place) problems.push("The region is missing: name it with '--region'");
  problems.push(...annotationProblems(annotations));
  const kept = Object.fromEntries(
    Object.entries(annotations).filter(([key]) => !key.startsWith(PREFIX) && key !== LAST_APPLIED),
  );
  return {
    metadata: {
      name: own ?? "",
      ...namespace !== undefined && { namespace },
      ...labels && { labels },
      ...Object.keys(kept).length > 0 && { annotations: kept },
    },
    spec: { region: place ?? "", ...members(written.spec, problems) } as ProcessingJobSpec,
    problems,
    notes: annotations[`${PREFIX}deletion-policy`] === "retain"
      ? [`'${PREFIX}deletion-policy: retain' is not carried over: deleting the resource stops its job`]
      : [],
  };
}

function members(spec: unknown, problems: Problems): Partial<ProcessingJobSpec> {
  const found: Problems = [];
  const { processingJobName: _, ...members } = lower(
    isObject(spec) ? spec : {},
    operation("CreateProcessingJob").input,
    IN_ANY_CASE,
    found,
    "spec",
  ) as Record<string, unknown>;
  problems.push(...found);
  return members;
}

function kindProblems({ apiVersion, kind }: Written): Problems {
  if (kind === KIND && typeof apiVersion === "string" && apiVersion.startsWith(`${GROUP}/`)) return [];
  const what = kind === undefined ? "it has no kind" : `it is a '${kind}' of '${apiVersion}'`;
  return [`It must be a ${KIND} of '${GROUP}': ${what}`];
}

/** Both ask that no job be started, which is all that a resource here does. */
function annotationProblems(annotations: Record<string, string>): Problems {
  const asked = Object.entries(annotations).filter(([key, value]) =>
    key === `${PREFIX}adoption-policy` || (key === `${PREFIX}read-only` && value === "true")
  );
  return asked.map(([key]) => `'${key}' cannot be carried over: a resource here always starts a job of its own`);
}

/** The region in the ARN of a processing job; undefined if it names none. */
function regionIn(arn: unknown): string | undefined {
  return typeof arn === "string" ? arn.split(":")[3] || undefined : undefined;
}
