import { FINAL_JOB_STATUSES, type JobStatus } from "../../api/job.ts";
import { brokenValues } from "../broken_values.ts";
import { operation as factsOf } from "../facts.ts";
import { brokenRules, type RuledRequest } from "../request_rules.ts";
import { validate, validationMessage } from "../validate.ts";
import { ServiceError } from "./answer.ts";
import type { Call } from "./call.ts";
import { changeCourse, type ClusterConfig, type CreateRequest, phaseAt, type StoredJob, type Tag } from "./jobs.ts";
import { listPage, type ListRequest } from "./list.ts";
import type { SageMakerService } from "./service.ts";

const MAX_TAGS = 50;

/**
 * Does what an operation of the API does, if its quota allows the call and the service model has nothing against the request.
 *
 * @param staleMs reads answer what was so that many milliseconds ago
 * @returns the output; undefined where the operation has none
 * @throws ServiceError with what the service would answer
 */
export function perform(
  service: SageMakerService,
  { operation, region, request }: Pick<Call, "operation" | "region" | "request">,
  staleMs = 0,
): object | undefined {
  if (!Object.hasOwn(OPERATIONS, operation)) {
    throw new ServiceError("UnknownOperationException", `Unknown operation ${operation}`);
  }
  service.throttle.admit(operation, region);
  const violations = validate(factsOf(operation).input, request);
  const wrongType = violations.find((violation) => violation.kind === "type");
  if (wrongType) throw new ServiceError("SerializationException", wrongType.message);
  if (violations.length > 0) throw new ServiceError("ValidationException", validationMessage(violations));
  const [broken] = brokenValues(factsOf(operation).input, request).filter(({ rule }) => !rule.isOurs);
  if (broken) throw new ServiceError("ValidationException", broken.answer);
  return OPERATIONS[operation]!(service, region, request, service.now() - staleMs);
}

/** `asOf`: the moment that reads tell of, in milliseconds since the epoch. */
type Operation = (service: SageMakerService, region: string, request: unknown, asOf: number) => object | undefined;

const OPERATIONS: Record<string, Operation> = {
  CreateProcessingJob: (service, region, request) => create(service, region, request as CreateRequest),
  DescribeProcessingJob: (service, region, request, asOf) =>
    describe(service.find(region, nameIn(request), asOf), asOf),
  ListProcessingJobs: (service, region, request, asOf) => list(service, region, request as ListRequest, asOf),
  StopProcessingJob: (service, region, request) => stop(service, service.find(region, nameIn(request))),
  DeleteProcessingJob: (service, region, request) => deleteJob(service, service.find(region, nameIn(request))),
  AddTags: (service, region, request) => addTags(service, region, request as { ResourceArn: string; Tags: Tag[] }),
  ListTags: (service, region, request) => ({
    Tags: tagList(findByArn(service, region, request as { ResourceArn: string })),
  }),
};

function nameIn(request: unknown): string {
  return (request as { ProcessingJobName: string }).ProcessingJobName;
}

function create(service: SageMakerService, region: string, request: CreateRequest): object {
  const broken = brokenRules(request as unknown as RuledRequest);
  if (broken.length > 0) throw new ServiceError("ValidationException", broken.join("; "));
  const existing = service.table(region).get(request.ProcessingJobName);
  if (existing) {
    throw new ServiceError(
      "ResourceInUse",
      `Job name must be unique within an AWS account and region, and a job with this name already exists (${existing.arn})`,
    );
  }
  return { ProcessingJobArn: service.create(region, request).arn };
}

function describe(job: StoredJob, now: number): object {
  const resources = job.request.ProcessingResources;
  return {
    ...job.request,
    ProcessingResources: { ...resources, ClusterConfig: withSelection(resources.ClusterConfig) },
    ...summary(job, now),
    ProcessingStartTime: job.createdAt / 1000,
  };
}

/** There is always capacity: of the preferred instances the first is taken. */
function withSelection(cluster: ClusterConfig): object {
  const first = cluster.InstancePreferences?.[0];
  if (!first) return cluster;
  return {
    ...cluster,
    SelectedInstanceType: first.InstanceType,
    SelectedInstanceCount: first.InstanceCount ?? cluster.InstanceCount ?? 1,
  };
}

/** What ListProcessingJobs tells of a job; members that are undefined don't reach the wire. */
function summary(job: StoredJob, now: number): object {
  const phase = phaseAt(job, now);
  return {
    ProcessingJobName: job.name,
    ProcessingJobArn: job.arn,
    CreationTime: job.createdAt / 1000,
    ProcessingEndTime: isFinal(phase.status) ? phase.at / 1000 : undefined,
    LastModifiedTime: phase.at / 1000,
    ProcessingJobStatus: phase.status,
    FailureReason: phase.failureReason,
    ExitMessage: phase.exitMessage,
  };
}

function list(service: SageMakerService, region: string, request: ListRequest, asOf: number): object {
  const all = service.table(region).all();
  const known = asOf < service.now() ? all.filter(({ createdAt }) => createdAt <= asOf) : all;
  const { jobs, nextToken } = listPage(known, request, asOf, service.lists);
  return { ProcessingJobSummaries: jobs.map((job) => summary(job, asOf)), NextToken: nextToken };
}

/** How the real service refuses to stop a job that has ended was not confirmed: the code is likely, the words are ours. */
function stop(service: SageMakerService, job: StoredJob): undefined {
  const now = service.now();
  const { status } = phaseAt(job, now);
  if (isFinal(status)) {
    throw new ServiceError(
      "ValidationException",
      `The request was rejected because the processing job is in status ${status}.`,
    );
  }
  if (status === "Stopping") return;
  changeCourse(job, now, { at: now, status: "Stopping" }, { at: now + service.stopDuration, status: "Stopped" });
}

function deleteJob(service: SageMakerService, job: StoredJob): undefined {
  const { status } = phaseAt(job, service.now());
  if (!isFinal(status)) {
    throw new ServiceError(
      "ResourceInUse",
      `Processing job ${job.name} cannot be deleted while it is in status ${status}`,
    );
  }
  service.table(job.region).delete(job);
}

function addTags(service: SageMakerService, region: string, request: { ResourceArn: string; Tags: Tag[] }): object {
  const job = findByArn(service, region, request);
  const tags = new Map([...job.tags, ...request.Tags.map(({ Key, Value }) => [Key, Value] as const)]);
  if (tags.size > MAX_TAGS) {
    throw new ServiceError("ResourceLimitExceeded", `A resource cannot have more than ${MAX_TAGS} tags`);
  }
  job.tags = tags;
  return { Tags: tagList(job) };
}

function findByArn(service: SageMakerService, region: string, { ResourceArn }: { ResourceArn: string }): StoredJob {
  const job = service.table(region).get(ResourceArn.slice(ResourceArn.lastIndexOf("/") + 1));
  if (job?.arn !== ResourceArn) {
    throw new ServiceError("ValidationException", `Could not find requested job with ARN: ${ResourceArn}`);
  }
  return job;
}

function tagList(job: StoredJob): Tag[] {
  return [...job.tags].map(([Key, Value]) => ({ Key, Value }));
}

function isFinal(status: JobStatus): boolean {
  return FINAL_JOB_STATUSES.includes(status);
}
