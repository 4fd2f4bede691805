import { GROUP, PLURAL } from "../../../src/api/group.ts";
import {
  ALL_NAMESPACES_PERMISSIONS,
  OWN_NAMESPACE_PERMISSIONS,
  OWN_PERMISSIONS,
  type Permission,
  RESOURCE_PERMISSIONS,
} from "../../../src/api/permissions.ts";
import { metadata } from "./objects.ts";
import type { Target } from "./target.ts";
import { NAME } from "./values.ts";

type Kind = "ClusterRole" | "Role";

/** The operator's own rights where all namespaces are watched. */
export function clusterRoles(at: Target): string[] {
  return [
    role("ClusterRole", metadata(at, { clusterWide: true }), [...RESOURCE_PERMISSIONS, ...ALL_NAMESPACES_PERMISSIONS]),
    binding("ClusterRole", metadata(at, { clusterWide: true }), `\n    namespace: ${at.namespace}`),
    role("Role", metadata(at), OWN_PERMISSIONS),
    binding("Role", metadata(at)),
  ];
}

/** The operator's own rights where it watches its own namespace alone. */
export function namespacedRoles(at: Target): string[] {
  return [
    role("Role", metadata(at), [...RESOURCE_PERMISSIONS, ...OWN_PERMISSIONS]),
    // A subject without a namespace is of the binding's own.
    binding("Role", metadata(at)),
  ];
}

/** The operator's own rights in the namespace that it runs in, where it watches others. */
export function ownRoles(at: Target): string[] {
  return [role("Role", metadata(at), OWN_PERMISSIONS), binding("Role", metadata(at))];
}

/** Its rights in each namespace that it watches from `home`. */
export function watchedRoles(at: Target, home: string): string[] {
  const read = OWN_NAMESPACE_PERMISSIONS.map((each) => ({
    ...each,
    comment: "Its annotations say what jobs may use.",
  }));
  return [
    role("Role", metadata(at), [...RESOURCE_PERMISSIONS, ...read]),
    binding("Role", metadata(at), `\n    namespace: ${home}`),
  ];
}

const READ = ["get", "list", "watch"];
const WRITE = ["create", "update", "patch", "delete", "deletecollection"];

/**
 * What people may do with the resources: Kubernetes adds these rules to its own roles `view`, `edit` and `admin`. The status is
 * the operator's, so nobody is granted to write it.
 */
export function userRoles(at: Target): string[] {
  const labels = (...roles: string[]) =>
    roles.map((role) => `\n    rbac.authorization.k8s.io/aggregate-to-${role}: "true"`).join("");
  return [
    role("ClusterRole", userMetadata(at, "view", labels("view", "edit", "admin")), [
      { apiGroup: GROUP, resource: PLURAL, verbs: READ },
    ]),
    role("ClusterRole", userMetadata(at, "edit", labels("edit", "admin")), [
      { apiGroup: GROUP, resource: PLURAL, verbs: WRITE },
    ]),
  ];
}

function userMetadata(at: Target, role: string, labels: string): string {
  return metadata({ ...at, labels: at.labels + labels }, { clusterWide: true, name: `${NAME}-${role}` });
}

function role(kind: Kind, metadata: string, permissions: readonly Permission[]): string {
  return `\
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
${metadata}
rules:
${rules(permissions)}`;
}

function rules(permissions: readonly Permission[]): string {
  return permissions.map(({ apiGroup, resource, verbs, name, comment }) => {
    return [
      ...(comment === undefined ? [] : [`  # ${comment}`]),
      `  - apiGroups: [${apiGroup === "" ? '""' : apiGroup}]`,
      `    resources: [${resource}]`,
      ...(name === undefined ? [] : [`    resourceNames: [${name}]`]),
      `    verbs: [${verbs.join(", ")}]`,
      "",
    ].join("\n");
  }).join("");
}

function binding(role: Kind, metadata: string, subjectNamespace = ""): string {
  return `\
apiVersion: rbac.authorization.k8s.io/v1
kind: ${role}Binding
${metadata}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ${role}
  name: ${NAME}
subjects:
  - kind: ServiceAccount
    name: ${NAME}${subjectNamespace}
`;
}
