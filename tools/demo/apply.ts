import { parseAllDocuments } from "yaml";
import { API_VERSION, KIND, PLURAL } from "../../src/api/group.ts";
import type { KubeClient } from "../../src/kubernetes/client.ts";

/** A manifest, as far as it takes to find where it goes. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  [field: string]: unknown;
}

const CORE = "/api/v1";
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const COLLECTIONS: Record<string, string> = {
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  Namespace: `${CORE}/namespaces`,
  ServiceAccount: `${CORE}/NAMESPACE/serviceaccounts`,
  ClusterRole: `${RBAC}/clusterroles`,
  ClusterRoleBinding: `${RBAC}/clusterrolebindings`,
  Role: `${RBAC}/NAMESPACE/roles`,
  RoleBinding: `${RBAC}/NAMESPACE/rolebindings`,
  [KIND]: `/apis/${API_VERSION}/NAMESPACE/${PLURAL}`,
};

/** The manifests of a YAML text. */
export function manifestsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((document) => document.toJS()).filter((manifest) => manifest?.kind);
}

/** Applies a manifest as `kubectl apply --server-side` does. @throws {KubeError} if the apiserver refuses it */
export async function apply(kube: KubeClient, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const query = { fieldManager: "sagemaker-operator-demo", force: true };
  await kube.patch(pathOf(manifest), manifest, { type: "apply", query, signal });
}

/** @throws {RangeError} for a kind that the demo has nothing to do with */
export function pathOf({ kind, metadata: { name, namespace } }: Manifest): string {
  const collection = COLLECTIONS[kind];
  if (collection === undefined) throw new RangeError(`Cannot apply a ${kind}: the demo knows no path for it`);
  return `${collection.replace("NAMESPACE", `namespaces/${namespace}`)}/${name}`;
}
