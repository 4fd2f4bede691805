import { GROUP, PLURAL } from "./group.ts";

/** What the operator must be allowed to do in Kubernetes: a rule of its Role. */
export interface Permission {
  apiGroup: string;
  /** As in `processingjobs` or `processingjobs/status`. */
  resource: string;
  verbs: readonly string[];
  /** The one object that it is for; all of them unless given. */
  name?: string;
  /** For those who read the Role. */
  comment?: string;
}

/** The Lease that replicas agree by, unless a flag names another. */
export const LEASE_NAME = "sagemaker-operator";

/** What it does where the resources are. */
export const RESOURCE_PERMISSIONS: readonly Permission[] = [
  {
    apiGroup: GROUP,
    resource: PLURAL,
    verbs: ["list", "watch", "patch", "delete"],
    comment: "Patches set and remove the finalizer, nothing else; deletions are for 'ttlSecondsAfterFinished'.",
  },
  { apiGroup: GROUP, resource: `${PLURAL}/status`, verbs: ["patch"] },
  { apiGroup: "events.k8s.io", resource: "events", verbs: ["create", "patch"] },
];

/** What it does besides where a job's environment is read from Secrets and ConfigMaps; in no install, but given where it is wanted. */
export const ENVIRONMENT_PERMISSIONS: readonly Permission[] = [
  { apiGroup: "", resource: "secrets", verbs: ["get"] },
  { apiGroup: "", resource: "configmaps", verbs: ["get"] },
];

/** How it reads the annotations of all Namespaces. */
export const ALL_NAMESPACES_PERMISSIONS: readonly Permission[] = [
  {
    apiGroup: "",
    resource: "namespaces",
    verbs: ["list", "watch"],
    comment: "Their annotations say which roles and regions jobs may use, and fill in what specs leave out.",
  },
];

/** How it reads those of the few that it watches. A Role can allow to get its own Namespace, not to list or watch it. */
export const OWN_NAMESPACE_PERMISSIONS: readonly Permission[] = [
  {
    apiGroup: "",
    resource: "namespaces",
    verbs: ["get"],
    comment: "Its UID tells jobs from those of another cluster; its annotations say what jobs may use.",
  },
];

/** What it does in the namespace that it runs in. */
export const OWN_PERMISSIONS: readonly Permission[] = [
  ...OWN_NAMESPACE_PERMISSIONS,
  {
    apiGroup: "coordination.k8s.io",
    resource: "leases",
    verbs: ["create"],
    comment: "Leader election. What is created has no name yet that a rule could hold; all else is for the one Lease.",
  },
  { apiGroup: "coordination.k8s.io", resource: "leases", verbs: ["list", "watch", "patch"], name: LEASE_NAME },
];
