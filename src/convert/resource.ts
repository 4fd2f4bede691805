import { Document, Scalar, visit } from "yaml";
import { API_VERSION, KIND } from "../api/group.ts";
import type { ProcessingJobSpec } from "../api/processing_job.ts";
import type { Problems } from "./lower.ts";

/** A resource as people write it. */
export interface WrittenResource {
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: ProcessingJobSpec;
}

/** A resource made of what another tool wrote. */
export interface Converted extends WrittenResource {
  /** What can't be carried over; where there is any, the resource isn't what was asked for. */
  problems: Problems;
  /** What is different from now on, for the person who applies the resource. */
  notes: string[];
  /** Whether it has the name that is for what has none. */
  isNamedByFallback?: boolean;
}

/** What Kubernetes takes as a resource's name (RFC 1123, a subdomain). */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The name of a resource for a job: Kubernetes knows no capital letters. Absent if there is no name in it. */
export function resourceName(jobName: unknown): string | undefined {
  const name = typeof jobName === "string" ? jobName.toLowerCase() : "";
  return NAME.test(name) && name.length <= 253 ? name : undefined;
}

/** Resources as YAML that `kubectl` reads, one document each. */
export function resourcesYaml(resources: readonly WrittenResource[]): string {
  return resources.map(({ metadata, spec }) => yamlOf({ apiVersion: API_VERSION, kind: KIND, metadata, spec })).join(
    "---\n",
  );
}

/** Controls, and white space beyond the ordinary: in Go's YAML some of it ends a line, and with it a word without quotes. */
const INVISIBLE = /[^\x20-\x7e\n\p{L}\p{M}\p{N}\p{P}\p{S}]/u;

/**
 * Strings that some reader of YAML takes for a number, a time, a boolean, null or a merge key when they have no quotes. Readers differ: `0o7` is a
 * number in YAML 1.2 and in Go's library, `-0o7` in js-yaml, `1:20` and `0x_1` in YAML 1.1, `inf` in older ones of Go. So everything is quoted
 * that is made of the characters of numbers and times only, that is such a word, or that begins with a sign other than those of flags and paths.
 */
const AMBIGUOUS = [
  /^[-+.]*\d[\da-fptxoz_.,:+\s-]*$/i,
  /^[-+.]*(y|n|yes|no|on|off|true|false|null|nil|inf|infinity|nan)$/i,
  /^(?![\p{L}\d/]|--?\p{L})/u,
];

function yamlOf(resource: unknown): string {
  // YAML 1.1 is near to what kubectl reads; what differs between readers is quoted below.
  const document = new Document(resource, {
    version: "1.1",
    aliasDuplicateObjects: false,
    customTags: (tags) =>
      tags.filter((tag) => tag !== "merge" && (tag as { tag?: string }).tag !== "tag:yaml.org,2002:merge"),
  });
  visit(document, {
    Scalar(_, node) {
      const { value } = node;
      if (typeof value !== "string") return;
      const isAmbiguous = AMBIGUOUS.some((pattern) => pattern.test(value));
      if (isAmbiguous || INVISIBLE.test(value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 }).replace(new RegExp(INVISIBLE, "gu"), escaped);
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
}
