import { ENDPOINT_FIELD, REGION_FIELD } from "../../src/api/site_fields.ts";
import { DELETION_POLICIES, RETRY_CAUSES } from "../../src/api/policies.ts";
import { FACTS, type Shape, type StructureShape } from "../../src/sagemaker/facts.ts";

const MAX_INT32 = 2_147_483_647;

/** The shape that stands for `.spec`. */
export const SPEC = "ProcessingJobSpec";
/** The shapes that are not in the service model. */
export const ENVIRONMENT_VARIABLE = "EnvironmentVariable";
const ENVIRONMENT = "ProcessingEnvironmentMap";
const VALUE_SOURCE = "EnvironmentValueSource";
const KEY_REFERENCE = "KeyReference";

/**
 * The service model as users write it. Where a resource differs from the API, it does so here:
 *
 * - the job's name is derived, and what SageMaker selects is its answer, so neither can be written;
 * - the region and the endpoint, which the API has outside its requests, are part of the spec;
 * - the environment is a list, as in a Pod, whose values may come from Secrets and ConfigMaps;
 * - what the controller before this one took stays valid: a stopping condition without a limit, empty lists of arguments
 *   and an environment variable without a value, none of which reaches the API;
 * - the role may be left to the namespace's default;
 * - an instance type is any word, so that a new one can be used on the day it appears;
 * - what the operator does with the job over its whole life is part of the spec too, under the names of `batch/v1` Job.
 */
export function adapt(facts: Record<string, Shape> = FACTS.shapes): Record<string, Shape> {
  const shapes = structuredClone(facts);
  const request = structure(shapes, "CreateProcessingJobRequest");
  remove(request, "ProcessingJobName");
  request.members = { Region: "Region", ...request.members, SageMakerEndpoint: "SageMakerEndpoint" };
  request.required = ["Region", ...(request.required ?? []).filter((name) => name !== "RoleArn")];
  shapes[SPEC] = request;
  // Part of a host name.
  shapes["Region"] = { type: "string", ...REGION_FIELD };
  shapes["SageMakerEndpoint"] = { type: "string", ...ENDPOINT_FIELD };

  addPolicies(shapes, request);
  const cluster = structure(shapes, "ProcessingClusterConfig");
  remove(cluster, "SelectedInstanceType");
  remove(cluster, "SelectedInstanceCount");
  shapes["ProcessingInstanceType"] = { type: "string", min: 1, max: 64 };

  delete structure(shapes, "ProcessingStoppingCondition").required;
  for (const name of ["ContainerEntrypoint", "ContainerArguments"]) {
    const list = shapes[name];
    if (list?.type === "list") delete list.min;
  }
  const environment = shapes[ENVIRONMENT];
  if (environment?.type !== "map") throw new TypeError(`Cannot adapt '${ENVIRONMENT}': it is no map any more`);
  shapes[ENVIRONMENT] = { type: "list", member: ENVIRONMENT_VARIABLE, max: environment.max ?? 100 };
  shapes[ENVIRONMENT_VARIABLE] = {
    type: "structure",
    required: ["Name"],
    members: { Name: environment.key, Value: environment.value, ValueFrom: VALUE_SOURCE },
  };
  shapes[VALUE_SOURCE] = {
    type: "structure",
    members: { SecretKeyRef: KEY_REFERENCE, ConfigMapKeyRef: KEY_REFERENCE },
  };
  shapes[KEY_REFERENCE] = {
    type: "structure",
    required: ["Name", "Key"],
    members: { Name: "ObjectName", Key: "DataKey", Optional: "Boolean" },
  };
  // What Kubernetes takes as the name of a Secret or ConfigMap, and as a key in one.
  shapes["ObjectName"] = {
    type: "string",
    max: 253,
    pattern: "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
  };
  shapes["DataKey"] = { type: "string", max: 253, pattern: "[-._a-zA-Z0-9]+" };
  return shapes;
}

/** Fields that are the operator's own. */
function addPolicies(shapes: Record<string, Shape>, request: StructureShape): void {
  const add = (structure: StructureShape, member: string, name: string, shape: Shape) => {
    structure.members[member] = name;
    shapes[name] = shape;
  };
  add(request, "Suspend", "Suspend", { type: "boolean" });
  add(request, "TtlSecondsAfterFinished", "TtlSeconds", { type: "integer", min: 0, max: MAX_INT32 });
  add(request, "DeletionPolicy", "DeletionPolicy", { type: "string", enum: [...DELETION_POLICIES] });
  const policy: StructureShape = { type: "structure", members: {} };
  add(request, "RetryPolicy", "RetryPolicy", policy);
  add(policy, "MaxAttempts", "MaxAttempts", { type: "integer", min: 1, max: 10 });
  add(policy, "RetryOn", "RetryCauses", { type: "list", member: "RetryCause", min: 1, max: RETRY_CAUSES.length });
  shapes["RetryCause"] = { type: "string", enum: [...RETRY_CAUSES] };
  add(policy, "BackoffSeconds", "BackoffSeconds", { type: "integer", min: 0, max: 86_400 });
  add(policy, "BackoffRate", "BackoffRate", { type: "double", min: 1, max: 10 });
  add(policy, "ExpireAfterSeconds", "ExpireAfterSeconds", { type: "integer", min: 1, max: MAX_INT32 });
}

function structure(shapes: Record<string, Shape>, name: string): StructureShape {
  const found = shapes[name];
  if (found?.type !== "structure") throw new TypeError(`Cannot adapt '${name}': it is no structure any more`);
  return found;
}

/** Takes out a member that must be there, so that a change of the model is noticed. */
function remove(shape: StructureShape, member: string): void {
  if (!(member in shape.members)) throw new TypeError(`Cannot leave out '${member}': the model has no such member`);
  delete shape.members[member];
  if (shape.required) shape.required = shape.required.filter((name) => name !== member);
}

/** The structures that a structure leads to, itself first, each once. */
export function structuresUnder(shapes: Record<string, Shape>, root: string): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const shape = shapes[name];
    if (shape?.type === "list") visit(shape.member);
    if (shape?.type !== "structure" || found.has(name)) return;
    found.add(name);
    Object.values(shape.members).forEach(visit);
  };
  visit(root);
  return [...found];
}
