import type { CreateProcessingJobCommandInput } from "@aws-sdk/client-sagemaker";
import type { EnvironmentVariable, ProcessingJobSpec } from "../api/spec_generated.ts";
import { FACTS, fieldName, operation, type Shape, shape } from "./facts.ts";

/** Members of the model that only answers carry. */
const OUTPUT_ONLY: readonly string[] = ["SelectedInstanceType", "SelectedInstanceCount"];

/** What users may leave empty, as the controller before this one let them, but the API takes with content or not at all. */
const LEFT_OUT_WHEN_EMPTY: readonly string[] = [
  "StoppingCondition",
  "Environment",
  "ContainerEntrypoint",
  "ContainerArguments",
];

/**
 * The request that a spec stands for: every member of CreateProcessingJob, its first letter raised, in the model's order.
 * The environment becomes a map (of a name that occurs twice the last counts); a variable whose value is to be read from
 * elsewhere is left out, so whoever has the value puts it into the spec first. What isn't a member stays out, so `region` and
 * `sageMakerEndpoint`, which say where the request goes, and the operator's own fields. Nothing is added but the name.
 */
export function toCreateRequest(spec: ProcessingJobSpec, jobName: string): CreateProcessingJobCommandInput {
  const fields = { ...spec, processingJobName: jobName, environment: environmentMap(spec.environment ?? []) };
  return raise(fields, operation("CreateProcessingJob").input) as CreateProcessingJobCommandInput;
}

function environmentMap(variables: EnvironmentVariable[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const { name, value = "", valueFrom } of variables) {
    if (valueFrom === undefined) values.set(name, value);
    else values.delete(name);
  }
  return Object.fromEntries(values);
}

function raise(value: unknown, shapeName: string): unknown {
  const type: Shape = shape(shapeName, FACTS.shapes);
  if (type.type === "list" && Array.isArray(value)) return value.map((element) => raise(element, type.member));
  if (type.type !== "structure" || typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  const members: [string, unknown][] = [];
  for (const [member, memberShape] of Object.entries(type.members)) {
    const field = fields[fieldName(member)];
    if (field === undefined || field === null || OUTPUT_ONLY.includes(member)) continue;
    if (LEFT_OUT_WHEN_EMPTY.includes(member) && isEmpty(field)) continue;
    members.push([member, raise(field, memberShape)]);
  }
  return Object.fromEntries(members);
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
