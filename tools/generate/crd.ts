import { stringify } from "yaml";
import { CRD_NAME, GROUP, KIND, PLURAL, VERSION } from "../../src/api/group.ts";
import type { Shape } from "../../src/sagemaker/facts.ts";
import { SPEC } from "./adapt.ts";
import { finishedRule, immutabilityRules, SPEC_RULES } from "./rules.ts";
import { type Schema, schemaOf } from "./schema.ts";
import { STATUS } from "./status.ts";

const HEAD = "# Generated from the service facts by `deno task generate`; do not edit.\n";

/** The default columns are those of the controller before this one; the others show under `-o wide`. */
const PRINTER_COLUMNS = [
  { name: "Status", type: "string", jsonPath: ".status.processingJobStatus" },
  // A string, so that it prints the time itself and not an age.
  { name: "Creation-Time", type: "string", format: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Sagemaker-Job-Name", type: "string", jsonPath: ".status.sageMakerProcessingJobName" },
  { name: "Duration", type: "string", jsonPath: ".status.duration", priority: 1 },
  { name: "Instance", type: "string", jsonPath: ".status.selectedInstanceType", priority: 1 },
  { name: "Attempts", type: "string", jsonPath: ".status.attemptSummary", priority: 1 },
  { name: "Reason", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
];

/** The CustomResourceDefinition as YAML. */
export function renderCrd(shapes: Record<string, Shape>): string {
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: CRD_NAME },
    spec: {
      group: GROUP,
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: KIND.toLowerCase(),
        shortNames: ["pj"],
        categories: ["sagemaker"],
      },
      scope: "Namespaced",
      versions: [{
        name: VERSION,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: PRINTER_COLUMNS,
        schema: { openAPIV3Schema: resourceSchema(shapes) },
      }],
    },
  };
  // YAML 1.1 is what kubectl reads: it decides which words need quotes.
  return HEAD + stringify(crd, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}

function resourceSchema(shapes: Record<string, Shape>): Schema {
  const spec = schemaOf(shapes, SPEC);
  return {
    description:
      "An Amazon SageMaker processing job: the operator creates it from spec, once, and keeps status true until it ends.",
    type: "object",
    required: ["spec"],
    "x-kubernetes-validations": [finishedRule()],
    properties: {
      apiVersion: { description: `Version of this schema: ${GROUP}/${VERSION}.`, type: "string" },
      kind: { description: `Kind of the resource: ${KIND}.`, type: "string" },
      metadata: { type: "object" },
      spec: {
        description:
          "The job to run: what the CreateProcessingJob API takes, the region, and what the operator does over the job's life. " +
          "Only the latter can be changed afterwards.",
        ...spec,
        "x-kubernetes-validations": [...SPEC_RULES, ...immutabilityRules(shapes)],
      },
      status: STATUS,
    },
  };
}
