import { ENVIRONMENT_PERMISSIONS } from "../../../src/api/permissions.ts";
import { metadata } from "./objects.ts";
import { manifestTarget, type Scope, SYSTEM_NAMESPACE, type Target } from "./target.ts";
import { NAME } from "./values.ts";

/** What a job's environment may be read from until another name is written: there need be no such object. */
const EXAMPLE = "job-environment";

/** For one namespace, which `kubectl apply -n` names in either scope. */
export function environmentRole(scope: Scope): string[] {
  const name = `${NAME}-environment`;
  const own = metadata(manifestTarget("namespaced"), { name });
  const rules = ENVIRONMENT_PERMISSIONS.map(({ apiGroup, resource, verbs }) =>
    `\
  - apiGroups: ["${apiGroup}"]
    resources: [${resource}]
    # Edit: the names of those that jobs may read. Without names the rule would be for all of the namespace.
    resourceNames: [${EXAMPLE}]
    verbs: [${verbs.join(", ")}]
`
  ).join("");
  const subjectNamespace = scope === "namespaced" ? "" : `\n    namespace: ${SYSTEM_NAMESPACE}`;
  return [
    `\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
${own}
rules:
${rules}`,
    `\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
${own}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${name}
subjects:
  - kind: ServiceAccount
    name: ${NAME}${subjectNamespace}
`,
  ];
}

/** The same for the chart: a Role for each entry of `jobEnvironment`, which must name what may be read. */
export function environmentRoles(at: Target): string {
  const name = `${NAME}-environment`;
  const own = metadata({ ...at, namespace: "{{ $namespace }}" }, { name });
  const rules = ENVIRONMENT_PERMISSIONS.map(({ apiGroup, resource, verbs }) =>
    `\
  {{- with .${VALUE_BY_RESOURCE[resource]} }}
  - apiGroups: ["${apiGroup}"]
    resources: [${resource}]
    resourceNames: {{ toJson . }}
    verbs: [${verbs.join(", ")}]
  {{- end }}
`
  ).join("");
  return `\
{{- range .Values.jobEnvironment }}
{{- $namespace := .namespace | default $.Release.Namespace }}
{{- $isOwn := eq $namespace $.Release.Namespace }}
{{- if and $isOwn (or (eq $.Values.scope "cluster") (and $.Values.watchNamespaces (not (has $namespace $.Values.watchNamespaces)))) }}
{{- fail "jobEnvironment: name a namespace other than the release's own, where the operator's keys are" }}
{{- end }}
{{- if and (not $isOwn) (eq $.Values.scope "namespaced") (not (has $namespace $.Values.watchNamespaces)) }}
{{- fail "jobEnvironment: name a namespace that the operator watches" }}
{{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
${own}
rules:
${rules}---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
${own}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${name}
subjects:
  - kind: ServiceAccount
    name: ${NAME}
    namespace: {{ $.Release.Namespace }}
{{- end }}
`.replaceAll(/\{\{ \.(Release|Chart)/g, "{{ $.$1");
}

const VALUE_BY_RESOURCE: Record<string, string> = { secrets: "secrets", configmaps: "configMaps" };
