import { valueOf, type ValuePath, yamlOf } from "./values.ts";

/**
 * Watches all namespaces from a namespace of its own, or only the one that it is installed into, or a few from a namespace of its own
 * (`namespaced-apart`).
 */
export type Scope = "cluster" | "namespaced" | "namespaced-apart";

export const SYSTEM_NAMESPACE = "sagemaker-operator-system";

/** What the objects of an installation are written for: a manifest, which holds the defaults, or the chart's templates. */
export interface Target {
  /** The namespace of the operator's objects; absent where `kubectl apply -n` says it. */
  namespace: string | undefined;
  /** Further labels of every object. */
  labels: string;
  /** The image with its tag or digest. */
  image: string;
  /** The namespaces that are watched from another one, as `--namespace` takes them. */
  watched: string;
  /** A value that is a word or a number, for the rest of a line. */
  inline(path: ValuePath): string;
  /** The lines of a key with a value that may be empty, and then left out. */
  field(key: string, path: ValuePath, indent: number): string;
  /** The entries of a value that may be empty, for a list or mapping that has others. */
  entries(path: ValuePath, indent: number): string;
  /** An argument whose value is a list that may be empty, and the argument then left out. */
  listArgument(flag: string, path: ValuePath, indent: number): string;
  /** The lines of what the manifests leave out, and the chart has where a value is true. */
  optional(path: ValuePath, lines: string): string;
  /** Lines that belong to one scope alone. */
  only(scope: Scope, lines: string): string;
}

/** For `kubectl apply`: plain YAML; what is empty but has an example is a comment to edit. */
export function manifestTarget(scope: Scope): Target {
  return {
    namespace: scope === "namespaced" ? undefined : SYSTEM_NAMESPACE,
    labels: "",
    image: `${valueOf("image.repository").default}:${valueOf("image.tag").example}`,
    watched: "team-a",
    inline: (path) => String(valueOf(path).default),
    field(key, path, indent) {
      const { default: fallback, description, example } = valueOf(path);
      if (!isEmpty(fallback)) return yamlOf(key, fallback, { indent });
      if (example === undefined) return "";
      return edit(description, indent) + yamlOf(key, example, { indent, comment: "# " });
    },
    entries(path, indent) {
      const { description, example } = valueOf(path);
      if (!Array.isArray(example)) return "";
      const lines = yamlOf("", example, { indent: 0 }).split("\n").slice(1, -1).map((line) => line.slice(2));
      return edit(description, indent) + lines.map((line) => `${" ".repeat(indent)}# ${line}\n`).join("");
    },
    listArgument(flag, path, indent) {
      const { description, example } = valueOf(path);
      if (!Array.isArray(example)) return "";
      return `${edit(description, indent)}${" ".repeat(indent)}# - --${flag}=${example.join()}\n`;
    },
    optional: () => "",
    only: (which, lines) => which === scope ? lines : "",
  };
}

function edit(description: string, indent: number): string {
  return `${" ".repeat(indent)}# Edit: ${description}\n`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null ? Object.keys(value).length === 0 : value === "";
}

/** For Helm, whose expressions stand where values go. */
export const CHART_TARGET: Target = {
  namespace: "{{ .Release.Namespace }}",
  labels: `
    app.kubernetes.io/managed-by: {{ .Release.Service }}
    helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}`,
  image: '"{{ .Values.image.repository }}' +
    '{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}"',
  watched: `{{ join "," .Values.watchNamespaces }}`,
  inline: (path) => `{{ .Values.${path} }}`,
  field(key, path, indent) {
    const space = " ".repeat(indent);
    const value = typeof valueOf(path).default === "string"
      ? `${space}${key}: {{ . | quote }}\n`
      : `${space}${key}:\n${space}  {{- toYaml . | nindent ${indent + 2} }}\n`;
    return `{{- with .Values.${path} }}\n${value}{{- end }}\n`;
  },
  entries: (path, indent) => `{{- with .Values.${path} }}\n{{- toYaml . | nindent ${indent} }}\n{{- end }}\n`,
  listArgument: (flag, path, indent) =>
    `{{- with .Values.${path} }}\n${
      " ".repeat(indent)
    }- {{ printf "--${flag}=%s" (join "," .) | quote }}\n{{- end }}\n`,
  optional: (path, lines) => when(`.Values.${path}`, lines),
  only: (scope, lines) => when(IN_SCOPE[scope], lines),
};

const IN_SCOPE: Record<Scope, string> = {
  cluster: `eq .Values.scope "cluster"`,
  namespaced: `and (eq .Values.scope "namespaced") (not .Values.watchNamespaces)`,
  "namespaced-apart": `and (eq .Values.scope "namespaced") .Values.watchNamespaces`,
};

/** For Helm, within a loop over the watched namespaces. */
export const WATCHED_CHART_TARGET: Target = {
  ...CHART_TARGET,
  namespace: "{{ $namespace }}",
  labels: CHART_TARGET.labels.replaceAll("{{ .", "{{ $."),
};

/** Lines of a chart's template that depend on a condition. */
export function when(condition: string, lines: string): string {
  return `{{- if ${condition} }}\n${lines}{{- end }}\n`;
}
