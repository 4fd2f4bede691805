import { stringify } from "yaml";
import denoConfig from "../../../deno.json" with { type: "json" };

/** Whose registry the image is pulled from. */
export const OWNER = "sagemaker-operator";
export const NAME = "sagemaker-operator";
export const VERSION = denoConfig.version;

/** What may be set of an installation: a value of the chart, and what the install manifests have in its place. */
export interface Value {
  default: unknown;
  /** A sentence for values.yaml. */
  description: string;
  /** Its JSON schema; that of the default's own type unless given. */
  schema?: Record<string, unknown>;
  /** What it may be, shown as a comment where the default is empty. */
  example?: unknown;
}

const STRINGS = { type: "object", additionalProperties: { type: "string" } };
/** An empty list in a rule would stand for all. */
const NAMES = { type: "array", minItems: 1, items: { type: "string", pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$" } };
const OBJECTS = { type: "array", items: { type: "object" } };

/** By path in values.yaml. What belongs together stands together. */
export const VALUES = {
  "allowedRoleArns": {
    default: [],
    description:
      "Globs of the roles that jobs may have (--allowed-role-arns). Set them: if empty, who may create ProcessingJobs runs them with each role that the operator may pass.",
    schema: { type: "array", items: { type: "string", minLength: 1 } },
    example: ["arn:aws:iam::123456789012:role/sagemaker-jobs-*"],
  },
  "scope": {
    default: "cluster",
    description:
      "cluster: watches all namespaces. namespaced: watches the release's own or watchNamespaces, and makes nothing cluster-wide.",
    schema: { enum: ["cluster", "namespaced"] },
  },
  "watchNamespaces": {
    default: [],
    description:
      "In scope 'namespaced', the namespaces to watch in the place of the release's own, so that who may edit them has no rights in the operator's.",
    schema: { type: "array", items: { type: "string", minLength: 1 } },
    example: ["team-a"],
  },
  "allowedAssumeRoleArns": {
    default: [],
    description:
      "Globs of the roles that Namespaces may have the operator assume (--allowed-assume-role-arns). If empty, none.",
    schema: { type: "array", items: { type: "string", minLength: 1 } },
    example: ["arn:aws:iam::210987654321:role/sagemaker-*"],
  },
  "crd.install": {
    default: true,
    description: "Installs and upgrades the CRD, in scope 'cluster'. It stays when the release is uninstalled.",
  },
  "userRoles.create": {
    default: true,
    description: "Lets the ClusterRoles view, edit and admin hold rights on ProcessingJobs, in scope 'cluster'.",
  },
  "image.repository": { default: `ghcr.io/${OWNER}/${NAME}`, description: "Where the image is." },
  "image.tag": { default: "", description: "Its tag; the chart's appVersion if empty.", example: VERSION },
  "image.digest": {
    default: "",
    description: "Its digest, which beats the tag.",
    schema: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
    example: `sha256:${"0123456789abcdef".repeat(4)}`,
  },
  "image.pullPolicy": {
    default: "IfNotPresent",
    description: "When it is pulled. A release's tag never moves.",
    schema: { enum: ["Always", "IfNotPresent", "Never"] },
  },
  "imagePullSecrets": {
    default: [],
    description: "Secrets for a registry that asks who pulls.",
    schema: OBJECTS,
  },
  "replicas": {
    default: 2,
    description: "One works, the others stand by and go on within seconds. More than one get a PodDisruptionBudget.",
    schema: { type: "integer", minimum: 0 },
  },
  "args": {
    default: [],
    description: "More flags; 'sagemaker-operator run --help' lists them.",
    schema: { type: "array", items: { type: "string", pattern: "^--" } },
    example: ["--log-level=debug"],
  },
  "env": { default: [], description: "Environment variables.", schema: OBJECTS },
  "envFrom": {
    default: [],
    description: "Static AWS credentials, from a Secret whose keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    schema: OBJECTS,
    example: [{ secretRef: { name: "aws-credentials" } }],
  },
  "serviceAccount.annotations": {
    default: {},
    description: "On EKS with IAM roles for service accounts, the role that the operator calls SageMaker with.",
    schema: STRINGS,
    example: { "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/sagemaker-operator" },
  },
  "jobEnvironment": {
    default: [],
    description:
      "Secrets and ConfigMaps that 'environment[].valueFrom' of jobs may name, by namespace. Whoever may create " +
      "ProcessingJobs there can read them, see docs/secrets.md.",
    schema: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        properties: { namespace: { type: "string", minLength: 1 }, secrets: NAMES, configMaps: NAMES },
        anyOf: [{ required: ["secrets"] }, { required: ["configMaps"] }],
      },
    },
    example: [{ namespace: "team-a", secrets: ["warehouse"], configMaps: ["settings"] }],
  },
  "podAnnotations": { default: {}, description: "Annotations of the Pods.", schema: STRINGS },
  "podLabels": { default: {}, description: "More labels of the Pods.", schema: STRINGS },
  "resources": {
    default: {
      requests: { cpu: "50m", memory: "128Mi", "ephemeral-storage": "64Mi" },
      limits: { memory: "512Mi", "ephemeral-storage": "1Gi" },
    },
    description:
      "Requests and limits, from measured numbers. No CPU limit: a leader that is throttled loses its lease.",
    schema: { type: "object" },
  },
  "metricsAuthorization": {
    default: false,
    description:
      "Serves metrics only to bearer tokens that may get /metrics, and lets the operator ask the apiserver about these: cluster-wide objects in either scope.",
  },
  "priorityClassName": {
    default: "",
    description: "Priority class of the Pods.",
    example: "system-cluster-critical",
  },
  "nodeSelector": { default: {}, description: "Nodes that the Pods may run on.", schema: STRINGS },
  "tolerations": { default: [], description: "Taints that the Pods tolerate.", schema: OBJECTS },
  "affinity": {
    default: {},
    description: "Affinity of the Pods, beside their spread over nodes and zones.",
    schema: { type: "object" },
  },
  "networkPolicy.create": {
    default: true,
    description:
      "Lets the Pods reach DNS, HTTPS, the apiserver and the two AWS metadata services alone, and be reached for metrics and probes alone.",
  },
  "networkPolicy.metricsFrom": {
    default: [],
    description: "Who may read the metrics, as the 'from' of an ingress rule; anyone if empty.",
    schema: OBJECTS,
    example: [{
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
      podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
    }],
  },
  "networkPolicy.healthFrom": {
    default: [],
    description: "The same for the probes, where a network doesn't let the kubelet's through anyway.",
    schema: OBJECTS,
    example: [{ ipBlock: { cidr: "10.0.0.0/16" } }],
  },
  "networkPolicy.extraEgress": {
    default: [],
    description:
      "More that the Pods may reach, for instance a proxy or an apiserver on another port than 443 and 6443.",
    schema: OBJECTS,
    example: [{ ports: [{ protocol: "TCP", port: 3128 }] }],
  },
} satisfies Record<string, Value>;

export type ValuePath = keyof typeof VALUES;

/** @param path of a value */
export function valueOf(path: ValuePath): Value {
  return VALUES[path];
}

/** A mapping of one key as YAML, its lines indented by `indent` spaces, each a comment if asked for. */
export function yamlOf(
  key: string,
  value: unknown,
  { indent, comment = "" }: { indent: number; comment?: string },
): string {
  const lines = stringify({ [key]: value }, { lineWidth: 0 }).trimEnd().split("\n");
  return lines.map((line) => `${" ".repeat(indent)}${comment}${line}\n`).join("");
}

/** The chart's values.yaml: each default under its description and an example. */
export function renderValues(): string {
  let text = "# Values of the chart. Generated by `deno task generate`.\n";
  let parent: string | undefined;
  for (const path of paths()) {
    const { default: fallback, description, example } = valueOf(path);
    const [first, second] = path.split(".") as [string, string?];
    if (second !== undefined && first !== parent) text += `\n${first}:\n`;
    else if (second === undefined) text += "\n";
    parent = first;
    const indent = second === undefined ? 0 : 2;
    text += `${" ".repeat(indent)}# ${description}\n`;
    if (example !== undefined) text += yamlOf(second ?? first, example, { indent, comment: "# " });
    text += yamlOf(second ?? first, fallback, { indent });
  }
  return text;
}

/** The chart's values.schema.json, by which Helm refuses a value that nothing reads. */
export function renderValuesSchema(): string {
  const properties: Record<string, Record<string, unknown>> = { global: { type: "object" } };
  for (const path of paths()) {
    const { default: fallback, description, schema = { type: typeof fallback } } = valueOf(path);
    const [first, second] = path.split(".") as [string, string?];
    const own = { description, ...schema };
    if (second === undefined) properties[first] = own;
    else {
      const object = properties[first] ??= { type: "object", additionalProperties: false, properties: {} };
      (object.properties as Record<string, unknown>)[second] = own;
    }
  }
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    additionalProperties: false,
    properties,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function paths(): ValuePath[] {
  return Object.keys(VALUES) as ValuePath[];
}
