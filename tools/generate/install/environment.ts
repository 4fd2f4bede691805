import { ENVIRONMENT_PERMISSIONS } from "../../../src/api/permissions.ts";
import { metadata } from "./objects.ts";
import { manifestTarget, type Scope, SYSTEM_NAMESPACE } from "./target.ts";
import { NAME } from "./values.ts";

/** For one namespace, which `kubectl apply -n` names in either scope. */
export function environmentRole(scope: Scope): string[] {
  const name = `${NAME}-environment`;
  const own = metadata(manifestTarget("namespaced"), { name });
  const rules = ENVIRONMENT_PERMISSIONS.map(({ apiGroup, resource, verbs }) =>
    `\
  - apiGroups: ["${apiGroup}"]
    resources: [${resource}]
    # Edit: the names of those that jobs may read; without this line, all of the namespace.
    # resourceNames: [example]
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
